/**
 * Grants that ask for a second factor: pure. For a lease whose session has proven one they are grants like others that end when the proof is
 * too old, so whatever ends with a grant's end ends with it; without a proof there are none.
 */
import type { DesiredGrant, DesiredIdentity, DesiredLease, DesiredMfaGrant } from '../../shared/api/connectors.ts';
import { fromTime } from '../../shared/clock.ts';
import { isImpersonateRole } from '../../shared/resource-name.ts';
import { endWithProof } from '../../shared/second-factor.ts';

/** The identity with all that it holds by this lease. */
export function withProven(identity: DesiredIdentity, lease: DesiredLease): DesiredIdentity {
  const proven = (identity.mfaGrants ?? []).flatMap((grant) => asProven(grant, lease.mfaAt));
  if (proven.length === 0) return identity;
  return {
    ...identity,
    grants: [...identity.grants, ...proven.filter(({ role }) => !isImpersonateRole(role))],
    impersonateGrants: [...(identity.impersonateGrants ?? []), ...proven.filter(({ role }) => isImpersonateRole(role))],
  };
}

function asProven({ mfaSeconds, ...grant }: DesiredMfaGrant, mfaAt: DesiredLease['mfaAt']): DesiredGrant[] {
  const until = endWithProof({ until: grant.until, mfaSeconds }, mfaAt);
  return until === undefined ? [] : [{ ...grant, until }];
}

/** Of those that hold but for the proof, and that `applies` to: how old the proof may be at most; undefined: there are none. */
export function proofWanted(
  { mfaGrants = [] }: DesiredIdentity,
  { lease, now, applies }: { readonly lease: DesiredLease; readonly now: number; readonly applies: (grant: DesiredMfaGrant) => boolean },
): number | undefined {
  const wanted = mfaGrants.filter((grant) => {
    // First what is cheapest: this is asked on every request.
    if (!applies(grant) || (grant.until !== null && fromTime(grant.until) <= now)) return false;
    const end = endWithProof(grant, lease.mfaAt);
    return end === undefined || fromTime(end) <= now;
  });
  return wanted.length === 0 ? undefined : Math.max(...wanted.map(({ mfaSeconds }) => mfaSeconds));
}
