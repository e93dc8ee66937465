/**
 * Finds the real programs of Kubernetes, or builds them once. Order: $KUBEBUILDER_ASSETS, $INFRA_TEST_ASSETS (both of the pinned
 * release), the cache (~/.cache/infra-test or $INFRA_TEST_CACHE), `go build`.
 * By hand: node scripts/kubernetes/obtain-assets.ts [control-plane|node] [pinned|older]
 */
import { join } from 'node:path';
import { buildOnce, cached, isExecutable, type Log } from './build.ts';

/** What each is built from stands in tools/MINOR.mod. */
export const kubernetesVersions = { pinned: '1.34.4', older: '1.33.13' } as const;

export type KubernetesRelease = keyof typeof kubernetesVersions;

const controlPlane = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
const node = ['kubelet', 'kube-scheduler', 'kube-proxy'] as const;

export type AssetSet = 'control-plane' | 'node';

/** A folder that holds every program of the set; `node` includes `control-plane`. */
export type AssetsFolder = string;

export interface AssetsWish {
  /** Absent: the pinned one. */
  readonly release?: KubernetesRelease;
  readonly log?: Log;
}

/** Two clusters of one process ask for it at once: one build and one progress line. */
const buildingControlPlane = new Map<KubernetesRelease, Promise<void>>();

export async function obtainAssets(set: AssetSet, { release = 'pinned', log = console.error }: AssetsWish = {}): Promise<AssetsFolder> {
  const programs = set === 'node' ? [...controlPlane, ...node] : controlPlane;
  for (const folder of namedFolders(release)) {
    const missing = missingFrom(folder, programs);
    if (missing.length === 0) return folder;
    log(`${folder} lacks ${missing.join(', ')}: looking further`);
  }
  // In two steps, so that whoever needs the control plane alone never waits for a kubelet.
  const controlPlaneBuilt = buildingControlPlane.get(release) ?? build(release, controlPlane, log);
  buildingControlPlane.set(release, controlPlaneBuilt);
  await controlPlaneBuilt;
  if (set === 'node') await build(release, node, log);
  return cacheFolder(release);
}

/** The program itself. */
export async function obtainKubectl(wish: AssetsWish = {}): Promise<string> {
  return join(await obtainAssets('control-plane', wish), 'kubectl');
}

function cacheFolder(release: KubernetesRelease): string {
  return cached(`kubernetes-${kubernetesVersions[release]}`);
}

/** Somebody's own programs stand for the pinned release alone. */
function namedFolders(release: KubernetesRelease): string[] {
  if (release !== 'pinned') return [];
  return [process.env['KUBEBUILDER_ASSETS'], process.env['INFRA_TEST_ASSETS']].filter((folder) => folder !== undefined);
}

function missingFrom(folder: string, programs: readonly string[]): string[] {
  return programs.filter((program) => !isExecutable(join(folder, program)));
}

async function build(release: KubernetesRelease, programs: readonly string[], log: Log): Promise<void> {
  const [folder, version] = [cacheFolder(release), kubernetesVersions[release]];
  const missing = missingFrom(folder, programs);
  if (missing.length === 0) return;
  const what = `${missing.join(', ')} ${version} (once, a few minutes)`;
  await buildOnce(what, [join(import.meta.dirname, 'build-assets.sh'), folder, version, ...missing], log);
}

if (import.meta.main) {
  const [, , set, release] = process.argv;
  console.log(
    await obtainAssets(set === 'control-plane' ? 'control-plane' : 'node', { release: release === 'older' ? 'older' : 'pinned' }),
  );
}
