/**
 * The login by a code (RFC 8628), as the program sees it that asked: it begins, and asks until a person has decided in a browser. The session is
 * opened when it is asked for, so that whatever ended meanwhile (a person disabled, a provider closed, a logout there) opens none. ADR 43 weighs the
 * rest.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { devicePath } from '../../shared/api/device-login.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous } from '../audit/caller.ts';
import type { Transact } from '../storage/transact.ts';
import { openArrivedSession, type ArrivedOptions, type ArrivedStores } from './arrived-session.ts';
import type { BrowserLoginStore } from './browser-login-store.ts';
import { isChallengeOf } from './code-challenge.ts';
import { refuseCounted } from './counted-refusal.ts';
import { deviceLoginSeconds, firstIntervalSeconds, paceAfter, shownUserCode } from './device-login-rules.ts';
import type { ApprovedDeviceLogin, DeviceLogin, DeviceLoginStore } from './device-login-store.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { OpenedSession } from './open-session.ts';
import { newSecret, newUserCode } from './secrets.ts';

interface Stores extends ArrivedStores {
  readonly deviceLogins: DeviceLoginStore;
  readonly browserLogins: Pick<BrowserLoginStore, 'takeArrived'>;
  readonly audit: AuditLog;
}
export interface DeviceLoginOptions extends ArrivedOptions {
  readonly transact: Transact<Stores>;
  readonly attempts: Pick<LoginAttempts, 'count' | 'countDeviceLogin'>;
  readonly publicUrl: string;
  readonly clock: Clock;
}
interface Asked {
  readonly codeChallenge: string;
  readonly host?: string | undefined;
}
interface Poll {
  readonly deviceCode: string;
  readonly codeVerifier: string;
}
/** What a poll comes to: it is written down with its pace, whether or not there is a session. */
type Outcome =
  | { readonly kind: 'opened'; readonly opened: OpenedSession }
  | { readonly kind: 'told'; readonly error: DomainError }
  /** Told as if there were no such login; the reason is for the audit. */
  | { readonly kind: 'refused'; readonly reason: string };

export type DeviceLoginService = ReturnType<typeof createDeviceLoginService>;

export function createDeviceLoginService(options: DeviceLoginOptions) {
  const { transact, attempts, publicUrl, clock } = options;

  const refuse = async (reason: string, source: AuditSource): Promise<never> =>
    refuseCounted(options, { countedAs: 'login by a code', source, details: { method: 'device', reason }, error: expired() });

  return {
    begin: async ({ codeChallenge, host }: Asked, source: AuditSource) => {
      const now = clock.now();
      const limit = await attempts.countDeviceLogin(source.address, now);
      if (limit !== undefined) throw limit;
      const login: DeviceLogin = {
        id: newId('token', now),
        challenge: codeChallenge,
        host: host ?? null,
        source,
        createdAt: toTime(now),
        expiresAt: toTime(now + deviceLoginSeconds * 1000),
        intervalSeconds: firstIntervalSeconds,
      };
      const [deviceCode, userCode] = [newSecret('device'), newUserCode()];
      await transact(async ({ deviceLogins, audit }) => {
        await deviceLogins.insert(login, { deviceCode, userCode });
        await audit.record({
          event: 'device-login.asked',
          act: { by: anonymous(source), now },
          details: { deviceLogin: login.id, host: login.host },
        });
      });
      return {
        deviceCode,
        userCode: shownUserCode(userCode),
        verificationUri: publicUrl + devicePath,
        expiresInSeconds: deviceLoginSeconds,
        intervalSeconds: firstIntervalSeconds,
      };
    },

    /** Throws `device-login.*` until there is a session, and when there will be none. */
    poll: async (poll: Poll, source: AuditSource): Promise<OpenedSession> => {
      const outcome = await transact(async (stores) => decide(stores, options, poll, source));
      switch (outcome.kind) {
        case 'opened':
          return outcome.opened;
        case 'told':
          throw outcome.error;
        case 'refused':
          return refuse(outcome.reason, source);
      }
    },
  };
}

async function decide(
  stores: Stores,
  options: DeviceLoginOptions,
  { deviceCode, codeVerifier }: Poll,
  source: AuditSource,
): Promise<Outcome> {
  const now = options.clock.now();
  const login = await stores.deviceLogins.findPolled(deviceCode, toTime(now));
  if (login === undefined) return { kind: 'refused', reason: 'no such code' };
  if (!isChallengeOf(login.challenge, codeVerifier)) {
    // Somebody else has the code: it is worth nothing from now on.
    await stores.deviceLogins.end(login.id);
    return { kind: 'refused', reason: 'not the one who began' };
  }
  const { isTooFast, intervalSeconds } = paceAfter(login, now);
  await stores.deviceLogins.notePoll(login.id, { at: toTime(now), intervalSeconds });
  if (isTooFast) return { kind: 'told', error: slowDown(intervalSeconds) };
  switch (login.state) {
    case 'waiting':
      return { kind: 'told', error: pending() };
    case 'denied':
      return { kind: 'told', error: denied() };
    case 'approved':
      return open(stores, options, login, { source, now });
  }
}

async function open(
  stores: Stores,
  options: DeviceLoginOptions,
  { id, browserLoginId }: ApprovedDeviceLogin,
  { source, now }: { readonly source: AuditSource; readonly now: number },
): Promise<Outcome> {
  const isOurs = await stores.deviceLogins.end(id);
  const login = isOurs ? await stores.browserLogins.takeArrived(browserLoginId, toTime(now)) : undefined;
  const refusal = expired().message;
  const opened = login && (await openArrivedSession(stores, options, { login, source, now, refusal, deviceLogin: id }));
  return opened === undefined ? { kind: 'refused', reason: 'the login that approved it is over' } : { kind: 'opened', opened };
}

const pending = (): DomainError =>
  new DomainError('device-login.authorization-pending', 'Nobody has approved this login in a browser yet. Ask again in a while.');
const slowDown = (intervalSeconds: number): DomainError =>
  new DomainError('device-login.slow-down', `This was asked too soon. Wait ${intervalSeconds} seconds before each question from now on.`, {
    retryAfterSeconds: intervalSeconds,
  });
const denied = (): DomainError => new DomainError('device-login.access-denied', 'This login was denied in the browser.');
const expired = (): DomainError =>
  new DomainError(
    'device-login.expired-token',
    'This login is over: it was used, took longer than ten minutes, or never was. Begin again.',
  );
