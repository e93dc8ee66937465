/** Who a request is in the cluster: pure. The only rights lent are the synthetic groups of live grants. */
import type { DesiredGrant } from '../../shared/api/connectors.ts';
import { clusterGroupOf } from '../../shared/cluster-names.ts';
import type { AskedIdentity } from './asked-rules.ts';

export interface Impersonation {
  readonly user: string;
  /** Undefined for somebody else, whose uid nobody here knows. */
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly leaseId: string;
  /** Who acts as somebody else (`--as`), by their own name in the cluster; absent: as themselves. */
  readonly askedBy?: string;
}

/** What was asked for when this was lent. */
export const askedOf = (lent: Impersonation): AskedIdentity | undefined => (lent.askedBy === undefined ? undefined : lent);

/** Distinct and sorted, so that two requests of the same rights look the same. */
export function groupsOfGrants(grants: readonly DesiredGrant[]): readonly string[] {
  const groups = new Set<string>();
  for (const grant of grants) {
    const group = clusterGroupOf(grant);
    if (group !== undefined) groups.add(group);
  }
  return [...groups].sort();
}

/** As header names and values, in the order they go out. */
export function impersonationHeaders(impersonation: Impersonation): readonly (readonly [name: string, value: string])[] {
  const { user, uid, groups, leaseId, askedBy } = impersonation;
  const headers: (readonly [string, string])[] = [['Impersonate-User', user]];
  if (uid !== undefined) headers.push(['Impersonate-Uid', uid]);
  for (const group of groups) headers.push(['Impersonate-Group', group]);
  // The apiserver percent-decodes the key after `Impersonate-Extra-`.
  headers.push(['Impersonate-Extra-infra.internal%2Flease', leaseId]);
  // Names the person in the cluster's own audit log.
  if (askedBy !== undefined) headers.push(['Impersonate-Extra-infra.internal%2Fasked-by', askedBy]);
  return headers;
}
