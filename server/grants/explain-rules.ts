/** What a grant gives of what somebody asks about: pure. */
import type { Chain } from '../../shared/api/explanations.ts';
import { isImpersonateRole } from '../../shared/resource-name.ts';
import { endWithProof, proofNeeded } from '../../shared/second-factor.ts';
import { formatDuration } from '../../shared/ttl.ts';

/** Each has the rights of those before it: Kubernetes' own user-facing roles, and the roles on infra. */
const clusterLadder = ['view', 'edit', 'admin', 'cluster-admin'];
const serverLadder = ['view', 'admin'];

export interface Asked {
  /** Undefined: whatever there is. */
  readonly role: string | undefined;
  /** Undefined: the whole destination. */
  readonly namespace: string | undefined;
  readonly isServer: boolean;
}

interface Held {
  readonly role: string;
  readonly namespace: string | null;
}

/** `all` of it, a `part`, or nothing (undefined). */
export function gives(held: Held, asked: Asked): 'all' | 'part' | undefined {
  const isElsewhere = held.namespace !== null && asked.namespace !== undefined && held.namespace !== asked.namespace;
  if (isElsewhere || !roleGives(held.role, asked)) return undefined;
  const isNarrower = held.namespace !== null && asked.namespace === undefined;
  // To act as somebody gives nothing of one's own.
  return isNarrower || (asked.role === undefined && isImpersonateRole(held.role)) ? 'part' : 'all';
}

function roleGives(held: string, { role, isServer }: Asked): boolean {
  if (role === undefined || held === role) return true;
  const ladder = isServer ? serverLadder : clusterLadder;
  const [has, wants] = [ladder.indexOf(held), ladder.indexOf(role)];
  return wants >= 0 && has > wants;
}

/** The role itself, and those that include it. */
export function rolesGiving({ role, isServer }: { readonly role: string; readonly isServer: boolean }): readonly string[] {
  const ladder = isServer ? serverLadder : clusterLadder;
  const step = ladder.indexOf(role);
  return step < 0 ? [role] : ladder.slice(step);
}

/** Who would have to prove a second factor. */
export interface Prover {
  readonly kind: 'user' | 'group' | 'workload';
  /** RFC 3339; null: never, in a session that is live. */
  readonly mfaAt: string | null;
  /** RFC 3339. */
  readonly now: string;
}

export function secondFactorCondition(mfaSeconds: number, { kind, mfaAt, now }: Prover): Chain['conditions'][number] {
  const condition = 'second-factor';
  const within = formatDuration(mfaSeconds);
  if (kind === 'group') return { condition, holds: true, detail: `asks each member for a second factor within ${within}` };
  if (kind === 'workload')
    return { condition, holds: false, detail: `needs a second factor within ${within}, which a workload cannot prove` };
  const end = endWithProof({ until: null, mfaSeconds }, mfaAt);
  if (end !== undefined && end > now)
    return { condition, holds: true, detail: `a second factor was proven at ${mfaAt ?? ''}, which counts until ${end}` };
  const last = mfaAt === null ? 'none was proven yet' : `last proven at ${mfaAt}`;
  return { condition, holds: false, detail: `needs ${proofNeeded(mfaSeconds)}; ${last}` };
}
