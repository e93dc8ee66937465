/** Very many watches at a time, which mostly say nothing: what holding them costs, and how soon all of them hear of one event. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Effort, Figure, Reference } from '../figure.ts';
import { holdWatches, type HeldWatches } from '../held-watches.ts';
import { cpuSeconds, residentMegabytes } from '../process-usage.ts';
import type { Setting } from '../setting.ts';
import { median, percentile } from '../statistics.ts';
import { startStreamingUpstream, watchPath, type StreamingUpstream } from '../streaming.ts';
import { thatOfferHttp2, waysTo, type Way, type WayName } from '../ways.ts';

const row = 'watches';

interface Held {
  readonly way: Way;
  readonly watches: HeldWatches;
  readonly kilobytesEach: number;
  idleCpu: number;
  readonly p50: number[];
  readonly p99: number[];
}

interface Wish {
  readonly isHttp2: boolean;
  readonly count: number;
  readonly events: number;
  readonly idleSeconds: number;
}

export function watchRows(setting: Setting) {
  return {
    [row]: async ({ isQuick }: Effort): Promise<Figure[]> => {
      const size = isQuick ? { count: 500, events: 3, idleSeconds: 3 } : { count: 5000, events: 9, idleSeconds: 10 };
      return [...(await measure(setting, { ...size, isHttp2: false })), ...(await measure(setting, { ...size, isHttp2: true }))];
    },
  };
}

async function measure(setting: Setting, wish: Wish): Promise<Figure[]> {
  const upstream = await startStreamingUpstream(await setting.cluster());
  const ways = await waysTo(setting, upstream, wish.isHttp2 ? 'watches-http2' : row);
  const all: readonly Way[] = [...(wish.isHttp2 ? [] : [ways.direct]), ways.nginx, ways.infra];
  const offering = wish.isHttp2 ? await thatOfferHttp2(all) : all;
  const held = new Map<WayName, Held>();
  for (const way of offering) held.set(way.name, await hold(way, wish));
  // All are open now; the events go to one way after the other.
  await idle([...held.values()], wish.idleSeconds);
  await tell([...held.values()], upstream, wish.events);
  for (const { watches } of held.values()) watches.release();
  await ways.stop();
  upstream.stop();
  return figuresOf(held, wish);
}

async function hold(way: Way, { count, isHttp2 }: Wish): Promise<Held> {
  const plan = { target: way.target, path: watchPath(way.name), isHttp2 };
  // So that what is made for the first of them alone is not counted as theirs.
  (await holdWatches({ ...plan, count: 20 })).release();
  await delay(1000);
  const before = memoryOf(way);
  const watches = await holdWatches({ ...plan, count });
  await delay(1000);
  return { way, watches, kilobytesEach: ((memoryOf(way) - before) * 1024) / count, idleCpu: 0, p50: [], p99: [] };
}

const memoryOf = ({ pids }: Way): number => pids().reduce((sum, pid) => sum + residentMegabytes(pid), 0);

async function idle(all: readonly Held[], seconds: number): Promise<void> {
  const before = all.map(({ way }) => cpuSeconds(way.pids()));
  await delay(seconds * 1000);
  for (const [index, held] of all.entries()) held.idleCpu = ((cpuSeconds(held.way.pids()) - (before[index] ?? 0)) / seconds) * 100;
}

async function tell(all: readonly Held[], upstream: StreamingUpstream, events: number): Promise<void> {
  for (let event = 0; event < events; event++)
    for (const { way, watches, p50, p99 } of all) {
      const delays = await watches.delaysAfter(() => upstream.tell(way.name));
      p50.push(percentile(delays, 0.5));
      p99.push(percentile(delays, 0.99));
      await delay(300);
    }
}

function figuresOf(held: ReadonlyMap<WayName, Held>, { isHttp2, count }: Wish): Figure[] {
  const what = `${count.toLocaleString('en-US')} watches over ${isHttp2 ? 'HTTP/2' : 'HTTP/1.1'}`;
  const beside = (value: (held: Held) => number, ...names: readonly Reference[]): Partial<Record<Reference, number>> =>
    Object.fromEntries(names.flatMap((name) => held.get(name) ?? []).map((each) => [each.way.name, value(each)]));
  const memory = ({ kilobytesEach }: Held): number => kilobytesEach;
  const p50 = (each: Held): number => median(each.p50);
  const p99 = (each: Held): number => median(each.p99);
  const infra = held.get('infra');
  const nginx = held.get('nginx');
  if (infra === undefined)
    return nginx === undefined
      ? []
      : [
          {
            row,
            what: `${what}: memory each, nginx alone`,
            value: memory(nginx),
            unit: 'KB',
            isReference: true,
            note: 'infra offers no HTTP/2',
          },
        ];
  return [
    {
      row,
      what: `${what}: memory each`,
      value: memory(infra),
      unit: 'KB',
      budget: { atMost: isHttp2 ? 70 : 130 },
      goal: { atMost: isHttp2 ? 45 : 79 },
      beside: beside(memory, 'nginx'),
    },
    {
      row,
      what: `${what}: idle CPU`,
      value: infra.idleCpu,
      unit: '%',
      budget: { atMost: 2 },
      beside: beside((each) => each.idleCpu, 'nginx'),
    },
    { row, what: `${what}: one event to all, p50`, value: p50(infra), unit: 'ms', beside: beside(p50, 'direct', 'nginx') },
    { row, what: `${what}: one event to all, p99`, value: p99(infra), unit: 'ms', beside: beside(p99, 'direct', 'nginx') },
  ];
}
