/**
 * The real clusters of the tests: those that scripts/test started for the whole run, or, for a file run by hand with mocha, one
 * started on demand, which ends with the process. They are shared: a test makes namespaces and names of its own.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cluster,
  connectCluster,
  connectWholeCluster,
  sweepDeadClusters,
  type WholeCluster,
} from '../../scripts/kubernetes/cluster.ts';
import { startControlPlane } from '../../scripts/kubernetes/control-plane.ts';
import type { KubernetesRelease } from '../../scripts/kubernetes/obtain-assets.ts';
import { startWholeCluster, whyNoWholeCluster } from '../../scripts/kubernetes/whole-cluster.ts';
import type { Need } from '../../scripts/test-run/plan.ts';

export type { Cluster, WholeCluster };

/** The runner's JSON file: which directory holds which cluster. */
type RunningClusters = Readonly<Partial<Record<Need, string>>>;

/** Where clusters of this checkout live; what dead runs left there is swept. */
export const clustersFolder = join(import.meta.dirname, '..', '..', '.local', 'clusters');

/** Why tests that need pods cannot run here; undefined where they can. */
export const noWholeCluster = whyNoWholeCluster();

let controlPlaneOfThisProcess: Promise<Cluster> | undefined;
const wholeClustersOfThisProcess = new Map<KubernetesRelease, Promise<WholeCluster>>();

/** API server, etcd and controller manager; no node, so nothing that needs a running pod. */
export async function controlPlane(): Promise<Cluster> {
  controlPlaneOfThisProcess ??= findControlPlane();
  return controlPlaneOfThisProcess;
}

/** With one node, on which pods of the image `localhost/busybox:1` run (imagePullPolicy: Never). */
export async function wholeCluster(release: KubernetesRelease = 'pinned'): Promise<WholeCluster> {
  const found = wholeClustersOfThisProcess.get(release) ?? findWholeCluster(release);
  wholeClustersOfThisProcess.set(release, found);
  return found;
}

async function findControlPlane(): Promise<Cluster> {
  const { 'control-plane': directory } = startedByRunner();
  const running = directory === undefined ? undefined : connectCluster(directory);
  return running ?? startControlPlane(await onDemand('control-plane'));
}

async function findWholeCluster(release: KubernetesRelease): Promise<WholeCluster> {
  const kind = release === 'pinned' ? 'whole-cluster' : 'older-whole-cluster';
  const { [kind]: directory } = startedByRunner();
  const running = directory === undefined ? undefined : connectWholeCluster(directory);
  return running ?? startWholeCluster({ ...(await onDemand(kind)), release });
}

/** Nothing, for a file run by hand with mocha. */
export function startedByRunner(): RunningClusters {
  const file = process.env['INFRA_TEST_CLUSTERS'];
  // Written by scripts/run-tests.ts.
  return file === undefined ? {} : (JSON.parse(readFileSync(file, 'utf8')) as RunningClusters);
}

/** How a part is started that ends with this process. */
export async function onDemand(kind: Need) {
  await sweepDeadClusters(clustersFolder);
  return { directory: join(clustersFolder, `${kind}-${process.pid}`), log: (line: string) => console.error(line) };
}
