/** Defences of signing in on the server's own pages: taken out of the built server one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import { afterPassword, protectedPerson } from '../security/page-login-stage.ts';
import { exchange, loginUrl, newBrowser, newCliSide, type Browser, type Visited } from '../support/browser.ts';
import { formOn, leadsTo, openPasswordPage, submit } from '../support/page-login.ts';
import { adminEmail, adminPassword, newPerson, type RunningServer } from '../support/server.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds } from './describe-server-defences.ts';

const admin = { email: adminEmail, password: adminPassword };
const service = cutIn('login/page-login-service.js');

const goesOn = (visited: Visited): Verdict => brokenIf(leadsTo(visited) !== undefined);
const cookiesOf = (browser: Browser, server: RunningServer): string =>
  [...(browser.cookies.get(server.url) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');

/** A code is given, then something happens, then it is exchanged. */
const exchangedAfter =
  (meanwhile: (person: Awaited<ReturnType<typeof newPerson>>, server: RunningServer) => Promise<unknown>) =>
  async ({ server }: { readonly server: RunningServer }): Promise<Verdict> => {
    const person = await newPerson(server, 'ana@example.com');
    const { cli, next } = await afterPassword(server, { email: 'ana@example.com', password: person.password });
    await meanwhile(person, server);
    return succeeds(exchange(server, leadsTo(next) ?? '', cli));
  };

describeServerDefences('the pages for signing in', [
  {
    name: 'a form comes from a page of our own',
    row: 29,
    cut: cutIn('http/form-route.js')('!isFromOwnPage(request, publicUrl)', 'false'),
    attack: async ({ server }) => {
      const { browser, page } = await openPasswordPage(server);
      const { action, values } = formOn(page);
      return goesOn(
        await browser.post(action, { ...values, ...admin }, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }),
      );
    },
  },
  {
    name: 'a form is taken from the browser that began alone',
    row: 15,
    cut: cutIn('login/browser-login-store.js')(".where('browser_hash', '=', hashSecret(browser))", ''),
    attack: async ({ server }) => {
      const { browser, page } = await openPasswordPage(server);
      const { action, values } = formOn(page);
      const cookie = `${browser.cookies.get(server.url)?.keys().next().value ?? ''}=planted`;
      return goesOn(await newBrowser(server).post(action, { ...values, ...admin }, { cookie }));
    },
  },
  {
    name: 'a login ends once',
    row: 15,
    cut: cutIn('login/login-goal.js')('!(await browserLogins.comeBack(id, toTime(now)))', 'false'),
    attack: async ({ server }) => {
      const { browser, page } = await openPasswordPage(server);
      const cookie = cookiesOf(browser, server);
      await submit(browser, page, admin);
      const { action, values } = formOn(page);
      return goesOn(await newBrowser(server).post(action, { ...values, ...admin }, { cookie }));
    },
  },
  {
    name: 'a login that is at a provider takes no password',
    row: 15,
    cut: service('login.provider === undefined && ', ''),
    attack: async ({ server }) => {
      const browser = newBrowser(server);
      const { headers } = await browser.get(loginUrl(server, newCliSide(), 'acme'));
      const login = new URL(headers.get('location') ?? '').searchParams.get('state') ?? '';
      return goesOn(await browser.post(`${server.url}/login/password`, { login, ...admin }));
    },
  },
  {
    name: 'a token between two steps is its login’s alone',
    row: 26,
    cut: cutIn('login/token-store.js')(' || row.bound_to !== loginId', ''),
    attack: async ({ server }) => {
      const person = await protectedPerson(server, 'ana');
      const { next } = await afterPassword(server, person);
      const body = { mfaToken: formOn(next).values['step'] ?? '', code: person.app.next() };
      return succeeds(server.client()(api.login.secondFactor, { body }));
    },
  },
  {
    name: 'a code ends with the password it was given for',
    row: 11,
    cut: cutIn('login/login-service.js')(
      'await stores.browserLogins.voidArrivals({ identityId: caller.identity.id }, toTime(act.now));',
      '',
    ),
    attack: exchangedAfter(async ({ call, password }) =>
      call(api.sessions.changeOwnPassword, { body: { currentPassword: password, newPassword: 'another lantern by the harbour' } }),
    ),
  },
  {
    name: 'a code ends when its person is put out, be it for a moment',
    row: 11,
    cut: cutIn('stores.js')('await browserLogins.voidArrivals({ identityId }, toTime(act.now));', ''),
    attack: exchangedAfter(async ({ id }, server) => {
      const call = await server.admin();
      await call(api.users.disable, { params: { id } });
      await call(api.users.enable, { params: { id } });
    }),
  },
  {
    name: 'what was typed comes back as text',
    row: 29,
    cut: cutIn('http/page.js')('text.replace(/[&<>"\']/g, (character) => `&#${character.charCodeAt(0)};`)', 'text'),
    attack: async ({ server }) => {
      const { browser, page } = await openPasswordPage(server);
      const { body } = await submit(browser, page, { email: '"><script>alert(1)</script>', password: 'wrong wrong wrong' });
      return brokenIf(body.includes('<script>'));
    },
  },
]);
