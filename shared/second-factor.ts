/** Grants that ask for a second factor, as server and connector both judge them: when such a grant ends, and what is said without a proof. Pure. */
import { fromTime, toTime } from './clock.ts';
import { formatDuration } from './ttl.ts';

interface Terms {
  /** RFC 3339. */
  readonly until: string | null;
  readonly mfaSeconds: number;
}

/** Its own end, or the moment at which the proof is too old, whichever comes first. Undefined: nothing was proven, so it does not hold. */
export function endWithProof({ until, mfaSeconds }: Terms, mfaAt: string | null | undefined): string | undefined {
  if (mfaAt == null) return undefined;
  const proofEnds = toTime(fromTime(mfaAt) + mfaSeconds * 1000);
  return until !== null && until < proofEnds ? until : proofEnds;
}

/** Completes "… needs": the condition, and the command that fulfils it. */
export const proofNeeded = (mfaSeconds: number): string =>
  `a second factor proven within ${formatDuration(mfaSeconds)}; run: infra mfa verify (without one yet: infra mfa add)`;
