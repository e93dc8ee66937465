/** Two thousand connectors with their tunnels on one server: its memory, and how all come back when it was killed. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createCertificateAuthority } from '../../scripts/kubernetes/certificates.ts';
import { api } from '../../shared/api/index.ts';
import { cpuSeconds, peakMegabytes, residentMegabytes } from '../bench/process-usage.ts';
import { percentile } from '../bench/statistics.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import type { FleetPlan, FleetState } from './fleet.ts';
import type { Rules } from './outcome.ts';
import { openFiles } from './process-state.ts';

const mostMegabytes = 1024;
const backSeconds = 60;
const tunnelsOfEach = 2;
const steadySeconds = 20;
const relayedSamples = 100;
/** One asks a little faster than a busy page of the UI. */
const askEveryMilliseconds = 50;

export async function relayFleet(count: number, { note, holds }: Rules): Promise<void> {
  const server = await startServer();
  const startedAt = performance.now();
  const { joinTokens, names } = await addDestinations(server, count);
  const fleet = startFleet({
    serverUrl: server.url,
    ca: server.info.rootCertificate,
    joinTokens,
    serving: await newServingCertificate(),
  });
  const isWhole = (): boolean => fleet.state().tunnels === count * tunnelsOfEach && fleet.state().changeStreams === count;
  await waitFor(isWhole, { within: 60 + count / 2, what: `${count} connectors to be there` });
  const seconds = (performance.now() - startedAt) / 1000;
  note(`${count} connectors, ${count * tunnelsOfEach} tunnels, added, enrolled and up in ${seconds.toFixed(0)} s`);
  await steadily(server, { note, holds });
  note(`relayed requests: ${await relayed(server, names)}`);

  await server.stop('SIGKILL');
  await waitFor(() => fleet.state().tunnels === 0, { within: 30, what: 'the connectors to notice' });
  const spent = cpuSeconds([fleet.pid]);
  const restartedAt = performance.now();
  const since = (): number => (performance.now() - restartedAt) / 1000;
  await server.start();
  const served = since();
  const asking = askAllTheTime(server);
  const half = count * tunnelsOfEach * 0.5;
  await waitFor(() => fleet.state().tunnels >= half, { within: 120, what: 'half to come back' }).catch(() => undefined);
  note(`killed and restarted: served after ${served.toFixed(1)} s, half of the tunnels back after ${since().toFixed(1)} s`);
  await waitFor(isWhole, { within: 120, what: 'all to come back' }).catch(() => undefined);
  const back = since();
  const busy = (pid: number, before = 0): string => (((cpuSeconds([pid]) - before) / back) * 100).toFixed(0);
  note(`meanwhile the server used ${busy(server.program().pid)} %, all connectors together ${busy(fleet.pid, spent)} % of a core`);
  const { tunnels, changeStreams } = fleet.state();
  holds(
    `${tunnels} tunnels and ${changeStreams} change streams back after ${back.toFixed(1)} s (all, at most ${backSeconds})`,
    isWhole() && back <= backSeconds,
  );
  note(`API meanwhile: ${await asking.stop()}`);
  const peak = peakMegabytes(server.program().pid);
  holds(`server: RSS at most ${peak.toFixed(0)} MB while all came back (at most ${mostMegabytes})`, peak <= mostMegabytes);
  note(`relayed requests afterwards: ${await relayed(server, names)}`);
  fleet.stop();
  await server.stop('SIGKILL');
}

async function steadily(server: RunningServer, { note, holds }: Rules): Promise<void> {
  const { pid } = server.program();
  const cpuBefore = cpuSeconds([pid]);
  const asking = askAllTheTime(server);
  await delay(steadySeconds * 1000);
  const said = await asking.stop();
  const share = ((cpuSeconds([pid]) - cpuBefore) / steadySeconds) * 100;
  note(`at rest: ${share.toFixed(0)} % of a core, ${openFiles(pid)} open files; API: ${said}`);
  const peak = peakMegabytes(pid);
  holds(
    `server: RSS ${residentMegabytes(pid).toFixed(0)}, at most ${peak.toFixed(0)} MB (at most ${mostMegabytes})`,
    peak <= mostMegabytes,
  );
}

async function addDestinations(server: RunningServer, count: number) {
  const admin = await server.admin();
  const joinTokens: string[] = [];
  const names: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { destination, joinToken } = await admin(api.destinations.create, { body: { name: `fleet-${index}` } });
    joinTokens.push(joinToken);
    names.push(`${destination.id}.connector.${server.info.trustDomain}`);
  }
  return { joinTokens, names };
}

async function newServingCertificate(): Promise<FleetPlan['serving']> {
  const directory = tempDir('infra-fleet');
  mkdirSync(join(directory, 'pki'));
  const authority = await createCertificateAuthority(directory, 'fleet');
  await authority.issue({ name: 'fleet', commonName: 'fleet', serves: ['localhost'] });
  const read = (name: string): string => readFileSync(join(directory, 'pki', name), 'utf8');
  return { cert: read('fleet.crt'), key: read('fleet.key') };
}

interface Fleet {
  readonly pid: number;
  /** As it last said. */
  state(): FleetState;
  stop(): void;
}

function startFleet(plan: FleetPlan): Fleet {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fleet.ts')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  let state: FleetState = { enrolled: 0, tunnels: 0, changeStreams: 0 };
  // Written by fleet.ts.
  createInterface({ input: child.stdout }).on('line', (line) => (state = JSON.parse(line) as FleetState));
  child.stdin.write(`${JSON.stringify(plan)}\n`);
  return {
    pid: child.pid ?? -1,
    state: () => state,
    stop: () => {
      process.off('exit', kill);
      kill();
    },
  };
}

/** To connectors spread over the whole fleet, one after the other, each on a connection of its own. */
async function relayed(server: RunningServer, names: readonly string[]): Promise<string> {
  const took: number[] = [];
  const failed: string[] = [];
  for (let index = 0; index < relayedSamples; index += 1) {
    const servername = names[Math.floor((index * names.length) / relayedSamples)] ?? '';
    const startedAt = performance.now();
    await ask(server.port, servername).then(
      () => took.push(performance.now() - startedAt),
      (error: unknown) => failed.push(String(error)),
    );
  }
  if (failed.length > 0) throw new Error(`${failed.length} of ${relayedSamples} relayed requests failed: ${failed[0] ?? ''}`);
  return `${took.length}, ${summary(took)}`;
}

async function ask(port: number, servername: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      servername,
      rejectUnauthorized: false,
      agent: false as const,
      signal: AbortSignal.timeout(10_000),
    };
    request(options, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`the answer was ${String(response.statusCode)}`));
    })
      .once('error', reject)
      .end();
  });
}

function askAllTheTime(server: RunningServer): { stop(): Promise<string> } {
  let isOver = false;
  const askAgainAndAgain = async (): Promise<string> => {
    const admin = await server.admin();
    const took: number[] = [];
    let failed = 0;
    while (!isOver) {
      const startedAt = performance.now();
      await admin(api.users.list, { query: { limit: 20 } }).then(
        () => took.push(performance.now() - startedAt),
        () => (failed += 1),
      );
      await delay(askEveryMilliseconds);
    }
    return `${took.length} requests, ${failed} failed, ${summary(took)}`;
  };
  const asking = askAgainAndAgain();
  return {
    stop: async () => {
      isOver = true;
      return asking;
    },
  };
}

const summary = (took: readonly number[]): string => `p50 ${percentile(took, 0.5).toFixed(1)}, p99 ${percentile(took, 0.99).toFixed(1)} ms`;
