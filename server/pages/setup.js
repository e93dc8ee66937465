// The token is in the fragment, which no browser sends and no log sees.
const form = document.querySelector('#setup');
const outcome = document.querySelector('#outcome');
const token = location.hash.slice(1);

const say = (text, isAlarm) => {
  outcome.setAttribute('role', isAlarm ? 'alert' : 'status');
  outcome.textContent = text;
};

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(form));
  const response = await fetch('/api/v1/setup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, email, password }),
  }).catch(() => undefined);
  if (response === undefined) return say('The server does not answer. Try again.', true);
  if (!response.ok) return say((await response.json()).detail, true);
  history.replaceState(null, '', '/setup');
  form.reset();
  return say(`Done. Now run: infra login ${location.origin}`, false);
});

if (token === '') say('Open the whole link that the server printed: the part after # is missing.', true);
