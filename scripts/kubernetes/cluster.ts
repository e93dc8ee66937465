/**
 * A running cluster as its users see it, and its life on disk. One folder holds all of it: owner.json (who answers for it, written
 * first), pki/, log/, NAME.pid of its processes, and cluster.json once it is ready. Ending it ends the folder.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { keep } from './keeper.ts';

export interface Cluster {
  readonly directory: string;
  readonly url: string;
  /** kubeconfig of a member of system:masters, by client certificate. */
  readonly adminKubeconfig: string;
  /** The CA of the API server's certificate, PEM. */
  readonly caFile: string;
  /** JSON lines of audit.k8s.io/v1 Events, level Metadata: who the cluster thinks it spoke to. */
  readonly auditLog: string;
  /** A kubectl of the cluster's own version. */
  readonly kubectl: string;
}

export interface WholeCluster extends Cluster {
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** PID 1 of the node's namespaces, as this machine numbers it. */
  readonly namespacesPid: number;
}

export interface StartOptions {
  /** Made here; must not exist yet, or be what a dead run left. */
  readonly directory: string;
  readonly log?: (line: string) => void;
  /** Outlives this process; end it with `stopCluster(directory)`. */
  readonly detached?: boolean;
}

interface Owner {
  readonly pid: number;
  /** Tells a process from a later one with the same number; empty where the system has no /proc. */
  readonly startTime: string;
}

const endScript = join(import.meta.dirname, 'end-cluster.sh');

/** The cluster that `startControlPlane` or `startWholeCluster` made in this folder, perhaps in another process. */
export function connectCluster(directory: string): Cluster | undefined {
  // Written by markReady below and by nobody else.
  return readState(directory) as Cluster | undefined;
}

export function connectWholeCluster(directory: string): WholeCluster | undefined {
  const cluster = connectCluster(directory);
  return cluster !== undefined && 'namespacesPid' in cluster ? (cluster as WholeCluster) : undefined;
}

/** What `markReady` wrote there. */
export function readState(directory: string): unknown {
  const file = join(directory, 'cluster.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** Ends the processes of a cluster and removes its folder; harmless where there is none. */
export async function stopCluster(directory: string): Promise<void> {
  await promisify(execFile)(endScript, [resolve(directory)]);
}

/** Takes the folder, so that from here on everything in it ends with this process (unless detached). */
export async function claimDirectory({ directory, detached = false }: StartOptions): Promise<() => Promise<void>> {
  if (ownerIsAlive(directory)) throw new Error(`${directory} holds a cluster that is running: stop it first`);
  await stopCluster(directory);
  for (const folder of ['pki', 'log']) mkdirSync(join(directory, folder), { recursive: true, mode: 0o700 });
  const owner: Owner | null = detached ? null : { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  writeFileSync(join(directory, 'owner.json'), JSON.stringify(owner));
  if (detached) return () => stopCluster(directory);
  const keeper = keep([endScript, resolve(directory)]);
  return () => keeper.undo();
}

export function markReady<T extends { readonly directory: string }>(cluster: T): T {
  writeFileSync(join(cluster.directory, 'cluster.json'), `${JSON.stringify(cluster, null, 2)}\n`);
  return cluster;
}

/** Ends what dead runs left below `parent`: their keeper may have been killed too. */
export async function sweepDeadClusters(parent: string): Promise<void> {
  if (!existsSync(parent)) return;
  const dead = readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((directory) => existsSync(join(directory, 'owner.json')) && !ownerIsAlive(directory));
  for (const directory of dead) await stopCluster(directory);
}

function ownerIsAlive(directory: string): boolean {
  const file = join(directory, 'owner.json');
  if (!existsSync(file)) return false;
  // Written by claimDirectory above; null stands for a detached cluster, which nobody's death ends.
  const owner = JSON.parse(readFileSync(file, 'utf8')) as Owner | null;
  return owner === null || startTimeOf(owner.pid) === owner.startTime;
}

/** undefined: no such process. */
function startTimeOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  const stat = `/proc/${pid}/stat`;
  if (!existsSync(stat)) return '';
  // proc(5): state is field 3 and start time field 22; field 2 is in parentheses and may hold spaces.
  const fields = readFileSync(stat, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return fields[0] === 'Z' ? undefined : fields[19];
}
