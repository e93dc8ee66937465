/**
 * Finds the real programs of Kubernetes, or builds them once. Order: $KUBEBUILDER_ASSETS, $INFRA_TEST_ASSETS, the cache
 * (~/.cache/infra-test or $INFRA_TEST_CACHE), `go build`. By hand: node scripts/kubernetes/obtain-assets.ts [control-plane|node]
 */
import { join } from 'node:path';
import { buildOnce, cached, isExecutable, type Log } from './build.ts';

export const kubernetesVersion = '1.34.4';

const controlPlane = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
const node = ['kubelet', 'kube-scheduler', 'kube-proxy'] as const;

export type AssetSet = 'control-plane' | 'node';

/** A folder that holds every program of the set; `node` includes `control-plane`. */
export type AssetsFolder = string;

/** Two clusters of one process ask for it at once: one build and one progress line. */
let buildingControlPlane: Promise<void> | undefined;

export async function obtainAssets(set: AssetSet, log: Log = console.error): Promise<AssetsFolder> {
  const programs = set === 'node' ? [...controlPlane, ...node] : controlPlane;
  const cache = cacheFolder();
  const found = [process.env['KUBEBUILDER_ASSETS'], process.env['INFRA_TEST_ASSETS'], cache]
    .filter((folder) => folder !== undefined)
    .find((folder) => holdsAll(folder, programs, log));
  if (found !== undefined) return found;
  // In two steps, so that whoever needs the control plane alone never waits for a kubelet.
  await (buildingControlPlane ??= build(cache, controlPlane, log));
  if (set === 'node') await build(cache, node, log);
  return cache;
}

function cacheFolder(): string {
  return cached(`kubernetes-${kubernetesVersion}`);
}

function holdsAll(folder: string, programs: readonly string[], log: Log): boolean {
  const missing = programs.filter((program) => !isExecutable(join(folder, program)));
  // The cache may be half full; a folder that someone named on purpose should be whole.
  if (missing.length > 0 && folder !== cacheFolder()) log(`${folder} lacks ${missing.join(', ')}: looking further`);
  return missing.length === 0;
}

async function build(folder: string, programs: readonly string[], log: Log): Promise<void> {
  const missing = programs.filter((program) => !isExecutable(join(folder, program)));
  if (missing.length === 0) return;
  const what = `${missing.join(', ')} ${kubernetesVersion} (once, a few minutes)`;
  await buildOnce(what, [join(import.meta.dirname, 'build-assets.sh'), folder, kubernetesVersion, ...missing], log);
}

if (import.meta.main) console.log(await obtainAssets(process.argv[2] === 'control-plane' ? 'control-plane' : 'node'));
