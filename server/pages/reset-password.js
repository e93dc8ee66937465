// The token is in the fragment, which no browser sends and no log sees.
const form = document.querySelector('#reset');
const outcome = document.querySelector('#outcome');
const token = location.hash.slice(1);

const say = (text, isAlarm) => {
  outcome.setAttribute('role', isAlarm ? 'alert' : 'status');
  outcome.textContent = text;
};

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { password, again } = Object.fromEntries(new FormData(form));
  if (password !== again) return say('The two passwords differ.', true);
  const response = await fetch('/api/v1/login/password-reset', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, newPassword: password }),
  }).catch(() => undefined);
  if (response === undefined) return say('The server does not answer. Try again.', true);
  if (!response.ok) return say((await response.json()).detail, true);
  history.replaceState(null, '', '/reset-password');
  form.reset();
  return say(`Done. Now run: infra login ${location.origin}`, false);
});

if (token === '') say('Open the whole link that was mailed to you: the part after # is missing.', true);
