/** What a grant gives of what somebody asks about: pure. */
import { isImpersonateRole } from '../../shared/resource-name.ts';

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
