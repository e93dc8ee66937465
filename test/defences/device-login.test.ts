/** Defences of a login by a code: taken out of the built server one by one, each attack succeeds. */
import Sqlite from 'better-sqlite3';
import { api } from '../../shared/api/index.ts';
import { newBrowser } from '../support/browser.ts';
import { approve, askForCode, codeIn, decide, poll, signInWithCode, typeCode, type AskingProgram } from '../support/device-login.ts';
import { refusal } from '../support/refusal.ts';
import type { FederationStage } from '../security/federation-stage.ts';
import { brokenIf, cutIn, type Verdict } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const store = cutIn('login/device-login-store.js');
const approval = cutIn('login/device-approval-service.js');

const sql = ({ server }: FederationStage, statement: string, ...values: readonly string[]): void => {
  const database = new Sqlite(server.databaseFile);
  database.prepare(statement).run(...values);
  database.close();
};
const pollsAtLeisure = async (stage: FederationStage, asking: AskingProgram): Promise<Verdict> => {
  sql(stage, 'UPDATE device_logins SET polled_at = NULL');
  return succeeds(poll(stage.server, asking));
};
const approved = async ({ server }: FederationStage): Promise<AskingProgram> => {
  const asking = await askForCode(server);
  await approve(server, asking.begun.userCode);
  return asking;
};

const byDeviceCode = ".where('device_code_hash', '=', hashSecret(deviceCode))";
const notOver = "\n                .where('state', '!=', 'over')";
const ends = ".set({ state: 'over' })\n                .where('id', '=', id)";
const inTime = "\n                .where('expires_at', '>', now)";

const defences: readonly ServerDefence[] = [
  {
    name: 'a form is taken from a page of our own',
    row: 29,
    cut: cutIn('http/form-route.js')("headers['sec-fetch-site'] === 'same-origin'", 'true'),
    attack: async (stage) => {
      const { server } = stage;
      const asking = await askForCode(server);
      const browser = newBrowser(server);
      const code = codeIn(await signInWithCode(server, browser, asking.begun.userCode));
      await browser.post(`${server.url}/device/approve`, { code, decision: 'approved' }, { 'sec-fetch-site': 'cross-site' });
      return pollsAtLeisure(stage, asking);
    },
  },
  {
    name: 'a sign-in lets in what it was for, and nothing else',
    row: 19,
    cut: approval('arrived.purpose.deviceLoginId === login.id', 'true'),
    attack: async (stage) => {
      const { server } = stage;
      const [own, other] = [await askForCode(server), await askForCode(server)];
      const page = await signInWithCode(server, newBrowser(server), own.begun.userCode);
      const elsewhere = newBrowser(server);
      await typeCode(server, elsewhere, other.begun.userCode);
      await decide(server, elsewhere, page);
      return pollsAtLeisure(stage, other);
    },
  },
  {
    name: 'a device code is worth nothing without its verifier',
    row: 19,
    cut: cutIn('login/device-login-service.js')('!isChallengeOf(login.challenge, codeVerifier)', 'false'),
    attack: async (stage) => pollsAtLeisure(stage, { ...(await approved(stage)), verifier: 'v'.repeat(43) }),
  },
  {
    name: 'a device code opens one session',
    row: 19,
    cut: store(`${byDeviceCode}${notOver}`, byDeviceCode),
    behind: [
      store(`${ends}${notOver}`, ends),
      cutIn('login/browser-login-store.js')(
        "const live = (now) => db.selectFrom('browser_logins').selectAll().where('exchanged_at', 'is', null)",
        "const live = (now) => db.selectFrom('browser_logins').selectAll()",
      ),
      cutIn('login/browser-login-store.js')('row === undefined || taken.numUpdatedRows !== 1n', 'row === undefined'),
    ],
    attack: async (stage) => {
      const asking = await approved(stage);
      await poll(stage.server, asking);
      return pollsAtLeisure(stage, asking);
    },
  },
  {
    name: 'a login by a code is over after ten minutes',
    row: 19,
    cut: store(`${byDeviceCode}${notOver}${inTime}`, `${byDeviceCode}${notOver}`),
    attack: async (stage) => {
      const asking = await approved(stage);
      sql(stage, 'UPDATE device_logins SET expires_at = ?', new Date(Date.now() - 1).toISOString());
      return pollsAtLeisure(stage, asking);
    },
  },
  {
    name: 'whoever asks too soon is slowed down',
    row: 19,
    cut: cutIn('login/device-login-rules.js')('now - polledAt < intervalSeconds * 1000', 'false'),
    attack: async ({ server }) => {
      const asking = await askForCode(server);
      const codes = [(await refusal(poll(server, asking))).code, (await refusal(poll(server, asking))).code];
      return brokenIf(codes[1] === 'device-login.authorization-pending');
    },
  },
  {
    name: 'codes are not tried without end',
    row: 28,
    cut: approval('throw limit.error;', ';'),
    attack: async (stage) => {
      const { server } = stage;
      const { begun } = await askForCode(server);
      await typeCode(server, newBrowser(server), 'BCDF-GHJK');
      sql(stage, "UPDATE login_attempts SET failures = 30 WHERE bucket = 'user-code:127.0.0.1'");
      return brokenIf((await typeCode(server, newBrowser(server), begun.userCode)).status === 303);
    },
  },
  {
    name: 'codes of one’s own pay for no guesses',
    row: 28,
    cut: cutIn('login/login-attempts.js')(
      'for (const { name } of userCodeBucketsOf(source))\n                await loginAttempts.decrement(name);',
      'for (const { name } of userCodeBucketsOf(source))\n                await loginAttempts.clear(name);',
    ),
    attack: async (stage) => {
      const { server } = stage;
      const tried = async (code: string) => typeCode(server, newBrowser(server), code);
      await tried('BCDF-GHJK');
      sql(stage, "UPDATE login_attempts SET failures = 29 WHERE bucket = 'user-code:127.0.0.1'");
      await tried((await askForCode(server)).begun.userCode);
      await tried('BCDF-GHJK');
      return brokenIf((await tried('BCDF-GHJK')).status === 400);
    },
  },
  {
    name: 'what was let in and has no session yet goes with everything else of a person',
    row: 11,
    cut: cutIn('stores.js')('await browserLogins.voidArrivals({ identityId }, toTime(act.now));', ';'),
    attack: async (stage) => {
      const asking = await approved(stage);
      const admin = await stage.server.admin();
      const { items } = await admin(api.users.list, { query: { email: 'ana@example.com' } });
      await admin(api.users.revoke, { params: { id: items[0]?.id ?? '' } });
      return pollsAtLeisure(stage, asking);
    },
  },
];

describeServerDefences('a login by a code', defences);
