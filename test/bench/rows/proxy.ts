/** The proxy beside direct requests and nginx: a small GET of the real API server, of a light upstream, and at a modest fixed rate. */
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { readFileSync } from 'node:fs';
import type { Effort, Figure } from '../figure.ts';
import { interleave, type Outcome } from '../interleaved.ts';
import { get, type Target } from '../load.ts';
import { startLightUpstream, startReverseProxy, type Nginx } from '../nginx.ts';
import { email, guard, namespace, once, type Setting } from '../setting.ts';

const configMap = `/api/v1/namespaces/${namespace}/configmaps/one`;
const lightPath = `/api/v1/namespaces/${namespace}/pods/light`;
const connections = 16;

/** What the connector says upstream of the person. */
const impersonation = { 'Impersonate-User': `infra:${email}`, 'Impersonate-Group': `infra:view@${namespace}` };

export function proxyRows(setting: Setting) {
  const upstreamHeaders = async (): Promise<Record<string, string>> => ({
    Authorization: `Bearer ${await setting.token()}`,
    ...impersonation,
  });
  const clientCaFile = async (): Promise<string> => (await setting.server()).caFile;

  const direct = once(async () => {
    const { url, caFile } = await setting.cluster();
    const target: Target = { host: '127.0.0.1', port: Number(new URL(url).port), ca: readFileSync(caFile, 'utf8') };
    return { name: 'direct' as const, target, headers: await upstreamHeaders(), pids: () => [] };
  });
  const nginx = once(async () => {
    const { url, caFile } = await setting.cluster();
    const proxy = await startReverseProxy({
      upstream: { url, caFile, headers: await upstreamHeaders() },
      clientCaFile: await clientCaFile(),
      workers: 2,
    });
    return behind('nginx' as const, proxy, (await setting.guarded()).target);
  });
  const infra = once(async () => {
    const { target, connector } = await setting.guarded();
    return { name: 'infra' as const, target, headers: {}, pids: () => [connector.program().pid] };
  });

  const onCluster = async (seconds: number, rate?: number) => {
    const constructions = [await direct(), await nginx(), await infra()];
    return constructions.map(({ name, target, headers, pids }) => ({
      name,
      pids,
      plan: { target, requests: [get(configMap, headers)], connections, seconds, ...(rate === undefined ? {} : { rate }) },
    }));
  };

  return {
    'small-get': async ({ seconds, runs }: Effort): Promise<Figure[]> => {
      const outcome = await interleave(await onCluster(seconds), runs);
      return smallGetFigures(outcome);
    },
    'added-latency': async ({ seconds, runs }: Effort): Promise<Figure[]> => {
      const outcome = await interleave(await onCluster(seconds, 200), runs);
      return addedLatencyFigures(outcome);
    },
    light: async ({ seconds, runs }: Effort): Promise<Figure[]> => lightRow(setting, { seconds, runs, clientCaFile: await clientCaFile() }),
  };
}

function behind<Name extends string>(name: Name, { port, ca, pids }: Nginx, { cert, key }: Target) {
  return {
    name,
    target: {
      host: '127.0.0.1',
      port,
      ca,
      servername: 'localhost',
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
    headers: {},
    pids,
  };
}

const describe = ({ perSecond, p50, p99, cpuPerTenThousand }: Outcome): string =>
  `${perSecond.toFixed(0)}/s, ${p50.toFixed(1)} / ${p99.toFixed(1)} ms${cpuPerTenThousand > 0 ? `, ${cpuPerTenThousand.toFixed(2)} CPU s` : ''}`;

function smallGetFigures({ direct, nginx, infra }: Record<'direct' | 'nginx' | 'infra', Outcome>): Figure[] {
  const row = 'small-get';
  return [
    { row, what: 'small GET: infra', value: infra.perSecond, unit: 'req/s', note: describe(infra) },
    { row, what: 'small GET: nginx, two workers', value: nginx.perSecond, unit: 'req/s', note: describe(nginx) },
    { row, what: 'small GET: direct', value: direct.perSecond, unit: 'req/s', note: describe(direct) },
    {
      row,
      what: 'small GET: CPU per 10,000',
      value: infra.cpuPerTenThousand,
      unit: 's',
      note: `nginx ${nginx.cpuPerTenThousand.toFixed(2)} s`,
    },
    {
      row,
      what: 'small GET: CPU per 10,000 beside nginx',
      value: infra.cpuPerTenThousand / nginx.cpuPerTenThousand,
      unit: '×',
      budget: { atMost: 3 },
      goal: { atMost: 2 },
    },
  ];
}

function addedLatencyFigures({ direct, nginx, infra }: Record<'direct' | 'nginx' | 'infra', Outcome>): Figure[] {
  const row = 'added-latency';
  const note = (which: 'p50' | 'p99'): string =>
    `direct ${direct[which].toFixed(2)}, infra ${infra[which].toFixed(2)}; nginx adds ${(nginx[which] - direct[which]).toFixed(2)}`;
  return [
    {
      row,
      what: 'added latency at 200/s, p50',
      value: infra.p50 - direct.p50,
      unit: 'ms',
      budget: { atMost: 0.5 },
      goal: { atMost: 0.3 },
      note: note('p50'),
    },
    { row, what: 'added latency at 200/s, p99', value: infra.p99 - direct.p99, unit: 'ms', budget: { atMost: 5 }, note: note('p99') },
  ];
}

interface LightWish {
  readonly seconds: number;
  readonly runs: number;
  readonly clientCaFile: string;
}

/** Against an upstream that costs next to nothing, what is left is the ceiling of one process in front of it. */
async function lightRow(setting: Setting, { seconds, runs, clientCaFile }: LightWish): Promise<Figure[]> {
  const cluster = await setting.cluster();
  const pod = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'light', namespace },
    spec: { containers: [{ name: 'one', image: 'busybox' }] },
  });
  const upstream = await startLightUpstream({ upstream: cluster, path: lightPath, answer: pod });
  const url = `https://127.0.0.1:${upstream.port}`;
  const [server, token, person] = [await setting.server(), await setting.token(), await setting.person()];
  const guarded = await guard({ server, cluster, token, person }, 'light', { url, caFile: upstream.caFile });
  const proxy = await startReverseProxy({
    upstream: { url, caFile: upstream.caFile, headers: { Authorization: `Bearer ${token}`, ...impersonation } },
    clientCaFile,
    workers: 1,
  });
  const plan = { requests: [get(lightPath)], connections, seconds };
  let opened = 0;
  let seen = 0;
  const counted = { name: 'infra' as const, plan: { ...plan, target: guarded.target }, pids: () => [guarded.connector.program().pid] };
  const beside = behind('nginx' as const, proxy, guarded.target);
  const outcome = await interleave(
    [{ name: 'nginx' as const, plan: { ...plan, target: beside.target }, pids: beside.pids }, counted],
    runs,
  );
  const before = await connectionsOf(upstream);
  ({
    infra: { requests: seen },
  } = await interleave([counted], 1));
  opened = (await connectionsOf(upstream)) - before - 1;
  await guarded.connector.stop();
  proxy.stop();
  upstream.stop();
  return lightFigures(outcome, opened / seen);
}

function lightFigures({ nginx, infra }: Record<'nginx' | 'infra', Outcome>, openedPerRequest: number): Figure[] {
  const row = 'light';
  return [
    { row, what: 'light upstream: infra, one process', value: infra.perSecond, unit: 'req/s', note: describe(infra) },
    {
      row,
      what: 'light upstream: nginx, one worker',
      value: nginx.perSecond,
      unit: 'req/s',
      note: `${describe(nginx)} (held back by the load generator)`,
    },
    {
      row,
      what: 'light upstream: ceiling of one process beside nginx',
      value: nginx.cpuPerTenThousand / infra.cpuPerTenThousand,
      unit: '×',
      budget: { atLeast: 0.35 },
      goal: { atLeast: 0.5 },
      note: `from CPU time; by throughput here ${(infra.perSecond / nginx.perSecond).toFixed(2)}`,
    },
    { row, what: 'upstream connections opened per request', value: openedPerRequest, unit: '', budget: { atMost: 0.01 } },
  ];
}

/** Connections that the upstream has accepted so far; asking is one more. */
async function connectionsOf({ port, ca }: Nginx): Promise<number> {
  const page = await new Promise<string>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/connections', ca, agent: false }, (response) => resolve(text(response)))
      .once('error', reject)
      .end();
  });
  // ngx_http_stub_status_module: the third line is "accepts handled requests".
  return Number(page.split('\n')[2]?.trim().split(' ')[0]);
}
