/**
 * Taking a person's second factors away without a code of theirs, bound to a transaction: by an admin, or by a one-time link of the server's
 * host. All their sessions and leases end with it: whoever is inside by them, or took the reset upon themselves, has to log in again, and the
 * person notices.
 */
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { AccessEffects } from '../identity/access-effects.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { RecoveryCodeStore } from './recovery-code-store.ts';
import type { SecondFactorStore } from './second-factor-store.ts';

export interface SecondFactorReset {
  /** Undefined: there is no such user. */
  reset(
    userId: string,
    reason: string,
    act: Act,
  ): Promise<{ factorsRemoved: number; sessionsEnded: number; leasesRevoked: number } | undefined>;
}

interface Stores {
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly secondFactors: SecondFactorStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly effects: Pick<AccessEffects, 'revokeIdentity'>;
  readonly audit: AuditLog;
}

export const createSecondFactorReset = ({ identities, secondFactors, recoveryCodes, effects, audit }: Stores): SecondFactorReset => ({
  reset: async (userId, reason, act) => {
    const user = await identities.find(userId);
    if (user?.kind !== 'user') return undefined;
    const factorsRemoved = (await secondFactors.activeOf(user.id)).length;
    await secondFactors.removeOf(user.id);
    await recoveryCodes.replace(user.id, []);
    const ended = await effects.revokeIdentity(user.id, reason, act);
    const details = { user: { id: user.id, name: user.name }, factors: factorsRemoved };
    if (factorsRemoved > 0) await audit.record({ event: 'second-factor.reset', act, details });
    return { factorsRemoved, ...ended };
  },
});
