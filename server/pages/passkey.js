// The token is in the fragment, which no browser sends and no log sees.
const token = location.hash.slice(1);
const asked = document.querySelector('#asked');
const form = document.querySelector('#ceremony');
const outcome = document.querySelector('#outcome');

const say = (text, isAlarm) => {
  outcome.setAttribute('role', isAlarm ? 'alert' : 'status');
  outcome.textContent = text;
};

const purposes = {
  verify: 'prove your second factor, for what asks for a young proof',
  add: 'add another second factor',
  remove: 'remove a second factor',
  'recovery-codes': 'make new recovery codes',
};

/** The answer, or the sentence that says why there is none. */
const post = async (path, body) => {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  if (response === undefined) throw new Error('The server does not answer. Try again.');
  if (!response.ok) throw new Error((await response.json()).detail);
  return response.status === 204 ? undefined : response.json();
};

/** Each challenge is good once: another try needs another. */
const open = () => post('/api/v1/passkeys/open', { token });

const show = ({ step, account, purpose, name, askedBy }) => {
  const at = new Date(askedBy.loggedInAt).toLocaleString();
  document.querySelector('#what').textContent =
    step === 'create' ? `Make the passkey “${name}” for ${account}.` : `Use a passkey of ${account} to ${purposes[purpose]}.`;
  document.querySelector('#who').textContent = `Asked for by the login of ${at} from ${askedBy.sourceAddress} with ${askedBy.userAgent}.`;
  form.querySelector('button').textContent = step === 'create' ? 'Make a passkey' : 'Use a passkey';
  asked.hidden = false;
};

const perform = async ({ step, options }) =>
  step === 'create'
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });

const reasonOf = (error) => {
  if (error.name === 'InvalidStateError')
    return 'This device has a passkey of yours for this server already. Use another device, or that one.';
  if (error.name === 'NotAllowedError')
    return 'The browser gave none: it was cancelled, took too long, or the browser does not trust this server’s certificate. Try again.';
  if (error.name === 'SecurityError') return 'The browser refuses passkeys for this address. Open the link at the address that it names.';
  return error.message;
};

const begin = async () => {
  if (token === '') return say('Open the whole link that the terminal shows: the part after # is missing.', true);
  if (globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON === undefined)
    return say('This browser is too old for passkeys. Open the link in a newer one.', true);
  let next = await open();
  show(next);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    say('', false);
    try {
      next ??= await open();
      const ceremony = next;
      const credential = await perform(ceremony);
      next = undefined;
      await post('/api/v1/passkeys/finish', { token, credential: credential.toJSON() });
      history.replaceState(null, '', location.pathname);
      asked.hidden = true;
      say('Done. Go back to the terminal; this page can be closed.', false);
    } catch (error) {
      say(reasonOf(error), true);
    }
    button.disabled = false;
  });
  return undefined;
};

begin().catch((error) => say(reasonOf(error), true));
