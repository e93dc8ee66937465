/** Whether the grants that somebody holds at a destination justify a lease now, and until when: pure. */
import { endWithProof } from '../../shared/second-factor.ts';

export interface HeldTerms {
  readonly until: string | null;
  readonly mfaSeconds: number | null;
}
export interface Holder {
  readonly kind: 'user' | 'workload';
  /** When a second factor was last proven in the session; RFC 3339. */
  readonly mfaAt: string | null;
}

export type Justification =
  | { readonly kind: 'none' }
  /** Grants there are, and a proof of this age would do for one of them. */
  | { readonly kind: 'unproven'; readonly mfaSeconds: number }
  /** `until` RFC 3339, null without an end; of the longest of them, and what ends that one. */
  | { readonly kind: 'held'; readonly until: string | null; readonly limitedBy: 'grant' | 'second-factor' };

/** @param grants in force; @param now RFC 3339. */
export function justify(grants: readonly HeldTerms[], { kind, mfaAt }: Holder, now: string): Justification {
  let longest: { until: string | null; limitedBy: 'grant' | 'second-factor' } | undefined;
  let unproven = 0;
  for (const { until, mfaSeconds } of grants) {
    // A program has no second factor: for it such a grant is none.
    if (mfaSeconds !== null && kind === 'workload') continue;
    const end = mfaSeconds === null ? until : endWithProof({ until, mfaSeconds }, mfaAt);
    if (mfaSeconds !== null && (end === undefined || (end !== null && end <= now))) unproven = Math.max(unproven, mfaSeconds);
    else if (end !== undefined && isLonger(end, longest)) longest = { until: end, limitedBy: end === until ? 'grant' : 'second-factor' };
  }
  if (longest !== undefined) return { kind: 'held', ...longest };
  return unproven === 0 ? { kind: 'none' } : { kind: 'unproven', mfaSeconds: unproven };
}

const isLonger = (end: string | null, than: { readonly until: string | null } | undefined): boolean =>
  than === undefined || (than.until !== null && (end === null || end > than.until));
