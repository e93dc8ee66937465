/**
 * Finds the real programs of Kubernetes, or builds them once. Order: $KUBEBUILDER_ASSETS, $INFRA_TEST_ASSETS, the cache
 * (~/.cache/infra-test or $INFRA_TEST_CACHE), `go build`. By hand: node scripts/kubernetes/obtain-assets.ts [control-plane|node]
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const kubernetesVersion = '1.34.4';

const controlPlane = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
const node = ['kubelet', 'kube-scheduler', 'kube-proxy'] as const;

export type AssetSet = 'control-plane' | 'node';

/** A folder that holds every program of the set; `node` includes `control-plane`. */
export type AssetsFolder = string;

type Log = (line: string) => void;

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
  const base = process.env['INFRA_TEST_CACHE'] ?? join(homedir(), '.cache', 'infra-test');
  return join(base, `kubernetes-${kubernetesVersion}`);
}

function holdsAll(folder: string, programs: readonly string[], log: Log): boolean {
  const missing = programs.filter((program) => !isExecutable(join(folder, program)));
  // The cache may be half full; a folder that someone named on purpose should be whole.
  if (missing.length > 0 && folder !== cacheFolder()) log(`${folder} lacks ${missing.join(', ')}: looking further`);
  return missing.length === 0;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function build(folder: string, programs: readonly string[], log: Log): Promise<void> {
  const missing = programs.filter((program) => !isExecutable(join(folder, program)));
  if (missing.length === 0) return;
  const what = `building ${missing.join(', ')} ${kubernetesVersion} (once, a few minutes)`;
  log(what);
  const started = performance.now();
  const progress = setInterval(() => log(`${what}: ${seconds(started)} s so far`), 20_000);
  try {
    await run(join(import.meta.dirname, 'build-assets.sh'), [folder, kubernetesVersion, ...missing], log);
  } finally {
    clearInterval(progress);
  }
  log(`built ${missing.join(', ')} in ${seconds(started)} s`);
}

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(0);

async function run(program: string, args: readonly string[], log: Log): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    // `go: downloading …` comes a thousand times and says nothing the progress line does not.
    for (const line of text.split('\n')) if (line !== '' && !line.startsWith('go: downloading')) log(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} failed`);
}

if (import.meta.main) console.log(await obtainAssets(process.argv[2] === 'control-plane' ? 'control-plane' : 'node'));
