/** The cluster to guard: made here, or one that the person names. */
import { execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectCluster, stopCluster } from '../kubernetes/cluster.ts';
import { startControlPlane } from '../kubernetes/control-plane.ts';
import { obtainKubectl } from '../kubernetes/obtain-assets.ts';
import { startWholeCluster, whyNoWholeCluster } from '../kubernetes/whole-cluster.ts';
import { QuickstartError, type Say } from './fault.ts';
import type { QuickstartOptions } from './options.ts';

export interface GuardedCluster {
  /** cluster-admin, straight to the cluster. */
  readonly adminKubeconfig: string;
  readonly kubectl: string;
}

const run = promisify(execFile);
const clusterFolder = (directory: string): string => join(directory, 'cluster');

export async function openCluster(directory: string, options: QuickstartOptions, say: Say): Promise<GuardedCluster> {
  const cluster =
    options.kubeconfig === undefined ? await ownCluster(directory, options.node, say) : await namedCluster(directory, options, say);
  await run(cluster.kubectl, ['--kubeconfig', cluster.adminKubeconfig, 'get', '--raw', '/readyz']).catch((error: unknown) => {
    throw new QuickstartError(`the cluster does not answer: ${error instanceof Error ? error.message : 'unknown error'}`);
  });
  return cluster;
}

export async function removeCluster(directory: string, say: Say): Promise<void> {
  if (!existsSync(clusterFolder(directory))) return;
  say('stopping Kubernetes');
  await stopCluster(clusterFolder(directory));
}

async function ownCluster(directory: string, withNode: boolean, say: Say): Promise<GuardedCluster> {
  const folder = clusterFolder(directory);
  const running = connectCluster(folder);
  const hindrance = withNode ? whyNoWholeCluster() : undefined;
  if (hindrance !== undefined) throw new QuickstartError(`--node: ${hindrance}`);
  if (running !== undefined && withNode !== 'nodeName' in running)
    throw new QuickstartError(
      'a quickstart of the other kind (with or without --node) is running; stop it first: ./scripts/quickstart --stop',
    );
  if (running !== undefined) return running;
  const start = { directory: folder, log: say, detached: true };
  const cluster = withNode ? await startWholeCluster(start) : await startControlPlane(start);
  // Something to try grants on.
  for (const namespace of ['team-a', 'team-b'])
    await run(cluster.kubectl, ['--kubeconfig', cluster.adminKubeconfig, 'create', 'namespace', namespace]);
  return cluster;
}

async function namedCluster(directory: string, options: QuickstartOptions, say: Say): Promise<GuardedCluster> {
  const kubectl = await obtainKubectl({ log: say });
  const context = options.context === undefined ? [] : ['--context', options.context];
  const { stdout } = await run(kubectl, [
    '--kubeconfig',
    options.kubeconfig ?? '',
    ...context,
    'config',
    'view',
    '--minify',
    '--flatten',
    '--raw',
  ]).catch((error: unknown) => {
    throw new QuickstartError(`--kubeconfig cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`);
  });
  const adminKubeconfig = join(directory, 'direct-kubeconfig');
  writeFileSync(adminKubeconfig, stdout, { mode: 0o600 });
  return { adminKubeconfig, kubectl };
}
