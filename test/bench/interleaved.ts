/** The same load on several constructions in turn, so that what else the machine does falls on all of them alike. */
import { load, type LoadPlan } from './load.ts';
import { cpuSeconds } from './process-usage.ts';
import { median } from './statistics.ts';

export interface Construction {
  readonly name: string;
  readonly plan: LoadPlan;
  /** Whose CPU time counts; none: nothing stands in between. */
  readonly pids: () => readonly number[];
}

/** Medians over the runs; latencies in milliseconds. */
export interface Outcome {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuPerTenThousand: number;
  readonly requests: number;
}

export async function interleave<Name extends string>(
  constructions: readonly (Construction & { readonly name: Name })[],
  runs: number,
): Promise<Record<Name, Outcome>> {
  const outcomes = new Map<string, Outcome[]>();
  // What is done first pays for code that is not compiled and connections that are not open yet.
  for (const { plan } of constructions) await load({ ...plan, seconds: 1 });
  for (let run = 0; run < runs; run++)
    for (const { name, plan, pids } of constructions) {
      const before = cpuSeconds(pids());
      const { requests, perSecond, p50, p99 } = await load(plan);
      const cpuPerTenThousand = ((cpuSeconds(pids()) - before) / requests) * 10_000;
      outcomes.set(name, [...(outcomes.get(name) ?? []), { requests, perSecond, p50, p99, cpuPerTenThousand }]);
    }
  // One entry for each construction.
  return Object.fromEntries([...outcomes].map(([name, all]) => [name, medians(all)])) as Record<Name, Outcome>;
}

function medians(all: readonly Outcome[]): Outcome {
  const of = (key: keyof Outcome): number => median(all.map((outcome) => outcome[key]));
  return {
    perSecond: of('perSecond'),
    p50: of('p50'),
    p99: of('p99'),
    cpuPerTenThousand: of('cpuPerTenThousand'),
    requests: of('requests'),
  };
}
