/** Defences of passkeys: taken out of the built server one by one, each attack succeeds. */
import Sqlite from 'better-sqlite3';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { addPasskey, finishLink, openLink, passkeyProof, useLink, type AddedPasskey } from '../support/passkeys.ts';
import { newPerson, type RunningServer } from '../support/server.ts';
import { softwareAuthenticator, type Lies } from '../support/software-authenticator.ts';
import { cutIn, type Cut, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const email = 'ana@example.com';

interface Ana extends AddedPasskey {
  readonly server: RunningServer;
  readonly call: Call;
  readonly password: string;
  readonly userId: string;
  /** Another session of hers, by a recovery code. */
  readonly other: Call;
}

const defence = (name: string, cut: Cut, attack: (ana: Ana) => Promise<Verdict>): ServerDefence => ({
  ...{ name, row: 41, cut },
  attack: async ({ server }) => {
    const { call, password, id: userId } = await newPerson(server, email);
    const added = await addPasskey(server, call);
    const first = await server.client()(api.login.password, { body: { email, password } });
    if (first.status !== 'mfa-required') throw new Error(first.status);
    const body = { mfaToken: first.mfaToken, code: added.recoveryCodes[9] ?? '' };
    const opened = await server.client()(api.login.secondFactor, { body });
    if (opened.status !== 'session') throw new Error(opened.status);
    return attack({ ...added, server, call, password, userId, other: server.client(opened.secret) });
  },
});

const prove = async (call: Call, code: string) => call(api.secondFactors.prove, { body: { code } });
const verify = async ({ server, call, authenticator }: Ana, lies: Lies = {}) => {
  const { url, proof } = await call(api.passkeys.ask, { body: { purpose: 'verify' } });
  await useLink(server, url, authenticator, lies);
  return prove(call, proof);
};
const lie = (name: string, cut: Cut, lies: Lies): ServerDefence => defence(name, cut, async (ana) => succeeds(verify(ana, lies)));

const door = cutIn('login/webauthn.js');
const links = cutIn('login/passkey-link-store.js');
const ceremony = cutIn('login/passkey-ceremony.js');
const service = cutIn('login/passkey-service.js');
const proof = cutIn('login/second-factor-proof.js');

function write(server: RunningServer, sql: string, ...values: readonly string[]): void {
  const database = new Sqlite(server.databaseFile);
  database.prepare(sql).run(...values);
  database.close();
}

describeServerDefences('passkeys', [
  lie(
    'no frame of another site proves anything',
    door("return !('topOrigin' in data) && (!('crossOrigin' in data) || data.crossOrigin === false);", 'return true;'),
    { crossOrigin: true },
  ),
  lie('what an authenticator says whose it is, is believed', door('userHandle != null &&', 'false &&'), { userHandle: 'AAAA' }),
  lie(
    'a credential that may not be copied stays one',
    door("(credentialDeviceType === 'multiDevice') !== expected.isBackupEligible", 'false'),
    { isBackupEligible: true },
  ),
  defence(
    'the authenticator checks who is before it',
    door('requireUserVerification: true,\n        credential:', 'requireUserVerification: false,\n        credential:'),
    async (ana) => succeeds(verify(ana, { isVerified: false })),
  ),
  defence(
    'a count goes upwards alone',
    cutIn('login/passkey-store.js')(".where('sign_count', signCount === 0 ? '=' : '<', signCount)", ''),
    async (ana) => {
      const copy = ana.authenticator.copy();
      await verify(ana);
      return succeeds(verify({ ...ana, authenticator: copy }));
    },
  ),
  defence(
    'an answer is to the question that was asked last',
    ceremony('!(await stores.passkeyLinks.takeChallenge(link.id, challenge))', 'false'),
    async ({ server, call, authenticator }) => {
      const { url } = await call(api.passkeys.ask, { body: { purpose: 'verify' } });
      const { options } = await openLink(server, url);
      const wrong = authenticator.get(options, server.url, { isVerified: false });
      const right = authenticator.get(options, server.url);
      await finishLink(server, url, wrong).catch(() => undefined);
      return succeeds(finishLink(server, url, right));
    },
  ),
  defence(
    'a passkey is its owner’s alone',
    cutIn('login/passkey-store.js')(".where('second_factors.identity_id', '=', identityId)", ''),
    async ({ server, authenticator }) => {
      const eve = await newPerson(server, 'eve@example.com');
      await addPasskey(server, eve.call);
      // Her key is sealed for her, so it would prove nothing all the same: what is seen is that hers is asked for.
      const { url } = await eve.call(api.passkeys.ask, { body: { purpose: 'verify' } });
      const { options } = await openLink(server, url);
      return options.allowCredentials?.some(({ id }) => id === authenticator.credentialId()) === true ? 'broken' : 'held';
    },
  ),
  defence(
    'a proof is its session’s',
    links(".where('session_id', '=', sessionId)\n                .where('done_at', 'is not', null)", ".where('done_at', 'is not', null)"),
    async ({ server, call, other, authenticator }) => succeeds(prove(other, await passkeyProof(server, call, { authenticator }))),
  ),
  defence(
    'a proof is for what it was asked for',
    links('|| !isFor(toTask(row), purpose)', ''),
    async ({ server, call, id, authenticator }) => {
      const code = await passkeyProof(server, call, { authenticator });
      return succeeds(call(api.secondFactors.remove, { params: { id }, body: { code } }));
    },
  ),
  defence(
    'a proof is good once',
    links('return (await use(row.id, now)) ? row.factor_id : undefined;', 'return row.factor_id;'),
    async ({ server, call, authenticator }) => {
      const code = await passkeyProof(server, call, { authenticator });
      await prove(call, code);
      return succeeds(prove(call, code));
    },
  ),
  defence(
    'a proof by what was removed since is none',
    proof("factors.some(({ id }) => id === factorId) ? 'passkey' : undefined", "factorId === undefined ? undefined : 'passkey'"),
    async ({ server, call, other, id, authenticator, recoveryCodes: [code = '', another = ''] }) => {
      await addPasskey(server, call, { code: another });
      const given = await passkeyProof(server, other, { authenticator });
      await call(api.secondFactors.remove, { params: { id }, body: { code } });
      return succeeds(prove(other, given));
    },
  ),
  defence(
    'a second one takes a proof of the first',
    service('active.length > 0 && input.code === undefined', 'false'),
    async ({ server, call }) => succeeds(addPasskey(server, call)),
  ),
  defence('the first one takes a young login', service('refuseOldLogin(caller, act.now);', ';'), async ({ server }) => {
    const old = await newPerson(server, 'old@example.com');
    write(server, "UPDATE sessions SET created_at = '2026-01-31T12:00:00.000Z' WHERE identity_id = ?", old.id);
    return succeeds(addPasskey(server, old.call));
  }),
  defence(
    'what was begun before there was a second factor does not join it',
    service('(taken.task.isFirst && before.length > 0)', 'false'),
    async ({ server }) => {
      const eve = await newPerson(server, 'eve@example.com');
      const { id, url } = await eve.call(api.passkeys.begin, { body: {} });
      await useLink(server, url, softwareAuthenticator());
      await addPasskey(server, eve.call);
      return succeeds(eve.call(api.passkeys.confirm, { params: { id } }));
    },
  ),
  defence('a link ends with its session', ceremony('whySessionEnded(session, now) !== undefined', 'false'), async ({ server, call }) => {
    const { url } = await call(api.passkeys.ask, { body: { purpose: 'verify' } });
    await call(api.sessions.logout, {});
    return succeeds(openLink(server, url));
  }),
]);
