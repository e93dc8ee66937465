/** A request of somebody's got no answer that could go on: perhaps the cluster refuses this connector. A request of its own finds out. */
import type { ClusterClient } from './reconcile/cluster-client.ts';

const restMilliseconds = 1000;

export function createCredentialDoubt(client: Pick<ClusterClient, 'get'>): () => void {
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - askedAt < restMilliseconds) return;
    askedAt = now;
    // What it means is the client's affair; a cluster that is away says nothing about the credential.
    client.get('/version').catch(() => undefined);
  };
}
