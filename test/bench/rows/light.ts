/** Against an upstream that costs next to nothing, what is left is the ceiling of one process in front of it. */
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Effort, Figure } from '../figure.ts';
import { interleave, type Outcome } from '../interleaved.ts';
import { get } from '../load.ts';
import { startLightUpstream, type Nginx } from '../nginx.ts';
import { namespace, type Setting } from '../setting.ts';
import { thatOfferHttp2, underLoad, waysTo, type StandInWays } from '../ways.ts';
import { clients, costFigures, describeClient, type Client } from './costs.ts';

const path = `/api/v1/namespaces/${namespace}/pods/light`;
const requests = (): readonly string[] => [get(path)];
const row = 'light';

export function lightRows(setting: Setting) {
  return {
    [row]: async (effort: Effort): Promise<Figure[]> => {
      const upstream = await lightUpstream(setting);
      const ways = await waysTo(setting, upstream, row);
      const figures: Figure[] = [];
      for (const client of clients) figures.push(...(await measure({ ways, upstream, client, ...effort })));
      await ways.stop();
      upstream.stop();
      return figures;
    },
  };
}

/** Answers one pod at once. */
export async function lightUpstream(setting: Setting): Promise<Nginx> {
  const spec = { containers: [{ name: 'one', image: 'busybox' }] };
  const answer = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'light', namespace }, spec });
  return startLightUpstream({ upstream: await setting.cluster(), path, answer });
}

export const getLight = requests;

interface Measurement extends Effort {
  readonly ways: StandInWays;
  readonly upstream: Nginx;
  readonly client: Client;
}

async function measure({ ways, upstream, client, seconds, runs }: Measurement): Promise<Figure[]> {
  const both = [ways.nginx, ways.infra];
  const plan = { connections: client.connections, client: client.protocol, seconds };
  const offering = client.protocol === 'http2' ? await thatOfferHttp2(both) : both;
  const outcome = await interleave(underLoad(offering, plan, requests), runs);
  const figures = costFigures(row, client, outcome);
  if (!offering.includes(ways.infra)) return figures;
  // The budget for the CPU is that of the real API server; here it is the ceiling's.
  const costs = figures.map(({ budget: _, goal: __, ...figure }) => figure);
  const before = await connectionsOf(upstream);
  const { infra } = await interleave(underLoad([ways.infra], plan, requests), 1);
  const opened = (await connectionsOf(upstream)) - before - 1;
  return [...costs, ceiling(client, outcome), openedFigure(client, opened / infra.requests)];
}

const ceiling = (client: Client, { nginx, infra }: Record<'nginx' | 'infra', Outcome>): Figure => ({
  row,
  what: `${row}, ${describeClient(client)}: ceiling of one process beside nginx`,
  value: nginx.cpuPerTenThousand / infra.cpuPerTenThousand,
  unit: '×',
  budget: { atLeast: 0.35 },
  goal: { atLeast: 0.5 },
  note: `from CPU time; by throughput here ${(infra.perSecond / nginx.perSecond).toFixed(2)}, nginx held back by the load generator`,
});

const openedFigure = (client: Client, value: number): Figure => ({
  row,
  what: `${row}, ${describeClient(client)}: upstream connections opened per request`,
  value,
  unit: '',
  budget: { atMost: 0.01 },
});

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
