/** A thousand open watches, held, ended, and nothing left of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, residentMegabytes } from '../bench/process-usage.ts';
import { openStream } from '../bench/rows/changes.ts';
import { namespace, type Setting } from '../bench/setting.ts';
import type { Rules } from './outcome.ts';
import { openFiles, untilOpenFiles } from './process-state.ts';

const count = 1000;
const heldSeconds = 60;
/** What is kept for reuse is there after a few rounds; what leaks goes on. */
const rounds = 5;
const mostGrowthOfLast = 10;
/** Kilobytes. The budget is the bench's, at 5,000 of them (ADR 32); this notices what makes it much worse. */
const mostEach = 150;

export async function watches(setting: Setting, { note, holds }: Rules): Promise<void> {
  const { connector, target } = await setting.guarded();
  const { pid } = connector.program();
  const options = { ...target, agent: false as const, path: `/api/v1/namespaces/${namespace}/configmaps?watch=true` };
  // Once before, so that what is made at the first watch and kept is not taken for a leak.
  for (const stream of await open(options, 50)) stream.close();
  const filesBefore = await untilOpenFiles(pid, 60, 10);
  const before = residentMegabytes(pid);

  const streams = await open(options, count);
  let ended = 0;
  for (const stream of streams) void stream.ended.then(() => (ended += 1));
  await delay(2000);
  const cpuBefore = cpuSeconds([pid]);
  const held = residentMegabytes(pid);
  await delay(heldSeconds * 1000);
  const cpu = cpuSeconds([pid]) - cpuBefore;
  const heldToTheEnd = residentMegabytes(pid);
  holds(`all ${count} watches lived for ${heldSeconds} s`, ended === 0);
  note(`RSS before ${before.toFixed(0)}, holding ${held.toFixed(0)}, after a minute ${heldToTheEnd.toFixed(0)} MB`);
  const each = ((held - before) * 1024) / count;
  holds(`${each.toFixed(0)} KB for each watch (at most ${mostEach})`, each <= mostEach);
  holds(`idle CPU ${((cpu / heldSeconds) * 100).toFixed(1)} % (at most 5)`, cpu / heldSeconds <= 0.05);
  note(`open files while holding: ${openFiles(pid)}`);

  for (const stream of streams) stream.close();
  const files = await untilOpenFiles(pid, filesBefore + 5, 60);
  holds(`open files before ${filesBefore}, afterwards ${files}`, files <= filesBefore + 5);
  const after = [residentMegabytes(pid)];
  for (let round = 1; round < rounds; round += 1) {
    for (const stream of await open(options, count)) stream.close();
    await untilOpenFiles(pid, filesBefore + 5, 60);
    await delay(5000);
    after.push(residentMegabytes(pid));
  }
  const [last = 0, beforeLast = 0] = after.toReversed();
  holds(
    `RSS after each ${count}: ${after.map((megabytes) => megabytes.toFixed(0)).join(', ')} MB (the last adds at most ${mostGrowthOfLast})`,
    last <= beforeLast + mostGrowthOfLast,
  );
}

async function open(options: Parameters<typeof openStream>[0], number: number): Promise<Awaited<ReturnType<typeof openStream>>[]> {
  const streams = [];
  for (let start = 0; start < number; start += 50)
    streams.push(...(await Promise.all(Array.from({ length: Math.min(50, number - start) }, () => openStream(options)))));
  return streams;
}
