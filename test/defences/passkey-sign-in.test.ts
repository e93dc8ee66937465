/** Defences of a passkey as the whole of a login: taken out of the built server one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { exchange, loginByBrowser } from '../support/browser.ts';
import { leadsTo, openPasswordPage } from '../support/page-login.ts';
import { answerPasskey, asked, sendPasskey } from '../support/passkey-sign-in.ts';
import { addPasskey, type AddedPasskey } from '../support/passkeys.ts';
import { newPerson, type RunningServer } from '../support/server.ts';
import type { Lies } from '../support/software-authenticator.ts';
import { brokenIf, cutIn, type Cut, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const email = 'ana@example.com';
const chosen = 'another lantern by the harbour';

interface Ana extends AddedPasskey {
  readonly server: RunningServer;
  readonly call: Call;
  readonly password: string;
  readonly userId: never;
}

const defence = (
  name: string,
  cut: Cut,
  attack: (ana: Ana) => Promise<Verdict>,
  more: Partial<Pick<ServerDefence, 'row' | 'behind'>> = {},
): ServerDefence => ({
  ...{ name, row: 41, cut, ...more },
  attack: async ({ server }) => {
    const { call, password, id } = await newPerson(server, email);
    return attack({ ...(await addPasskey(server, call)), server, call, password, userId: id as never });
  },
});

const signIn = async ({ server, authenticator }: Pick<Ana, 'server' | 'authenticator'>, lies: Lies = {}): Promise<Verdict> =>
  brokenIf(leadsTo(await answerPasskey(server, await openPasswordPage(server), authenticator, lies)) !== undefined);

const door = cutIn('login/webauthn.js');
const alone = cutIn('login/passkey-sign-in.js');
const rules = cutIn('login/passkey-rules.js');
const untrusted = rules('if (!isTrustedAlone)', 'if (false)');

describeServerDefences('a passkey alone', [
  defence(
    'the authenticator checks who is before it',
    door('requireUserVerification: true,\n        credential:', 'requireUserVerification: false,\n        credential:'),
    async (ana) => signIn(ana, { isVerified: false }),
  ),
  defence(
    'a question is answered once, whatever comes of it',
    alone('if (isOpen === undefined)', 'if (false)'),
    async ({ server, authenticator }) => {
      const login = await openPasswordPage(server);
      const { options } = asked(login.page);
      const [wrong, right] = [authenticator.get(options, server.url, { isVerified: false }), authenticator.get(options, server.url)];
      await sendPasskey(login, wrong);
      return brokenIf(leadsTo(await sendPasskey(login, right)) !== undefined);
    },
  ),
  defence(
    'a question is its login’s alone',
    cutIn('login/token-store.js')(' || row.bound_to !== loginId', ''),
    async ({ server, authenticator }) => {
      const [mine, thief] = [await openPasswordPage(server), await openPasswordPage(server)];
      const { values, options } = asked(mine.page);
      const passkey = JSON.stringify(authenticator.get(options, server.url));
      const { action, values: own } = asked(thief.page);
      return brokenIf(leadsTo(await thief.browser.post(action, { ...own, step: values['step'] ?? '', passkey })) !== undefined);
    },
    { row: 15 },
  ),
  defence(
    'the challenge is the question’s own',
    door(
      'expectedChallenge: challenge,\n        expectedOrigin: party.origin,\n        expectedRPID: party.id,\n        requireUserVerification: true,\n        credential:',
      'expectedChallenge: () => true,\n        expectedOrigin: party.origin,\n        expectedRPID: party.id,\n        requireUserVerification: true,\n        credential:',
    ),
    async (ana) => signIn(ana, { challenge: 'AAAA' }),
  ),
  defence(
    'a copy is seen by its count',
    cutIn('login/passkey-store.js')(".where('sign_count', signCount === 0 ? '=' : '<', signCount)", ''),
    async (ana) => {
      const copy = ana.authenticator.copy();
      await signIn(ana);
      return signIn({ ...ana, authenticator: copy });
    },
  ),
  defence(
    'a disabled account has no passkey',
    rules("if (status !== 'active')", 'if (false)'),
    async (ana) => {
      await (
        await ana.server.admin()
      )(api.users.disable, { params: { id: ana.userId } });
      return signIn(ana);
    },
    { row: 11, behind: [untrusted] },
  ),
  defence(
    'a one-time password puts a passkey out',
    rules("if (password === 'one-time')", 'if (false)'),
    async (ana) => {
      await (
        await ana.server.admin()
      )(api.users.resetPassword, { params: { id: ana.userId } });
      return signIn(ana);
    },
    { row: 26, behind: [untrusted] },
  ),
  defence(
    'after a reset a passkey is used beside the password first',
    cutIn('stores.js')('await passkeys.distrustAlone(identityId);', ''),
    async (ana) => {
      const { server, userId, recoveryCodes } = ana;
      const { oneTimePassword } = await (await server.admin())(api.users.resetPassword, { params: { id: userId } });
      const first = await server.client()(api.login.password, { body: { email, password: oneTimePassword } });
      if (first.status !== 'mfa-required') throw new Error(first.status);
      const body = { mfaToken: first.mfaToken, code: recoveryCodes[0] ?? '' };
      const change = await server.client()(api.login.secondFactor, { body });
      if (change.status !== 'password-change-required') throw new Error(change.status);
      await server.client()(api.login.changePassword, { body: { changeToken: change.changeToken, newPassword: chosen } });
      return signIn(ana);
    },
    { row: 26 },
  ),
  defence(
    'after a change of the password a passkey is used beside it first',
    cutIn('login/login-service.js')('await stores.passkeys.distrustAlone(caller.identity.id);', ''),
    async (ana) => {
      await ana.call(api.sessions.changeOwnPassword, { body: { currentPassword: ana.password, newPassword: chosen } });
      return signIn(ana);
    },
    { row: 26 },
  ),
  {
    name: 'who comes by a provider alone comes by it alone',
    row: 11,
    cut: rules("if (password === 'none')", 'if (false)'),
    attack: async ({ server }) => {
      const { call } = await loginByBrowser(server, 'acme');
      return signIn({ server, ...(await addPasskey(server, call)) });
    },
  },
  defence(
    'a code ends with the passkey it was given for',
    cutIn('login/arrived-session.js')('if (!isThere)', 'if (false)'),
    async ({ server, call, id, authenticator, recoveryCodes: [code = ''] }) => {
      const login = await openPasswordPage(server);
      const url = leadsTo(await answerPasskey(server, login, authenticator)) ?? '';
      await call(api.secondFactors.remove, { params: { id }, body: { code } });
      return succeeds(exchange(server, url, login.cli));
    },
    { row: 11 },
  ),
  defence(
    'answers are counted before they are looked at',
    alone('await demandFewAttempts(options, owner, source);', ''),
    async (ana) => {
      for (let guess = 0; guess < 10; guess += 1) await signIn(ana, { isVerified: false });
      return signIn(ana);
    },
    { row: 28 },
  ),
]);
