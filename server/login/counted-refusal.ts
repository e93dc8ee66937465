/** Refuses whoever shows a secret that nobody has: counted by address before it is told, and written down, a flood of them only once. */
import type { Clock } from '../../shared/clock.ts';
import type { AuditDetails, AuditSource } from '../../shared/api/audit.ts';
import type { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous } from '../audit/caller.ts';
import type { Transact } from '../storage/transact.ts';
import type { LoginAttempts } from './login-attempts.ts';

export interface RefusalOptions {
  readonly transact: Transact<{ readonly audit: AuditLog }>;
  readonly attempts: Pick<LoginAttempts, 'count'>;
  readonly clock: Clock;
}
export interface CountedRefusal {
  /** Under which attempts of this kind are counted. */
  readonly countedAs: string;
  readonly source: AuditSource;
  /** For the audit: in which way somebody tried to come in, and why that was nothing. */
  readonly details: Omit<AuditDetails<'login.refused'>, 'attempted'>;
  /** Told, unless there were too many. */
  readonly error: DomainError;
}

/** Throws `error`, or `login.rate-limited`. */
export async function refuseCounted(
  { transact, attempts, clock }: RefusalOptions,
  { countedAs, source, details, error }: CountedRefusal,
): Promise<never> {
  const now = clock.now();
  const limit = await attempts.count(countedAs, source.address, now);
  if (limit === undefined || limit.isFirst)
    await transact(async ({ audit }) =>
      audit.record({
        event: 'login.refused',
        act: { by: anonymous(source), now },
        outcome: 'refused',
        details: { attempted: '', ...details },
      }),
    );
  throw limit?.error ?? error;
}
