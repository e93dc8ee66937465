/** All that people do at once, each in a lane that goes round until the time is over, while rights come and go. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { api } from '../../shared/api/index.ts';
import type { PodSetting } from '../bench/pod-setting.ts';
import { residentMegabytes } from '../bench/process-usage.ts';
import type { Person } from '../support/guarded-cluster.ts';
import { kubectl } from '../support/kubectl.ts';
import { startKubectl } from '../support/long-kubectl.ts';
import { waitFor } from '../support/wait-for.ts';

export interface MixedLoad {
  /** How often each lane went round. */
  readonly rounds: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  /** Of the connector, taken in even steps. */
  readonly megabytes: readonly number[];
}

/** One round; throws when something was not as it should be. */
type Lane = (setting: PodSetting, round: number) => Promise<void>;

const samples = 40;
const mostFaults = 20;

export async function mixedLoad(setting: PodSetting, seconds: number): Promise<MixedLoad> {
  const deadline = performance.now() + seconds * 1000;
  const passer = await setting.guarded.person('passer');
  const lanes: Readonly<Record<string, Lane>> = { gets, watches, execs, forwards, applies, revocations: revocationsOf(passer) };
  const rounds: Record<string, number> = {};
  const faults: string[] = [];
  const megabytes: number[] = [];
  const go = async ([name, lane]: [string, Lane]): Promise<void> => {
    for (let round = 0; performance.now() < deadline && faults.length < mostFaults; round++) {
      await lane(setting, round).catch((error: unknown) =>
        faults.push(`${name}: ${error instanceof Error ? error.message : String(error)}`),
      );
      rounds[name] = round + 1;
    }
  };
  const watchMemory = async (): Promise<void> => {
    while (performance.now() < deadline) {
      megabytes.push(residentMegabytes(setting.guarded.connector.program().pid));
      await delay((seconds * 1000) / samples);
    }
  };
  await Promise.all([...Object.entries(lanes).map(go), watchMemory()]);
  return { rounds, faults, megabytes };
}

const configMaps = ({ guarded }: PodSetting): string => `/api/v1/namespaces/${guarded.namespace}/configmaps`;

/** With a new lease each round. */
async function gets(setting: PodSetting): Promise<void> {
  const client = await setting.person.client();
  for (let index = 0; index < 20; index++) expectStatus(200, (await client.request(configMaps(setting))).status);
}

async function watches(setting: PodSetting): Promise<void> {
  const client = await setting.person.client();
  const open = await Promise.all(Array.from({ length: 20 }, () => client.stream(`${configMaps(setting)}?watch=true`)));
  await delay(1000);
  if (open.some((stream) => stream.hasEnded())) throw new Error('a watch was ended');
  for (const stream of open) stream.abort();
}

async function execs({ ways, pod }: PodSetting, round: number): Promise<void> {
  const said = await run(ways.plugin, 'exec', pod, '--', 'echo', `round ${round}`);
  if (said !== `round ${round}\n`) throw new Error(`an exec said ${said}`);
}

async function applies({ ways }: PodSetting, round: number): Promise<void> {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mixed' }, data: { round: String(round) } };
  await run({ ...ways.plugin, input: JSON.stringify(configMap) }, 'apply', '-f', '-');
  const kept = await run(ways.plugin, 'get', 'configmap', 'mixed', '-o=jsonpath={.data.round}');
  if (kept !== String(round)) throw new Error(`round ${round} was applied and ${kept} was kept`);
}

async function forwards({ ways, pod }: PodSetting): Promise<void> {
  const forward = startKubectl(ways.plugin, ...ways.plugin.args, 'port-forward', `pod/${pod}`, ':7');
  try {
    const port = Number(await waitFor(() => /127\.0\.0\.1:(\d+)/.exec(forward.stdout())?.[1], { within: 30, what: 'the local port' }));
    for (let index = 0; index < 5; index++) await expectEcho(port, randomBytes(20_000));
  } finally {
    forward.kill();
  }
}

async function expectEcho(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).write(bytes);
  try {
    await waitFor(() => Buffer.concat(chunks).length >= bytes.length, { within: 30, what: 'the bytes to come back' });
    if (!Buffer.concat(chunks).equals(bytes)) throw new Error('other bytes came back over a port-forward');
  } finally {
    socket.destroy();
  }
}

/** A grant comes, lets in, and goes: the open watch ends, and the next request is refused. */
const revocationsOf =
  (passer: Person): Lane =>
  async (setting) => {
    const id = await passer.grant({ role: 'view' });
    const client = await passer.client();
    // Right after the same grant went, its binding may be going still.
    const allowed = async () => {
      const stream = await client.stream(`${configMaps(setting)}?watch=true`);
      if (stream.status === 200) return stream;
      stream.abort();
      return undefined;
    };
    const watch = await waitFor(allowed, { within: 15, what: 'a new grant to let in' });
    await setting.guarded.call(api.grants.remove, { params: { id } });
    await waitFor(() => watch.hasEnded(), { within: 15, what: 'a watch to end with its grant' });
    expectStatus(403, (await client.request(configMaps(setting))).status);
  };

function expectStatus(wanted: number, status: number): void {
  if (status !== wanted) throw new Error(`${status} instead of ${wanted}`);
}

async function run(
  { kubeconfig, env, args, input }: PodSetting['ways']['plugin'] & { readonly input?: string },
  ...command: readonly string[]
): Promise<string> {
  const options = { kubeconfig, env, withinSeconds: 60, ...(input === undefined ? {} : { input }) };
  const { code, stdout, stderr } = await kubectl(options, ...args, ...command);
  if (code !== 0) throw new Error(`kubectl ${command[0] ?? ''} ended with ${String(code)}: ${stderr.slice(0, 300)}`);
  return stdout;
}
