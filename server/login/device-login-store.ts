/** Logins by a code under way. Each step is a conditional update, so of two that race one goes on. */
import { fromTime } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';
import type { Pace } from './device-login-rules.ts';
import { hashSecret } from './secrets.ts';

export interface DeviceLogin {
  readonly id: string;
  /** S256 of the verifier of the program that asked. */
  readonly challenge: string;
  /** How the machine calls itself; null: it did not say. */
  readonly host: string | null;
  /** Where it was asked from. */
  readonly source: AuditSource;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly intervalSeconds: number;
}
export interface PolledDeviceLogin extends DeviceLogin, Pace {
  readonly state: 'waiting' | 'denied';
}
/** `browserLoginId`: the login in the browser by which it was approved. */
export interface ApprovedDeviceLogin extends DeviceLogin, Pace {
  readonly state: 'approved';
  readonly browserLoginId: string;
}

interface Secrets {
  /** Of the program that asked. */
  readonly deviceCode: string;
  /** What a person types. */
  readonly userCode: string;
}

export interface DeviceLoginStore {
  insert(login: DeviceLogin, secrets: Secrets): Promise<void>;
  /** The login that waits for this code is, from now on, that of the browser it was typed in last. */
  enter(userCode: string, browser: string, now: string): Promise<DeviceLogin | undefined>;
  /** The one that waits for the browser with this secret. */
  findEntered(browser: string, now: string): Promise<DeviceLogin | undefined>;
  /** False when it was decided already, or the code was typed elsewhere since. */
  approve(id: string, by: { readonly browser: string; readonly browserLoginId: string }): Promise<boolean>;
  deny(id: string, by: { readonly browser: string }): Promise<boolean>;
  /** Unless it is over. */
  findPolled(deviceCode: string, now: string): Promise<PolledDeviceLogin | ApprovedDeviceLogin | undefined>;
  notePoll(id: string, poll: { readonly at: string; readonly intervalSeconds: number }): Promise<void>;
  /** Its codes are worth nothing from now on; false when they were not before. */
  end(id: string): Promise<boolean>;
  prune(before: string): Promise<void>;
  removeEverything(): Promise<void>;
}

export function createDeviceLoginStore(db: Handle): DeviceLoginStore {
  const decide = async (id: string, browser: string, decision: Partial<Row> & Pick<Row, 'state'>): Promise<boolean> => {
    const decided = await db
      .updateTable('device_logins')
      .set(decision)
      .where('id', '=', id)
      .where('browser_hash', '=', hashSecret(browser))
      .where('state', '=', 'waiting')
      .executeTakeFirst();
    return decided.numUpdatedRows === 1n;
  };
  const findEntered: DeviceLoginStore['findEntered'] = async (browser, now) => {
    const row = await db
      .selectFrom('device_logins')
      .selectAll()
      .where('browser_hash', '=', hashSecret(browser))
      .where('state', '=', 'waiting')
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return row === undefined ? undefined : fromRow(row);
  };
  return {
    insert: async (login, secrets) => void (await db.insertInto('device_logins').values(toRow(login, secrets)).execute()),
    enter: async (userCode, browser, now) => {
      await db
        .updateTable('device_logins')
        .set({ browser_hash: hashSecret(browser) })
        .where('user_code_hash', '=', hashSecret(userCode))
        .where('state', '=', 'waiting')
        .where('expires_at', '>', now)
        .execute();
      return findEntered(browser, now);
    },
    findEntered,
    approve: async (id, { browser, browserLoginId }) => decide(id, browser, { state: 'approved', browser_login_id: browserLoginId }),
    deny: async (id, { browser }) => decide(id, browser, { state: 'denied' }),
    findPolled: async (deviceCode, now) => {
      const row = await db
        .selectFrom('device_logins')
        .selectAll()
        .where('device_code_hash', '=', hashSecret(deviceCode))
        .where('state', '!=', 'over')
        .where('expires_at', '>', now)
        .executeTakeFirst();
      return row === undefined ? undefined : fromPolledRow(row);
    },
    notePoll: async (id, { at, intervalSeconds }) =>
      void (await db.updateTable('device_logins').set({ polled_at: at, interval_seconds: intervalSeconds }).where('id', '=', id).execute()),
    end: async (id) => {
      const ended = await db
        .updateTable('device_logins')
        .set({ state: 'over' })
        .where('id', '=', id)
        .where('state', '!=', 'over')
        .executeTakeFirst();
      return ended.numUpdatedRows === 1n;
    },
    prune: async (before) => void (await db.deleteFrom('device_logins').where('expires_at', '<', before).execute()),
    removeEverything: async () => void (await db.deleteFrom('device_logins').execute()),
  };
}

type Row = Database['device_logins'];

const toRow = (login: DeviceLogin, secrets: Secrets): Row => ({
  id: login.id,
  device_code_hash: hashSecret(secrets.deviceCode),
  user_code_hash: hashSecret(secrets.userCode),
  challenge: login.challenge,
  host: login.host,
  source_address: login.source.address,
  user_agent: login.source.userAgent,
  created_at: login.createdAt,
  expires_at: login.expiresAt,
  interval_seconds: login.intervalSeconds,
  polled_at: null,
  state: 'waiting',
  browser_hash: null,
  browser_login_id: null,
});

const fromRow = (row: Row): DeviceLogin => ({
  id: row.id,
  challenge: row.challenge,
  host: row.host,
  source: { address: row.source_address, userAgent: row.user_agent },
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  intervalSeconds: row.interval_seconds,
});

function fromPolledRow(row: Row): PolledDeviceLogin | ApprovedDeviceLogin {
  const login = { ...fromRow(row), polledAt: row.polled_at === null ? undefined : fromTime(row.polled_at) };
  // An approval is written together with the login that gave it.
  if (row.browser_login_id !== null) return { ...login, state: 'approved', browserLoginId: row.browser_login_id };
  return { ...login, state: row.state === 'denied' ? 'denied' : 'waiting' };
}
