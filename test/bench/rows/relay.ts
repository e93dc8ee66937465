/** What the relay adds to the same connector reached directly: latency of a small GET, CPU time and bytes of a long stream, and what one stalled reader does to others. */
import { connect, type TLSSocket } from 'node:tls';
import type { Effort, Figure } from '../figure.ts';
import { interleave } from '../interleaved.ts';
import type { Target } from '../load.ts';
import { cpuSeconds } from '../process-usage.ts';
import type { Setting } from '../setting.ts';
import { median } from '../statistics.ts';
import { startStreamingUpstream } from '../streaming.ts';
import { underLoad, waysTo, type Way } from '../ways.ts';
import { transfer } from './bulk.ts';
import { getLight, lightUpstream } from './light.ts';

export function relayRows(setting: Setting) {
  return {
    'relay-latency': async (effort: Effort): Promise<Figure[]> => {
      const upstream = await lightUpstream(setting);
      const ways = await waysTo(setting, upstream, 'relay-latency');
      const relay = await throughRelay(setting, ways.infra);
      const both = [ways.infra, relay] as const;
      const { seconds, runs } = effort;
      const modest = await interleave(underLoad<'infra' | 'relay'>(both, { connections: 16, seconds, rate: 200 }, getLight), runs);
      const full = await interleave(underLoad<'infra' | 'relay'>(both, { connections: 16, seconds }, getLight), runs);
      const stalled = await stalledBeside(relay, { seconds, runs });
      await ways.stop();
      upstream.stop();
      const figure = (what: string, value: number, unit: string): Figure => ({ row: 'relay-latency', what: `relay: ${what}`, value, unit });
      return [
        {
          ...figure('latency added to direct at 200/s, p50', modest.relay.p50 - modest.infra.p50, 'ms'),
          budget: { atMost: 1 },
          note: `over direct's ${modest.infra.p50.toFixed(2)}`,
        },
        {
          ...figure('latency added to direct at 200/s, p99', modest.relay.p99 - modest.infra.p99, 'ms'),
          note: `over direct's ${modest.infra.p99.toFixed(2)}`,
        },
        { ...figure('small GET, 16 connections', full.relay.perSecond, 'req/s'), note: `direct ${full.infra.perSecond.toFixed(0)}` },
        {
          ...figure('small GET, CPU per 10,000 of server and connector', full.relay.cpuPerTenThousand, 's'),
          note: `direct, connector alone: ${full.infra.cpuPerTenThousand.toFixed(2)}`,
        },
        { ...figure('p99 of 100 busy connections beside a stalled reader, over without', stalled, '×'), budget: { atMost: 1.5 } },
      ];
    },
    'relay-bulk': async ({ isQuick, runs }: Effort): Promise<Figure[]> => {
      const upstream = await startStreamingUpstream(await setting.cluster());
      const ways = await waysTo(setting, upstream, 'relay-bulk');
      const relay = await throughRelay(setting, ways.infra);
      const figures: Figure[] = [];
      for (const direction of ['down', 'up'] as const)
        figures.push(...(await bulk(direction, { ways: [ways.infra, relay], bytes: (isQuick ? 128 : 1024) * 2 ** 20, runs })));
      await ways.stop();
      upstream.stop();
      return figures;
    },
  };
}

type RelayWay = Way<'relay'>;

/** The connector keeps its tunnels where it listens, too. */
async function throughRelay(setting: Setting, infra: Way<'infra'>): Promise<RelayWay> {
  const { port, program } = await setting.server();
  return { ...infra, name: 'relay', target: { ...infra.target, port }, pids: () => [...infra.pids(), program().pid] };
}

interface Bulk {
  readonly ways: readonly [Way<'infra'>, RelayWay];
  readonly bytes: number;
  readonly runs: number;
}

async function bulk(direction: 'down' | 'up', { ways: [infra, relay], bytes, runs }: Bulk): Promise<Figure[]> {
  const speeds: Record<'infra' | 'relay', number[]> = { infra: [], relay: [] };
  const costs: Record<'connector' | 'server', number[]> = { connector: [], server: [] };
  const gigabytes = bytes / 2 ** 30;
  for (const { target } of [infra, relay]) await transfer(target, direction, 16 * 2 ** 20);
  for (let run = 0; run < runs; run += 1)
    for (const { name, target, pids } of [infra, relay]) {
      const before = pids().map((pid) => cpuSeconds([pid]));
      speeds[name].push(bytes / 2 ** 20 / (await transfer(target, direction, bytes)));
      const [connector = 0, server] = pids().map((pid, index) => (cpuSeconds([pid]) - (before[index] ?? 0)) / gigabytes);
      if (server === undefined) continue;
      costs.connector.push(connector);
      costs.server.push(server);
    }
  const what = `relay, upgraded stream ${direction}`;
  const perCore = (which: 'connector' | 'server'): number => 1024 / median(costs[which]);
  return [
    {
      row: 'relay-bulk',
      what,
      value: median(speeds.relay),
      unit: 'MB/s',
      note: `direct ${median(speeds.infra).toFixed(0)}; checksums equal`,
    },
    { row: 'relay-bulk', what: `${what}: per core of the server`, value: perCore('server'), unit: 'MB/s', budget: { atLeast: 100 } },
    { row: 'relay-bulk', what: `${what}: per core of the connector`, value: perCore('connector'), unit: 'MB/s', budget: { atLeast: 100 } },
  ];
}

/** p99 of a hundred busy connections beside one that takes nothing of what is ready for it, over without it. */
async function stalledBeside(relay: RelayWay, { seconds, runs }: { readonly seconds: number; readonly runs: number }): Promise<number> {
  const ratios: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const busy = underLoad([relay], { connections: 100, seconds, rate: 500 }, getLight);
    const alone = await interleave(busy, 1);
    const stalled = await stall(relay.target);
    const beside = await interleave(busy, 1);
    stalled.destroy();
    ratios.push(beside.relay.p99 / alone.relay.p99);
  }
  return median(ratios);
}

async function stall({ host, port, servername, ca, cert, key }: Target): Promise<TLSSocket> {
  const socket = connect({ host, port, servername: servername ?? '', ca, cert, key });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  socket.pause();
  const [request = ''] = getLight();
  // Far more than it has room for.
  socket.write(request.repeat(200));
  return socket;
}
