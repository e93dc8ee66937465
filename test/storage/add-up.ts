/** Adds to a count, again and again, each time by reading it and writing it in one transaction; a program, so that several can. */
import { setImmediate as turn } from 'node:timers/promises';
import { openStorage } from './fresh-database.ts';

export async function addUp(url: string, times: number): Promise<void> {
  const { transact, database } = await openStorage(url);
  for (let round = 0; round < times; round += 1)
    await transact(async ({ settings }) => {
      const count = Number(await settings.read('count'));
      await turn();
      await settings.write('count', String(count + 1));
    });
  await database.close();
}

const [, program, url, times] = process.argv;
if (program === import.meta.filename && url !== undefined) await addUp(url, Number(times));
