/** A small GET of the real API server, straight, through nginx and through infra: with few and many connections, and at a modest fixed rate. */
import type { Effort, Figure } from '../figure.ts';
import { interleave, type Outcome } from '../interleaved.ts';
import { get } from '../load.ts';
import { namespace, type Setting } from '../setting.ts';
import { clusterWays, thatOfferHttp2, underLoad, type WayName } from '../ways.ts';
import { clients, costFigures, type Client } from './costs.ts';

const configMap = `/api/v1/namespaces/${namespace}/configmaps/one`;
const requests = (headers: Readonly<Record<string, string>>): readonly string[] => [get(configMap, headers)];
/** Of the latency at a fixed rate. */
const connections = 16;

export function smallGetRows(setting: Setting) {
  const ways = clusterWays(setting);
  const measure = async (client: Client, { seconds, runs }: Effort): Promise<Figure[]> => {
    const offering = client.protocol === 'http2' ? await thatOfferHttp2(await ways()) : await ways();
    const plan = { connections: client.connections, client: client.protocol, seconds };
    return costFigures('small-get', client, await interleave(underLoad(offering, plan, requests), runs));
  };
  return {
    'small-get': async (effort: Effort): Promise<Figure[]> => {
      const figures: Figure[] = [];
      for (const client of clients) figures.push(...(await measure(client, effort)));
      return figures;
    },
    'added-latency': async ({ seconds, runs }: Effort): Promise<Figure[]> =>
      addedLatencyFigures(await interleave(underLoad(await ways(), { connections, seconds, rate: 200 }, requests), runs)),
  };
}

function addedLatencyFigures({ direct, nginx, infra }: Record<WayName, Outcome>): Figure[] {
  const row = 'added-latency';
  const what = (which: 'p50' | 'p99'): Pick<Figure, 'row' | 'what' | 'value' | 'unit' | 'beside' | 'note'> => ({
    row,
    what: `added latency at 200/s, ${which}`,
    value: infra[which] - direct[which],
    unit: 'ms',
    beside: { nginx: nginx[which] - direct[which] },
    note: `over direct's ${direct[which].toFixed(2)}`,
  });
  return [
    { ...what('p50'), budget: { atMost: 0.5 }, goal: { atMost: 0.3 } },
    { ...what('p99'), budget: { atMost: 5 } },
  ];
}
