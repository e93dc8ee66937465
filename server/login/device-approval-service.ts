/**
 * The login by a code, as the person sees it: the code is typed, where and when it was asked for is shown, they sign in, and decide. All of it in
 * one browser, which keeps a secret from the typing of the code on; a link can neither type a code nor approve anything.
 */
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous } from '../audit/caller.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import type { Transact } from '../storage/transact.ts';
import type { Arrival, ArrivedLogin, BrowserLoginStore } from './browser-login-store.ts';
import { meantUserCode } from './device-login-rules.ts';
import type { DeviceLogin, DeviceLoginStore } from './device-login-store.ts';
import type { LoginAttempts } from './login-attempts.ts';
import { newSecret } from './secrets.ts';

interface Stores {
  readonly deviceLogins: Pick<DeviceLoginStore, 'enter' | 'findEntered' | 'approve' | 'deny'>;
  readonly browserLogins: Pick<BrowserLoginStore, 'findArrived' | 'voidCode'>;
  readonly accounts: Pick<AccountStore, 'find'>;
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly audit: AuditLog;
}
export interface DeviceApprovalOptions {
  readonly read: Stores;
  readonly transact: Transact<Stores>;
  readonly attempts: Pick<LoginAttempts, 'countUserCode' | 'userCodeHeld'>;
  readonly clock: Clock;
}
/** What somebody shows who has signed in for a device login. */
interface Shown {
  /** The secret of their browser. */
  readonly browser: string | undefined;
  /** By which the sign-in came back. */
  readonly code: string;
}
interface ToDecide {
  readonly login: DeviceLogin;
  readonly arrived: ArrivedLogin;
  readonly identity: Identity;
}
export type Decision = 'approved' | 'denied';

export type DeviceApprovalService = ReturnType<typeof createDeviceApprovalService>;

export function createDeviceApprovalService({ read, transact, attempts, clock }: DeviceApprovalOptions) {
  const refuse = async (reason: string, source: AuditSource): Promise<void> =>
    transact(async ({ audit }) =>
      audit.record({
        event: 'login.refused',
        act: { by: anonymous(source), now: clock.now() },
        outcome: 'refused',
        details: { attempted: '', method: 'device', reason },
      }),
    );

  return {
    /** The secret for the browser in which a code was typed that waits; undefined: none does, for whatever reason. */
    enter: async (typed: string, source: AuditSource): Promise<{ readonly browser: string; readonly seconds: number } | undefined> => {
      const now = clock.now();
      const limit = await attempts.countUserCode(source.address, now);
      if (limit?.isFirst === true) await refuse('too many codes; further ones are not recorded one by one', source);
      if (limit !== undefined) throw limit.error;
      const browser = newSecret('browser');
      const login = await transact(async ({ deviceLogins }) => deviceLogins.enter(meantUserCode(typed), browser, toTime(now)));
      if (login === undefined) {
        await refuse('no such code', source);
        return undefined;
      }
      await attempts.userCodeHeld(source.address);
      return { browser, seconds: Math.ceil((fromTime(login.expiresAt) - now) / 1000) };
    },

    /** What was asked for with the code that was typed in this browser. */
    asked: async (browser: string | undefined): Promise<DeviceLogin> => {
      const login = browser === undefined ? undefined : await read.deviceLogins.findEntered(browser, toTime(clock.now()));
      if (login === undefined) throw over();
      return login;
    },

    /** Who is about to let what in. */
    toDecide: async (shown: Shown): Promise<ToDecide> => toDecide(read, shown, clock.now()),

    decide: async (shown: Shown, decision: Decision, source: AuditSource): Promise<void> =>
      transact(async (stores) => {
        const now = clock.now();
        const { login, arrived, identity } = await toDecide(stores, shown, now);
        const browser = shown.browser ?? '';
        const isDecided =
          decision === 'approved'
            ? await stores.deviceLogins.approve(login.id, { browser, browserLoginId: arrived.id })
            : await stores.deviceLogins.deny(login.id, { browser });
        if (!isDecided) throw over();
        if (decision === 'denied') await stores.browserLogins.voidCode(arrived.id, toTime(now));
        await stores.audit.record({
          event: `device-login.${decision}`,
          act: { by: { actor: { kind: identity.kind, id: identity.id, name: identity.name }, source }, now },
          details: { deviceLogin: login.id, host: login.host, askedFrom: login.source },
        });
      }),
  };
}

/** Both secrets are of one login, in one browser: whoever has only one has nothing. */
async function toDecide(stores: Stores, { browser, code }: Shown, now: number): Promise<ToDecide> {
  const login = browser === undefined ? undefined : await stores.deviceLogins.findEntered(browser, toTime(now));
  const arrived = await stores.browserLogins.findArrived(code, toTime(now));
  const isOne = login !== undefined && arrived?.purpose.kind === 'device' && arrived.purpose.deviceLoginId === login.id;
  const identity = isOne ? await ownerOf(stores, arrived.arrival) : undefined;
  if (!isOne || identity?.status !== 'active') throw over();
  return { login, arrived, identity };
}

async function ownerOf({ accounts, identities }: Pick<Stores, 'accounts' | 'identities'>, arrival: Arrival): Promise<Identity | undefined> {
  if (arrival.kind === 'user') return identities.find(arrival.userId);
  const account = await accounts.find(arrival.accountId);
  return account === undefined ? undefined : identities.find(account.identityId);
}

const over = (): DomainError =>
  new DomainError(
    'login.expired',
    'This login is over, was decided already, or its code was typed in another browser. Type the code again, or have your terminal show a new one: infra login --device',
  );
