/** Starts the clusters, and the other real parts, that the run's tests share, while what does not need them runs already. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { obtainChromium } from '../chromium/obtain-chromium.ts';
import { startKeycloak } from '../keycloak/keycloak.ts';
import { type StartOptions, stopCluster, sweepDeadClusters } from '../kubernetes/cluster.ts';
import { startControlPlane } from '../kubernetes/control-plane.ts';
import { startWholeCluster, whyNoWholeCluster } from '../kubernetes/whole-cluster.ts';
import type { Need } from './plan.ts';
import type { RunContext } from './run-context.ts';

export interface SharedClusters {
  /** The JSON file that test/support/clusters.ts reads. */
  readonly stateFile: string;
  /** Settled before a job that has this need starts; a rejection says why it cannot. */
  ready(need: Need): Promise<void>;
  readonly directories: Readonly<Record<LivePart, string>>;
}

/** One with processes, a directory and logs. */
type LivePart = Exclude<Need, 'chromium'>;

/** @param measure notes how long something took. */
export async function startSharedClusters(
  context: RunContext,
  needs: ReadonlySet<Need>,
  measure: <T>(name: string, work: () => Promise<T>) => Promise<T>,
): Promise<SharedClusters> {
  await sweepDeadClusters(context.clusters);
  const directory = (part: LivePart): string => join(context.clusters, `${part}-${process.pid}`);
  const directories = {
    'control-plane': directory('control-plane'),
    'whole-cluster': directory('whole-cluster'),
    'older-whole-cluster': directory('older-whole-cluster'),
    keycloak: directory('keycloak'),
  } satisfies Record<LivePart, string>;
  const stateFile = join(context.results, 'clusters.json');
  writeFileSync(stateFile, JSON.stringify(directories));

  const starting = new Map<Need, Promise<void>>();
  const log = (line: string): void => console.error(`· ${line}`);
  const prepare = (need: Need, work: () => Promise<unknown>, after: Promise<unknown> = Promise.resolve()): void => {
    const ready = after.then(async () => measure(need, work)).then(() => undefined);
    // Seen by the jobs that need it, if there are any left.
    ready.catch(() => undefined);
    starting.set(need, ready);
  };
  const begin = (part: LivePart, start: (options: StartOptions) => Promise<unknown>, after?: Promise<unknown>): void => {
    prepare(part, () => start({ directory: directories[part], log }), after);
    // Also in the middle of its start, which then fails.
    context.onEnd(() => stopCluster(directories[part]));
  };
  if (needs.has('control-plane')) begin('control-plane', startControlPlane);
  // Where they cannot run, tests that need them skip themselves and say why.
  if (whyNoWholeCluster() === undefined) {
    if (needs.has('whole-cluster')) begin('whole-cluster', startWholeCluster);
    const startOlder = (options: StartOptions): Promise<unknown> => startWholeCluster({ ...options, release: 'older' });
    // Few tests need it: what most wait for is built and started first.
    if (needs.has('older-whole-cluster')) begin('older-whole-cluster', startOlder, Promise.allSettled(starting.values()));
  }
  if (needs.has('keycloak')) begin('keycloak', startKeycloak);
  if (needs.has('chromium')) prepare('chromium', () => obtainChromium(log));
  return { stateFile, directories, ready: async (need) => starting.get(need) };
}
