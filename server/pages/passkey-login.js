// The form for a passkey on the pages of a login, in place of a code or of everything. Without script it is not shown, and the other ways do.
const form = document.querySelector('form[data-passkey]');
const outcome = document.querySelector('#passkey-outcome');

const reasonOf = ({ name, message }) =>
  name === 'NotAllowedError'
    ? 'The browser gave none: it was cancelled, took too long, or the browser does not trust this server’s certificate. Try again.'
    : message;

if (globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined) {
  form.hidden = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    outcome.textContent = '';
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.passkey));
      const credential = await navigator.credentials.get({ publicKey });
      form.querySelector('input[name=passkey]').value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      outcome.textContent = reasonOf(error);
      button.disabled = false;
    }
  });
}
