/** A list of very many pods: whether it streams, or gathers in the connector. */
import { createHash } from 'node:crypto';
import { request } from 'node:https';
import type { Effort, Figure } from '../figure.ts';
import type { Target } from '../load.ts';
import { cpuSeconds, peakMegabytes, residentMegabytes, resetPeak } from '../process-usage.ts';
import type { Setting } from '../setting.ts';
import { median } from '../statistics.ts';
import { listPath, startStreamingUpstream } from '../streaming.ts';
import { waysTo, type WayName } from '../ways.ts';

const row = 'pod-list';
const what = 'list of 50,000 pods';
export function podListRows(setting: Setting) {
  return {
    [row]: async ({ runs }: Effort): Promise<Figure[]> => {
      const upstream = await startStreamingUpstream(await setting.cluster());
      const ways = await waysTo(setting, upstream, row);
      const all = { direct: [], nginx: [], infra: [] } as Record<WayName, List[]>;
      const cpu: number[] = [];
      const { pid } = ways.guarded.connector.program();
      const idle = residentMegabytes(pid);
      resetPeak(pid);
      await list(ways.infra.target);
      const first = peakMegabytes(pid);
      for (let run = 0; run < runs; run++)
        for (const { name, target, pids } of [ways.direct, ways.nginx, ways.infra]) {
          const cpuBefore = cpuSeconds(pids());
          all[name].push(await list(target));
          if (name === 'infra') cpu.push(cpuSeconds(pids()) - cpuBefore);
        }
      const peak = peakMegabytes(pid);
      await ways.stop();
      upstream.stop();
      return [...listFigures(all, median(cpu)), memoryFigure({ idle, first, peak })];
    },
  };
}

function listFigures(all: Readonly<Record<WayName, readonly List[]>>, cpu: number): Figure[] {
  const lists = Object.values(all).flat();
  if (new Set(lists.map(({ digest }) => digest)).size !== 1) throw new Error('the lists differ');
  const seconds = (name: WayName): number => median(all[name].map((each) => each.seconds));
  const megabytes = (lists[0]?.bytes ?? 0) / 2 ** 20;
  return [
    {
      row,
      what,
      value: seconds('infra'),
      unit: 's',
      beside: { direct: seconds('direct'), nginx: seconds('nginx') },
      note: `${megabytes.toFixed(0)} MB, each the same; CPU ${cpu.toFixed(2)} s`,
    },
  ];
}

/** What the first list adds is a heap that is used for the first time; gathered, the later ones would add their size. */
const memoryFigure = ({ idle, first, peak }: { readonly idle: number; readonly first: number; readonly peak: number }): Figure => ({
  row,
  what: `${what}: connector at its peak`,
  value: peak,
  unit: 'MB',
  budget: { atMost: 170 },
  note: `idle ${idle.toFixed(0)}; the first list added ${(first - idle).toFixed(0)}, the later ones ${(peak - first).toFixed(0)} MB`,
});

interface List {
  readonly seconds: number;
  readonly bytes: number;
  readonly digest: string;
}

async function list({ host, port, servername, ca, cert, key }: Target): Promise<List> {
  const startedAt = performance.now();
  const hash = createHash('sha256');
  let bytes = 0;
  await new Promise<void>((resolve, reject) => {
    request({ host, port, ca, cert, key, servername: servername ?? '', path: listPath, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the list was answered with ${String(response.statusCode)}`));
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        hash.update(chunk);
      });
      response.once('end', resolve).once('error', reject);
    })
      .once('error', reject)
      .end();
  });
  return { seconds: (performance.now() - startedAt) / 1000, bytes, digest: hash.digest('hex') };
}
