/** Defences of the login by browser and of what a provider may say: taken out of the built server one by one, each attack succeeds. */
import Sqlite from 'better-sqlite3';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { askAnew, attempt, loginWithRefresh, untilCallback, type FederationStage } from '../security/federation-stage.ts';
import { exchange, loginByBrowser, newBrowser, newCliSide } from '../support/browser.ts';
import { startScriptedProvider, unsigned } from '../support/scripted-provider.ts';
import { newPerson } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const login = cutIn('login/browser-login-service.js');
const store = cutIn('login/browser-login-store.js');
const accounts = cutIn('identity/account-rules.js');
const claims = cutIn('identity/claims-rules.js');

// Of the exchange of a code: others ask the same of a login that has come back.
const byItsCode = ".where('code_hash', '=', hashSecret(code))";
const notUsed = "\n                .where('exchanged_at', 'is', null)";
const notOver = "\n                .where('code_expires_at', '>', now)";

/** A login of this person ends with a code. */
const comesIn = (person: Record<string, unknown>) => async (stage: FederationStage) => {
  stage.evil.person = { email_verified: true, sub: 'attacker', ...person };
  return brokenIf((await attempt(stage.server)).answer.has('code'));
};
const goesOn = (location: string | null): Verdict => brokenIf(location?.startsWith('http://127.0.0.1:') ?? false);

const ofTheFlow: readonly ServerDefence[] = [
  {
    name: 'the signature of an ID token is verified',
    row: 18,
    cut: cutIn('login/openid-login.js')('enableNonRepudiationChecks(configuration);', ''),
    attack: async (stage) => {
      stage.evil.script = { sign: (claims) => unsigned(claims, { alg: 'ES256', kid: 'honest' }, 'A'.repeat(86)) };
      return brokenIf((await attempt(stage.server)).answer.has('code'));
    },
  },
  {
    name: 'an answer is taken from the browser that began alone',
    row: 15,
    cut: store(".where('browser_hash', '=', hashSecret(browser))", ''),
    attack: async ({ server }) => {
      const { callback, browser } = await untilCallback(server);
      const [name = ''] = browser.cookies.get(server.url)?.keys() ?? [];
      return goesOn((await newBrowser(server).get(callback, { cookie: `${name}=planted` })).headers.get('location'));
    },
  },
  {
    name: 'an answer is taken once',
    row: 15,
    behind: [store(".where('browser_hash', '=', hashSecret(browser))\n                .where('returned_at', 'is', null)", '')],
    cut: store(".where('id', '=', id)\n                .where('returned_at', 'is', null)", ".where('id', '=', id)"),
    attack: async ({ server }) => {
      const { callback, browser } = await untilCallback(server);
      const cookie = [...(browser.cookies.get(server.url) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
      await browser.get(callback);
      return goesOn((await newBrowser(server).get(callback, { cookie })).headers.get('location'));
    },
  },
  {
    name: 'an answer counts at its own provider’s address',
    row: 15,
    cut: login('provider?.name === providerName', 'provider !== undefined'),
    attack: async ({ server }) => {
      const { callback, browser } = await untilCallback(server);
      return goesOn((await browser.get(callback.replace('/acme', '/other'))).headers.get('location'));
    },
  },
  {
    name: 'a code is for the CLI that began',
    row: 15,
    cut: login('isChallengeOf(login.purpose.challenge, input.codeVerifier)', 'true'),
    attack: async ({ server }) => succeeds(exchange(server, (await attempt(server)).end.url, newCliSide())),
  },
  {
    name: 'a code is used once',
    row: 15,
    cut: store(`${byItsCode}${notUsed}`, byItsCode),
    attack: async ({ server }) => {
      const { end, cli } = await attempt(server);
      await exchange(server, end.url, cli);
      return succeeds(exchange(server, end.url, cli));
    },
  },
  {
    name: 'a code is over after a minute',
    row: 15,
    cut: store(`${byItsCode}${notUsed}${notOver}`, `${byItsCode}${notUsed}`),
    attack: async ({ server }) => {
      const { end, cli } = await attempt(server);
      const database = new Sqlite(server.databaseFile);
      database.prepare('UPDATE browser_logins SET code_expires_at = ?').run(new Date(Date.now() - 1).toISOString());
      database.close();
      return succeeds(exchange(server, end.url, cli));
    },
  },
  {
    name: 'a provider does not send the server elsewhere',
    row: 7,
    cut: cutIn('login/openid-fetch.js')("redirect: 'manual' });", "redirect: 'follow' });"),
    attack: async ({ server, evil, acme }) => {
      const elsewhere = await startScriptedProvider();
      evil.script = {
        answer: (_request, response) => {
          response.writeHead(302, { location: `${elsewhere.issuer}/elsewhere` }).end();
          return true;
        },
      };
      await (
        await server.admin()
      )(api.identityProviders.test, { params: { id: acme.id } });
      await elsewhere.stop();
      return brokenIf(elsewhere.seen.paths.length > 0);
    },
  },
];

const ownPassword = accounts('known.namesakeHasPassword && !provider.linkUsers', 'false');

const ofPeople: readonly ServerDefence[] = [
  {
    name: 'only a verified email counts',
    row: 16,
    cut: claims('isVerified !== true', 'isVerified === false'),
    attack: comesIn({ email: 'new@example.com', email_verified: 'true' }),
  },
  {
    name: 'only emails of the provider’s domains count',
    row: 16,
    cut: claims('provider.emailDomains.includes(domain)', 'true'),
    attack: comesIn({ email: 'new@evil.example' }),
  },
  {
    name: 'a user with a password of their own is not bound',
    row: 16,
    cut: ownPassword,
    attack: comesIn({ email: 'admin@example.com' }),
  },
  {
    name: 'only plain addresses count',
    row: 16,
    behind: [ownPassword],
    cut: claims('/^[\\x21-\\x7e]+$/.test(email) && ', ''),
    attack: comesIn({ email: '\uff41dmin@example.com' }),
  },
  {
    name: 'an email is bound to one subject',
    row: 16,
    behind: [accounts('known.namesakeProviders.length > 0 && !provider.linkUsers', 'false')],
    cut: accounts('known.namesakeProviders.includes(provider.id)', 'false'),
    attack: async (stage) => {
      await loginByBrowser(stage.server);
      return comesIn({ email: 'ana@example.com' })(stage);
    },
  },
  {
    name: 'a disabled user stays out',
    row: 11,
    cut: accounts("(owner ?? provisioned ?? namesake)?.status === 'disabled'", 'false'),
    attack: async (stage) => {
      const { session } = await loginByBrowser(stage.server);
      const admin = await stage.server.admin();
      const [user] = (await admin(api.users.list, { query: { email: session.identity.name } })).items;
      if (user !== undefined) await admin(api.users.disable, { params: { id: user.id } });
      return brokenIf((await attempt(stage.server)).answer.has('code'));
    },
  },
  {
    name: 'names of groups are checked',
    row: 17,
    cut: cutIn('identity/provider-group-rules.js')('isProviderGroupName(name) && isWanted(name)', 'isWanted(name)'),
    attack: async (stage) => {
      stage.evil.person = { ...stage.evil.person, groups: ['system:masters'] };
      const { call } = await loginByBrowser(stage.server);
      return brokenIf((await call(api.sessions.current, {})).groups.length > 0);
    },
  },
  {
    name: 'nobody here changes who is in a provider’s group',
    row: 17,
    cut: cutIn('identity/group-service.js')('if (group.provider === null)', 'if (group.id !== null)'),
    attack: async ({ server }) => {
      const admin = await server.admin();
      const { id } = await admin(api.groups.create, { body: { name: 'acme/crew' } });
      return succeeds(admin(api.groups.addMember, { params: { id }, body: { identity: 'admin@example.com' } }));
    },
  },
  {
    name: 'a closed provider’s sessions end',
    row: 11,
    cut: cutIn('identity/provider-end.js')(
      'await stores.effects.endProviderSessions({ providerId: provider.id }, reason, act)',
      '{ sessionsEnded: 0, leasesRevoked: 0 }',
    ),
    attack: async ({ server, acme }) => {
      await newPerson(server, 'ana@example.com');
      const admin = await server.admin();
      await admin(api.identityProviders.update, { params: { id: acme.id }, body: { linkUsers: true } });
      const { call } = await loginByBrowser(server);
      await admin(api.identityProviders.disable, { params: { id: acme.id } });
      return succeeds(call(api.sessions.current, {}));
    },
  },
  {
    name: 'keys of people without another way in end with their provider',
    row: 11,
    cut: cutIn('login/login-service.js')('!(await mayComeIn(read, identity))', 'false'),
    attack: async ({ server, acme }) => {
      const { call } = await loginByBrowser(server);
      const { secret } = await call(api.accessKeys.create, { body: { name: 'left-over' } });
      await (
        await server.admin()
      )(api.identityProviders.disable, { params: { id: acme.id } });
      return succeeds(server.client()(api.login.accessKey, { body: { key: secret } }));
    },
  },
];

const sync = cutIn('login/provider-sync.js');
const groupsNow = async (call: Call): Promise<string[]> => (await call(api.sessions.current, {})).groups.map(({ name }) => name);

const betweenLogins: readonly ServerDefence[] = [
  {
    name: 'a login that the provider calls over is over',
    row: 11,
    cut: sync(
      'await endAccount(stores, { provider, account, user, reason: answer.why }, act);',
      'await stores.refreshTokens.remove(account.id);',
    ),
    attack: async (stage) => {
      const { call } = await loginWithRefresh(stage);
      await askAnew(stage);
      return succeeds(call(api.sessions.current, {}));
    },
  },
  {
    name: 'what would refuse a login ends one',
    row: 16,
    cut: sync("return { kind: 'over', why: person.sentence, refreshToken };", "return { kind: 'there', person: undefined, refreshToken };"),
    attack: async (stage) => {
      const { call } = await loginWithRefresh(stage);
      stage.evil.script = { refreshed: (claims) => ({ ...claims, email_verified: false }) };
      await askAnew(stage);
      return succeeds(call(api.sessions.current, {}));
    },
  },
  {
    name: 'what is said of somebody else is not taken',
    row: 18,
    cut: cutIn('login/provider-refresh.js')('claims !== undefined && subjectIn(claims, provider) !== subject', 'false'),
    attack: async (stage) => {
      const { call } = await loginWithRefresh(stage);
      stage.evil.script = { refreshed: (claims) => ({ ...claims, sub: 'somebody else', groups: ['admins'] }) };
      await askAnew(stage);
      return brokenIf((await groupsNow(call)).includes('acme/admins'));
    },
  },
  {
    name: 'an old answer is not taken after a new login',
    row: 11,
    cut: sync('!isStill || ', ''),
    attack: async (stage) => {
      stage.evil.person = { ...stage.evil.person, groups: ['admins'] };
      const { call } = await loginWithRefresh(stage);
      stage.evil.script = {
        refreshed: async (claims) => {
          stage.evil.person = { ...stage.evil.person, groups: [] };
          await loginWithRefresh(stage);
          return claims;
        },
      };
      await askAnew(stage);
      // The new login gave the old question's claim free: its answer may come a moment later.
      const isAdmin = async (): Promise<boolean> => (await groupsNow(call)).includes('acme/admins');
      return succeeds(waitFor(isAdmin, { within: 5, what: 'the old answer to be taken' }));
    },
  },
];

describeServerDefences('federation', [...ofTheFlow, ...ofPeople, ...betweenLogins]);
