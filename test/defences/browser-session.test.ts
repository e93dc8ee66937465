/** Defences of a browser's session, and of what open pages hear: taken out of the built server one by one, each attack succeeds. */
import { generateKeyPairSync } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import { mostStreams } from '../../shared/api/events.ts';
import { uiLoginUrl } from '../../shared/api/ui-login.ts';
import { createCertificateRequest } from '../../shared/node/certificate-request.ts';
import { newBrowser } from '../support/browser.ts';
import { bearer, listen, type Listening } from '../support/live-events.ts';
import { formOn } from '../support/page-login.ts';
import { adminEmail, adminPassword, newPerson, type RunningServer } from '../support/server.ts';
import { ownHeaders, secretIn, signInToUi } from '../support/ui-session.ts';
import { waitFor } from '../support/wait-for.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds } from './describe-server-defences.ts';

const admin = { email: adminEmail, password: adminPassword };
const authenticate = cutIn('http/authenticate.js');
const live = cutIn('live/live-events.js');

/** An admin's cookie, sent in some way: whether it does something. */
const sentBy =
  (headersOf: (server: RunningServer, cookie: string) => Readonly<Record<string, string>>) =>
  async ({ server }: { readonly server: RunningServer }): Promise<Verdict> => {
    const { cookie } = await signInToUi(server, admin);
    const response = await server.request('/api/v1/logout/others', { method: 'POST', headers: { ...headersOf(server, cookie) } });
    return brokenIf(response.status === 200);
  };

/** What somebody without rights has heard by the time that an admin has. */
async function heardByStranger(server: RunningServer, happen: () => Promise<unknown>): Promise<number> {
  const stranger = await newPerson(server, 'eve@example.com');
  const { secret } = await server.login(adminEmail, adminPassword);
  const [page, witness] = [await listen(server, bearer(stranger.secret)), await listen(server, bearer(secret))];
  await happen();
  await witness.topic('workloads');
  await Promise.all([page.close(), witness.close()]);
  return page.heard.length;
}

describeServerDefences('the session of a browser', [
  {
    name: 'the browser says that a page of ours asked, not one of the same site',
    row: 29,
    cut: authenticate("headers['sec-fetch-site'] === 'same-origin' && ", ''),
    attack: sentBy((server, cookie) => ({ ...ownHeaders(server), 'sec-fetch-site': 'same-site', cookie })),
  },
  {
    name: 'a header of ours, which no form can send',
    row: 29,
    cut: authenticate('headers[uiHeader.name] === uiHeader.value && ', ''),
    attack: sentBy((server, cookie) => ({ origin: server.url, 'sec-fetch-site': 'same-origin', cookie })),
  },
  {
    name: 'another origin is refused',
    row: 29,
    cut: authenticate(' : origin === new URL(publicUrl).origin', ' : true'),
    attack: sentBy((server, cookie) => ({ ...ownHeaders(server), origin: 'https://evil.example', cookie })),
  },
  {
    name: 'what changes something says its origin',
    row: 29,
    cut: authenticate("origin === undefined ? method === 'GET'", 'origin === undefined ? true'),
    attack: sentBy((_server, cookie) => ({ 'infra-ui': '1', 'sec-fetch-site': 'same-origin', cookie })),
  },
  {
    name: 'beside another credential the cookie is not looked at',
    row: 22,
    cut: authenticate('authorizations(request) > 0', 'authorizations(request) > 0 && sessionCookie(request) === undefined'),
    attack: sentBy((server, cookie) => ({ ...ownHeaders(server), authorization: 'Bearer x', cookie })),
  },
  {
    name: 'two cookies are none',
    row: 22,
    cut: cutIn('http/page.js')('values.length === 1', 'values.length > 0'),
    attack: sentBy((server, cookie) => ({ ...ownHeaders(server), cookie: `${cookie}; ${cookie.slice(0, 20)}=planted` })),
  },
  {
    name: 'its secret is no program’s',
    row: 22,
    cut: authenticate('infra_ses_[', 'infra_(?:ses|web)_['),
    attack: async ({ server }) => {
      const { secret } = await signInToUi(server, admin);
      return brokenIf((await server.request('/api/v1/whoami', { headers: bearer(secret) })).status === 200);
    },
  },
  {
    name: 'it is out of a script’s reach',
    row: 29,
    cut: cutIn('http/session-cookie.js')(' HttpOnly;', ''),
    attack: async ({ server }) => {
      const { arrived } = await signInToUi(server, admin);
      return brokenIf(arrived.headers.getSetCookie().some((line) => line.includes('infra-session') && !line.includes('HttpOnly')));
    },
  },
  {
    name: 'a sign-in ends in the browser that began it',
    row: 15,
    cut: cutIn('login/browser-login-store.js')(".where('browser_hash', '=', hashSecret(browser))", ''),
    attack: async ({ server }) => {
      const [attacker, victim] = [newBrowser(server), newBrowser(server)];
      const page = await attacker.get(server.url + uiLoginUrl({ next: '/', provider: 'infra' }));
      const { action, values } = formOn(page);
      const name = [...(attacker.cookies.get(server.url)?.keys() ?? [])].join('');
      await victim.post(action, { ...values, ...admin }, { cookie: `${name}=planted` });
      return brokenIf(secretIn(victim, server) !== undefined);
    },
  },
  {
    name: 'it leads to this server',
    row: 20,
    cut: cutIn('login/next-path-rules.js')('isPlain && !isElsewhere(pathname) ? asked : home', 'asked'),
    attack: async ({ server }) => {
      const { arrived } = await signInToUi(server, admin, { next: '//evil.example' });
      return brokenIf(arrived.headers.get('location') === '//evil.example');
    },
  },
  {
    name: 'who has no view hears of their own alone',
    row: 23,
    cut: live('listener.hasView ? stir.topics', 'true ? stir.topics'),
    attack: async ({ server }) => {
      const call = await server.admin();
      const heard = await heardByStranger(server, async () => call(api.workloads.create, { body: { name: 'secret-project' } }));
      return brokenIf(heard > 0);
    },
  },
  {
    name: 'of groups they hear of their own alone',
    row: 23,
    cut: live('[...stir.groups].some((id) => before.has(id))', 'stir.groups.size > 0'),
    attack: async ({ server }) => {
      const call = await server.admin();
      const heard = await heardByStranger(server, async () => {
        await call(api.groups.create, { body: { name: 'secret-project' } });
        await call(api.workloads.create, { body: { name: 'mark' } });
      });
      return brokenIf(heard > 0);
    },
  },
  {
    name: 'a stream ends with its session',
    row: 11,
    cut: live('bySession.get(event.details.session)?.forEach((listener) => endWith(listener, event.details.reason))', 'undefined'),
    behind: [live("standing.kind === 'ended'", 'false'), live("standing.serverRoles.has('view') === listener.hasView", 'true')],
    attack: async ({ server }) => {
      const { call, secret } = await newPerson(server, 'eve@example.com');
      const page = await listen(server, bearer(secret));
      await call(api.sessions.logout, {});
      const isOver = await waitFor(() => page.isOver(), { within: 2, what: 'its end' }).catch(() => false);
      await page.close();
      return brokenIf(!isOver);
    },
  },
  {
    name: 'streams of a session are bounded',
    row: 28,
    cut: live('here.size >= mostStreams', 'false'),
    attack: async ({ server }) => {
      const { secret } = await newPerson(server, 'eve@example.com');
      const pages: Listening[] = [];
      for (let count = 0; count < mostStreams; count += 1) pages.push(await listen(server, bearer(secret)));
      const one = await listen(server, bearer(secret)).catch(() => undefined);
      await Promise.all([...pages, one].map(async (page) => page?.close()));
      return brokenIf(one !== undefined);
    },
  },
  {
    name: 'it gets no credentials for destinations',
    row: 22,
    cut: cutIn('leases/lease-service.js')("caller.session.client === 'browser'", 'false'),
    attack: async ({ server }) => {
      const call = await server.admin();
      const { destination } = await call(api.destinations.create, { body: { name: 'prod' } });
      await call(api.grants.create, { body: { subject: adminEmail, role: 'view', resource: 'prod' } });
      const csr = createCertificateRequest(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
      const session = await signInToUi(server, admin);
      return succeeds(session.call(api.leases.create, { body: { destination: destination.id, csr } }));
    },
  },
]);
