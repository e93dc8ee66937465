/** The change feed as its readers depend on it. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { now, openStorage, type Storage } from './fresh-database.ts';

const by = (id: string | null) => ({ by: { actor: { id } }, now });
const entry = (destinationId: string, subjectId: string) => ({ destinationId, kind: 'identity' as const, subjectId });

export function describeChangeFeed(storage: () => Storage): void {
  const change = async (destinationId: string, subjectId: string): Promise<number> =>
    storage().transact(async ({ feed }) => {
      await feed.append([entry(destinationId, subjectId)], by('usr_1'));
      return feed.change()?.revision ?? 0;
    });

  it('a reader sees revisions grow without gaps, and never one appear behind its back, while many write and some fail', async () => {
    const reader = await openStorage(storage().url);
    let isOver = false;
    const write = async (index: number): Promise<number | 'failed'> => {
      if (index % 5 !== 0) return change(`dst_${index % 3}`, `usr_${index}`);
      const failing = storage().transact(async ({ feed }) => {
        await feed.append([entry('dst_0', `usr_${index}`)], by('usr_1'));
        throw new Error('no');
      });
      return failing.catch(() => 'failed');
    };
    const seen: number[] = [];
    const readOn = async (): Promise<void> => {
      const from = seen.length;
      const { revision } = await reader.read.feed.position();
      expect(revision).to.be.at.least(from);
      for (let next = from + 1; next <= revision; next += 1) {
        expect(await reader.read.feed.findChange(next), `revision ${next} of ${revision}`).not.to.equal(undefined);
        seen.push(next);
      }
    };
    const reading = async (): Promise<void> => {
      while (!isOver) {
        await readOn();
        await turn();
      }
      await readOn();
    };
    try {
      const read = reading();
      const taken = await Promise.all(Array.from({ length: 60 }, async (_, index) => write(index)));
      isOver = true;
      await read;
      const revisions = taken.filter((outcome) => outcome !== 'failed');
      expect(revisions).to.have.length(48);
      expect([...revisions].sort((left, right) => left - right)).to.deep.equal(seen);
    } finally {
      isOver = true;
      await reader.database.close();
    }
  });

  it('a transaction takes one revision however much it appends, and tells each subject once', async () => {
    const { transact, read } = storage();
    const result = await transact(async ({ feed }) => {
      await feed.append([entry('dst_1', 'usr_1'), entry('dst_1', 'usr_1'), entry('dst_2', 'usr_1')], by('usr_9'));
      await feed.append([entry('dst_1', 'usr_2'), entry('dst_1', 'usr_1')], by('usr_9'));
      return feed.change();
    });
    expect(result).to.deep.equal({ revision: 1, destinations: ['dst_1', 'dst_2'] });
    expect(await read.feed.entriesSince('dst_1', 0)).to.have.deep.members([entry('dst_1', 'usr_1'), entry('dst_1', 'usr_2')]);
    expect(await read.feed.findChange(1)).to.deep.include({ actorId: 'usr_9', destinations: ['dst_1', 'dst_2'] });
  });

  it('nothing appended is no change', async () => {
    const { transact, read } = storage();
    expect(
      await transact(async ({ feed }) => {
        await feed.append([], by(null));
        return feed.change();
      }),
    ).to.equal(null);
    expect((await read.feed.position()).revision).to.equal(0);
  });

  it('a destination reads its own entries, after the revision it has', async () => {
    await change('dst_1', 'usr_1');
    await change('dst_2', 'usr_2');
    await change('dst_1', 'usr_3');
    const { feed } = storage().read;
    expect(await feed.entriesSince('dst_1', 1)).to.deep.equal([entry('dst_1', 'usr_3')]);
    expect(await feed.entriesSince('dst_1', 3)).to.deep.equal([]);
  });

  it('what is forgotten raises the floor, so that who was away longer takes the whole state', async () => {
    await change('dst_1', 'usr_1');
    await change('dst_1', 'usr_2');
    const { feed } = storage().read;
    expect(await feed.prune(new Date(now).toISOString())).to.equal(0);
    expect(await feed.prune(new Date(now + 1).toISOString())).to.equal(2);
    expect(await feed.position()).to.deep.equal({ epoch: 'first', revision: 2, floor: 2 });
    expect(await change('dst_1', 'usr_3')).to.equal(3);
  });

  it('a new epoch keeps the count, and nobody goes on from before it', async () => {
    await change('dst_1', 'usr_1');
    const { feed } = storage().read;
    await feed.startEpoch('second');
    expect(await feed.position()).to.deep.equal({ epoch: 'second', revision: 1, floor: 1 });
  });
}
