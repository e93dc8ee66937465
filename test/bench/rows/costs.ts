/** The figures of one load on several ways: how much got through, and what that cost each. */
import type { Figure, Reference } from '../figure.ts';
import type { Outcome } from '../interleaved.ts';
import type { WayName } from '../ways.ts';

export interface Client {
  readonly protocol: 'http1' | 'http2';
  /** Over HTTP/2: requests under way at a time. */
  readonly connections: number;
}

export const clients: readonly Client[] = (['http1', 'http2'] as const).flatMap((protocol) =>
  [1, 16, 128].map((connections) => ({ protocol, connections })),
);

type Outcomes = Readonly<Partial<Record<WayName, Outcome>>>;

export const besides = (outcomes: Outcomes, key: keyof Outcome): Partial<Record<Reference, number>> => ({
  ...(outcomes.direct === undefined || key === 'cpuPerTenThousand' ? {} : { direct: outcomes.direct[key] }),
  ...(outcomes.nginx === undefined ? {} : { nginx: outcomes.nginx[key] }),
});

export const describeClient = ({ protocol, connections }: Client): string =>
  protocol === 'http1' ? `HTTP/1.1 × ${connections}` : `HTTP/2 × ${connections}`;

export function costFigures(row: string, client: Client, outcomes: Outcomes): Figure[] {
  const { infra, nginx } = outcomes;
  const what = `${row}, ${describeClient(client)}`;
  // The only case: HTTP/2, and infra does not speak it.
  if (infra === undefined || nginx === undefined)
    return nginx === undefined
      ? []
      : [{ row, what: `${what}: nginx alone`, value: nginx.perSecond, unit: 'req/s', isReference: true, note: 'infra offers no HTTP/2' }];
  const latency = `p50 ${infra.p50.toFixed(1)}, p99 ${infra.p99.toFixed(1)} ms`;
  return [
    { row, what, value: infra.perSecond, unit: 'req/s', beside: besides(outcomes, 'perSecond'), note: latency },
    { row, what: `${what}: CPU per 10,000`, value: infra.cpuPerTenThousand, unit: 's', beside: besides(outcomes, 'cpuPerTenThousand') },
    {
      row,
      what: `${what}: CPU beside nginx`,
      value: infra.cpuPerTenThousand / nginx.cpuPerTenThousand,
      unit: '×',
      budget: { atMost: 3 },
      goal: { atMost: 2 },
    },
  ];
}
