/** Defences of second factors: taken out of the built server one by one, each attack succeeds. */
import Sqlite from 'better-sqlite3';
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { addSecondFactor, newCodeApp, type AddedFactor } from '../support/second-factor.ts';
import { newPerson, type RunningServer } from '../support/server.ts';
import { cutIn, type Cut, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const email = 'ana@example.com';

interface Ana extends AddedFactor {
  readonly server: RunningServer;
  readonly call: Call;
  readonly password: string;
  readonly userId: string;
}

const defence = (name: string, cut: Cut, attack: (ana: Ana) => Promise<Verdict>): ServerDefence => ({
  ...{ name, row: 41, cut },
  attack: async ({ server }) => {
    const { call, password, id: userId } = await newPerson(server, email);
    return attack({ ...(await addSecondFactor(call)), server, call, password, userId });
  },
});
const prove = async (call: Call, code: string) => call(api.secondFactors.prove, { body: { code } });

/** Sessions of this person, as if opened or proven so long ago. */
function age(server: RunningServer, userId: string, column: 'created_at' | 'mfa_at', seconds: number): void {
  const database = new Sqlite(server.databaseFile);
  const at = new Date(Date.now() - seconds * 1000).toISOString();
  database.prepare(`UPDATE sessions SET ${column} = ? WHERE identity_id = ?`).run(at, userId);
  database.close();
}

const service = cutIn('login/second-factor-service.js');

describeServerDefences('second factors', [
  defence(
    'a password alone opens no session',
    cutIn('login/login-service.js')('(await read.secondFactors.activeOf(identity.id)).length > 0)', 'false)'),
    async ({ server, password }) => succeeds(server.login(email, password)),
  ),
  defence(
    'a code is taken once',
    cutIn('login/second-factor-store.js')(".where((eb) => eb.or([eb('last_step', 'is', null), eb('last_step', '<', step)]))", ''),
    async ({ call, app }) => {
      const code = app.next();
      await prove(call, code);
      return succeeds(prove(call, code));
    },
  ),
  defence(
    'a recovery code is good once',
    cutIn('login/recovery-code-store.js')(".where('used_at', 'is', null)\n                .executeTakeFirst", '.executeTakeFirst'),
    async ({ call, recoveryCodes: [code = ''] }) => {
      await prove(call, code);
      return succeeds(prove(call, code));
    },
  ),
  defence(
    'a recovery code is its owner’s alone',
    cutIn('login/recovery-code-store.js')(
      ".where('identity_id', '=', identityId)\n                .where('code_hash'",
      ".where('code_hash'",
    ),
    async ({ server, recoveryCodes: [code = ''] }) => {
      const eve = await newPerson(server, 'eve@example.com');
      await addSecondFactor(eve.call);
      return succeeds(prove(eve.call, code));
    },
  ),
  defence(
    'wrong codes are counted',
    cutIn('login/second-factor-proof.js')('if (limit !== undefined)', 'if (false)'),
    async ({ call, app }) => {
      for (let guess = 0; guess < 10; guess += 1) await prove(call, String(100_000 + guess)).catch(() => undefined);
      return succeeds(prove(call, app.next()));
    },
  ),
  defence(
    'another second factor takes a code of the one there is',
    service('active.length > 0 && input.code === undefined', 'false'),
    async ({ call }) => succeeds(addSecondFactor(call)),
  ),
  defence('the first one takes a young login', service('refuseOldLogin(caller, act.now);', ';'), async ({ server }) => {
    const old = await newPerson(server, 'old@example.com');
    age(server, old.id, 'created_at', 601);
    return succeeds(addSecondFactor(old.call));
  }),
  defence(
    'what was begun is confirmed in its own session',
    cutIn('login/second-factor-store.js')(".where('session_id', '=', sessionId)", ''),
    async ({ server }) => {
      const eve = await newPerson(server, 'eve@example.com');
      const other = await server.login('eve@example.com', eve.password);
      const { id, secret } = await eve.call(api.secondFactors.begin, { body: { kind: 'totp' } });
      return succeeds(other.call(api.secondFactors.confirm, { params: { id }, body: { code: newCodeApp(secret).next() } }));
    },
  ),
  defence(
    'a session of a key proves none',
    cutIn('login/second-factor-rules.js')("method !== 'access-key'", 'true'),
    async ({ server, call, app }) => {
      const { secret } = await call(api.accessKeys.create, { body: { name: 'robot' } });
      const opened = await server.client()(api.login.accessKey, { body: { key: secret } });
      return succeeds(prove(server.client(opened.secret), app.next()));
    },
  ),
  defence(
    'a change token from before there was a second factor is void',
    cutIn('login/login-service.js')('used === undefined || isUnproven', 'used === undefined'),
    async ({ server }) => {
      const admin = await server.admin();
      const { user, oneTimePassword } = await admin(api.users.create, { body: { email: 'late@example.com' } });
      const body = { email: user.email, password: oneTimePassword ?? '' };
      const change = async (changeToken: string, newPassword: string) =>
        server.client()(api.login.changePassword, { body: { changeToken, newPassword } });
      const [early, own] = [await server.client()(api.login.password, { body }), await server.client()(api.login.password, { body })];
      if (early.status !== 'password-change-required' || own.status !== 'password-change-required') return 'held';
      const opened = await change(own.changeToken, 'a lantern in the harbour');
      await addSecondFactor(server.client(opened.secret));
      return succeeds(change(early.changeToken, 'another lantern by the harbour'));
    },
  ),
  defence(
    'a lease takes a young proof',
    cutIn('leases/justification-rules.js')('endWithProof({ until, mfaSeconds }, mfaAt)', 'until'),
    async ({ server, call, userId }) => {
      const admin = await server.admin();
      const { destination } = await admin(api.destinations.create, { body: { name: 'prod' } });
      await admin(api.grants.create, { body: { subject: email, role: 'view', resource: 'prod', mfaSeconds: 60 } });
      age(server, userId, 'mfa_at', 61);
      return succeeds(call(api.leases.create, { body: { destination: destination.id, csr: createKeyPair().certificateRequest } }));
    },
  ),
]);
