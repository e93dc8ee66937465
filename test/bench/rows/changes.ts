/** How fast a change of rights becomes true: a revocation at an open stream, a grant as a binding in the cluster. */
import { readFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { parse } from 'yaml';
import { api } from '../../../shared/api/index.ts';
import type { Cluster } from '../../support/clusters.ts';
import { kubectlOrThrow } from '../../support/kubectl.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Effort, Figure } from '../figure.ts';
import { email, namespace, newCredential, type Setting } from '../setting.ts';
import { percentile } from '../statistics.ts';

export function changeRows(setting: Setting) {
  return {
    revoke: async ({ tries }: Effort): Promise<Figure[]> => [
      ...(await revokeFigures(setting, { tries, streams: 1, what: 'last byte of an open watch' })),
      ...(await revokeFigures(setting, { tries: Math.ceil(tries / 5), streams: 200, what: 'last byte of the last of 200 watches' })),
    ],
    binding: async ({ tries }: Effort): Promise<Figure[]> => bindingRow(setting, Math.min(tries, 30)),
  };
}

interface RevokeWish {
  readonly tries: number;
  readonly streams: number;
  readonly what: string;
}

async function revokeFigures(setting: Setting, { tries, streams, what }: RevokeWish): Promise<Figure[]> {
  const closed: number[] = [];
  const acknowledged: number[] = [];
  for (let index = 0; index < tries; index++) {
    const took = await revokeOnce(setting, streams);
    closed.push(took.closed);
    acknowledged.push(Math.max(took.closed, took.acknowledged));
  }
  const row = 'revoke';
  const note = `${tries} tries; last byte alone p50 ${percentile(closed, 0.5).toFixed(0)}, p99 ${percentile(closed, 0.99).toFixed(0)} ms`;
  return [
    { row, what: `revoke → ${what}, acknowledged: p50`, value: percentile(acknowledged, 0.5), unit: 'ms', note },
    {
      row,
      what: `revoke → ${what}, acknowledged: p99`,
      value: percentile(acknowledged, 0.99),
      unit: 'ms',
      budget: { atMost: 1000 },
      goal: { atMost: 200 },
    },
  ];
}

/** Milliseconds from before the request that removes the grant. */
async function revokeOnce(setting: Setting, streams: number): Promise<{ closed: number; acknowledged: number }> {
  const server = await setting.server();
  const admin = await server.admin();
  const { connector, target } = await setting.guarded();
  // The namespace is another than the load's, so that its grant stays.
  const { grant } = await admin(api.grants.create, {
    body: { subject: email, role: 'view', resource: `${connector.destination.name}.default` },
  });
  const credential = await newCredential(server, await setting.person(), connector.destination.id);
  const path = '/api/v1/namespaces/default/configmaps?watch=true';
  const open = async (): Promise<OpenStream> => openStream({ ...target, ...credential, path, agent: false });
  const watches = await Promise.all(Array.from({ length: streams }, open));
  await waitFor(() => watches.every((watch) => watch.bytes() > 0), { within: 15, what: 'all watches to show something' });
  const startedAt = performance.now();
  const { change } = await admin(api.grants.remove, { params: { id: grant.id } });
  if (change === null) throw new Error('removing a grant made no change');
  const told = admin(api.changes.acknowledgements, { params: { revision: change.revision }, query: { waitSeconds: 20 } });
  const acknowledged = told.then(({ complete }) => (complete ? performance.now() - startedAt : Number.POSITIVE_INFINITY));
  const ended = await Promise.all(watches.map((watch) => watch.ended));
  return { closed: Math.max(...ended) - startedAt, acknowledged: await acknowledged };
}

interface OpenStream {
  bytes(): number;
  /** When the last byte was there. */
  readonly ended: Promise<number>;
  onData(listener: (text: string) => void): void;
  close(): void;
}

export async function openStream(options: RequestOptions): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${options.path ?? ''}: ${String(response.statusCode)}`));
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => undefined);
      const ended = new Promise<number>((over) => response.once('close', () => over(performance.now())));
      resolve({
        bytes: () => bytes,
        ended,
        onData: (listener) => void response.on('data', (chunk: Buffer) => listener(chunk.toString())),
        close: () => outgoing.destroy(),
      });
    });
    outgoing.once('error', reject).end();
  });
}

async function bindingRow(setting: Setting, tries: number): Promise<Figure[]> {
  const cluster = await setting.cluster();
  const names = Array.from({ length: tries * 4 }, (_, index) => `binding-${index}`);
  await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig, input: JSON.stringify(namespaces(names)) }, 'create', '-f', '-');
  await setting.guarded();
  // So that nothing is left to do for the namespaces themselves.
  await delay(3000);
  const seen = await watchBindings(cluster);
  const alone: number[] = [];
  for (const name of names.slice(0, tries)) {
    alone.push(await grantUntilBound(setting, name, seen).bound);
    await delay(300);
  }
  const backToBack: number[] = [];
  for (let index = tries; index < tries * 3; index += 2) {
    // The second follows as soon as the first is answered, while the cluster is still being told of it.
    const first = grantUntilBound(setting, names[index] ?? '', seen);
    await first.answered;
    backToBack.push(await grantUntilBound(setting, names[index + 1] ?? '', seen).bound);
    await first.bound;
    await delay(100);
  }
  const startedAt = performance.now();
  await Promise.all(names.slice(tries * 3).map((name) => grantUntilBound(setting, name, seen).bound));
  const all = performance.now() - startedAt;
  seen.close();
  const row = 'binding';
  return [
    {
      row,
      what: 'grant → binding, alone: p50',
      value: percentile(alone, 0.5),
      unit: 'ms',
      budget: { atMost: 50 },
      goal: { atMost: 30 },
      note: `p99 ${percentile(alone, 0.99).toFixed(0)} ms of ${tries}`,
    },
    {
      row,
      what: 'grant → binding, back to back: p50',
      value: percentile(backToBack, 0.5),
      unit: 'ms',
      budget: { atMost: 150 },
      goal: { atMost: 30 },
      note: `right after another; ${tries} grants at once: all bound in ${all.toFixed(0)} ms`,
    },
  ];
}

const namespaces = (names: readonly string[]): unknown => ({
  apiVersion: 'v1',
  kind: 'List',
  items: names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { bench: namespace } } })),
});

interface Bindings {
  inNamespace(name: string): Promise<number>;
  close(): void;
}

/** `bound`: milliseconds from before the request to the moment the cluster tells of the binding. */
function grantUntilBound(
  setting: Setting,
  name: string,
  seen: Bindings,
): { readonly answered: Promise<void>; readonly bound: Promise<number> } {
  const told = seen.inNamespace(name);
  const startedAt = performance.now();
  const answered = (async () => {
    const admin = await (await setting.server()).admin();
    const { connector } = await setting.guarded();
    await admin(api.grants.create, { body: { subject: email, role: 'view', resource: `${connector.destination.name}.${name}` } });
  })();
  return { answered, bound: Promise.all([told, answered]).then(([at]) => at - startedAt) };
}

async function watchBindings(cluster: Cluster): Promise<Bindings> {
  const waiting = new Map<string, (at: number) => void>();
  const stream = await openStream({ ...adminOptions(cluster), path: '/apis/rbac.authorization.k8s.io/v1/rolebindings?watch=true' });
  let rest = '';
  stream.onData((text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      // The API server's watch events.
      const event = JSON.parse(line) as { type: string; object: { metadata: { namespace?: string } } };
      if (event.type === 'ADDED') waiting.get(event.object.metadata.namespace ?? '')?.(performance.now());
    }
  });
  return {
    inNamespace: (name) => new Promise((resolve) => waiting.set(name, resolve)),
    close: stream.close,
  };
}

interface Kubeconfig {
  readonly users: readonly { readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } }[];
}

export function adminOptions(cluster: Cluster): RequestOptions {
  // Written by scripts/kubernetes/certificates.ts.
  const { users } = parse(readFileSync(cluster.adminKubeconfig, 'utf8')) as Kubeconfig;
  const decode = (data: string | undefined): Buffer => Buffer.from(data ?? '', 'base64');
  const { hostname, port } = new URL(cluster.url);
  return {
    host: hostname,
    port,
    ca: readFileSync(cluster.caFile),
    cert: decode(users[0]?.user['client-certificate-data']),
    key: decode(users[0]?.user['client-key-data']),
    agent: false,
  };
}
