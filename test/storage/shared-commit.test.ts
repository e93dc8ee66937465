/** Writes that share a commit: fewer transactions, and each as if it had been alone. */
import { expect } from 'chai';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { bindStores, type Stores } from '../../server/stores.ts';
import { createChangeBell } from '../../server/storage/change-feed.ts';
import { openDatabase, type OpenDatabase } from '../../server/storage/database.ts';
import { createSharedCommit } from '../../server/storage/shared-commit.ts';
import { createTransact, type Transact } from '../../server/storage/transact.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('a shared commit', () => {
  let database: OpenDatabase;
  let commits: number;
  let shareCommit: Transact<Stores>;
  let read: Stores;

  beforeEach(async () => {
    database = await openDatabase(`sqlite:${join(tempDir('infra-storage'), 'infra.db')}`);
    const bind = (handle: OpenDatabase['db']): Stores => bindStores(handle, systemClock);
    read = bind(database.db);
    await read.feed.startEpoch('epoch');
    const transact = createTransact(database.db, (handle) => bindStores(handle, systemClock), createChangeBell());
    commits = 0;
    shareCommit = createSharedCommit<Stores>(async (work) => {
      const result = await transact(work);
      commits += 1;
      return result;
    });
  });
  afterEach(() => database.close());

  const names = Array.from({ length: 20 }, (_, index) => `name-${index}`);
  const write = (name: string, act?: () => void) =>
    shareCommit(async ({ settings }) => {
      await settings.write(name, 'value');
      act?.();
      return name;
    });
  const written = async (): Promise<string[]> => {
    const found = await Promise.all(names.map(async (name) => ((await read.settings.read(name)) === undefined ? [] : [name])));
    return found.flat();
  };

  it('takes what waits into one transaction and answers each with its own result', async () => {
    expect(await Promise.all(names.map((name) => write(name)))).to.deep.equal(names);
    expect(commits).to.equal(1);
    expect(await written()).to.deep.equal(names);
  });

  it('when one of a group fails, it alone fails, with its own reason, and leaves nothing behind', async () => {
    const outcomes = await Promise.allSettled(
      names.map((name, index) =>
        write(name, () => {
          if (index === 7) throw new Error('the seventh');
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).to.have.length(1);
    expect(outcomes[7]).to.deep.include({ status: 'rejected' });
    expect((outcomes[7] as PromiseRejectedResult).reason).to.have.property('message', 'the seventh');
    expect(await written()).to.deep.equal(names.filter((_, index) => index !== 7));
  });

  it('answers only after its commit', async () => {
    const [commitsSeen] = await Promise.all([write('name-0').then(() => commits), write('name-1')]);
    expect(commitsSeen).to.equal(1);
  });

  it('goes on after a failure, and with what comes later', async () => {
    const failed = await write('name-0', () => {
      throw new Error('no');
    }).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(await write('name-1')).to.equal('name-1');
    expect(await written()).to.deep.equal(['name-1']);
  });

  it('never takes so many together that other writes wait long', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    await Promise.all(many.map((name) => write(name)));
    expect(commits).to.equal(4);
  });

  it('of one person names its author; of several it is nobody’s, so that none of them learns of the others', async () => {
    const append = (actorId: string, destinationId: string) =>
      shareCommit(async ({ feed }) => {
        await feed.append([{ destinationId, kind: 'lease', subjectId: `lse_${destinationId}` }], {
          by: { actor: { id: actorId } },
          now: 0,
        });
        return feed.change()?.revision ?? 0;
      });
    const [alone] = await Promise.all([append('usr_1', 'dst_1'), append('usr_1', 'dst_2')]);
    expect(await read.feed.findChange(alone)).to.deep.include({ actorId: 'usr_1', destinations: ['dst_1', 'dst_2'] });
    const [shared] = await Promise.all([append('usr_1', 'dst_1'), append('usr_2', 'dst_2'), append('usr_1', 'dst_3')]);
    expect(shared).to.equal(alone + 1);
    expect(await read.feed.findChange(shared)).to.deep.include({ actorId: null, destinations: ['dst_1', 'dst_2', 'dst_3'] });
  });
});
