/** What the cluster itself recorded: the witness of who it thinks it spoke to. */
import { readFile } from 'node:fs/promises';
import type { Cluster } from './clusters.ts';
import { waitFor } from './wait-for.ts';

interface User {
  /** Absent: the cluster did not know who it was. */
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** audit.k8s.io/v1 Event, as far as tests look at it. */
export interface KubernetesAuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: User;
  readonly impersonatedUser?: User;
  readonly sourceIPs?: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number; readonly reason?: string };
  readonly requestReceivedTimestamp: string;
}

export async function kubernetesAudit(cluster: Cluster): Promise<KubernetesAuditEvent[]> {
  return auditMentioning(cluster, '');
}

/** The events whose line holds that text anywhere: cheaper than to read them all. */
export async function auditMentioning(cluster: Cluster, text: string): Promise<KubernetesAuditEvent[]> {
  const lines = (await readFile(cluster.auditLog, 'utf8')).split('\n');
  // The last piece is empty, or a line that is being written.
  const found = lines.slice(0, -1).filter((line) => line.includes(text));
  return found.map((line) => JSON.parse(line) as KubernetesAuditEvent);
}

/** The first event that matches; the API server writes it after it has answered. */
export async function auditedBy(cluster: Cluster, matches: (event: KubernetesAuditEvent) => boolean): Promise<KubernetesAuditEvent> {
  const find = async (): Promise<KubernetesAuditEvent | undefined> => (await kubernetesAudit(cluster)).find(matches);
  return waitFor(find, { within: 10, what: 'the request in the audit log of Kubernetes' });
}
