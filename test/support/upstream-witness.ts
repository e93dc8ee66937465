/** What of an attack reached the cluster, by the cluster's own audit log. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { ConnectorClient } from './connector-client.ts';
import type { GuardedCluster, Person } from './guarded-cluster.ts';
import { auditMentioning, type KubernetesAuditEvent } from './kubernetes-audit.ts';
import { waitFor } from './wait-for.ts';

/** A text that finds one request again, in a path or a query. */
export const newMarker = (): string => `m-${randomUUID().slice(0, 13)}`;

export interface Witness {
  /** Every request that carries the marker and came through. */
  seen(marker: string): Promise<readonly KubernetesAuditEvent[]>;
  nothing(marker: string): Promise<void>;
  /** Whatever came through came as this person, with no group or extra but what infra lends. */
  onlyAs(person: Person, marker: string): Promise<void>;
}

/** @param honest whose well-formed request is sent after the attack: once it is in the log, so is what came before. */
export function witnessOf({ cluster, account }: GuardedCluster, honest: ConnectorClient): Witness {
  const seen = async (marker: string): Promise<readonly KubernetesAuditEvent[]> => {
    const sentinel = newMarker();
    const answer = await honest.request(`/version?after=${sentinel}`);
    expect(answer.status, `the honest request: ${answer.text}`).to.equal(200);
    await waitFor(async () => (await auditMentioning(cluster, sentinel)).length > 0, { within: 10, what: 'the honest request in the log' });
    return auditMentioning(cluster, marker);
  };
  return {
    seen,
    nothing: async (marker) => void expect(await seen(marker), 'requests that reached the cluster').to.deep.equal([]),
    onlyAs: async (person, marker) => {
      for (const event of await seen(marker)) {
        expect(event.user.username).to.equal(account.username);
        expect(event.impersonatedUser?.username).to.equal(`infra:${person.email}`);
        expect(event.impersonatedUser?.uid).to.equal(person.id);
        const groups = event.impersonatedUser?.groups ?? [];
        expect(groups.filter((group) => !/^infra:[a-z-]+@/.test(group) && group !== 'system:authenticated')).to.deep.equal([]);
        expect(Object.keys(event.impersonatedUser?.extra ?? {})).to.deep.equal(['infra.internal/lease']);
      }
    },
  };
}
