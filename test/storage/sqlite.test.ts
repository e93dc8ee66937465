import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { sql } from 'kysely';
import { openDatabase, type OpenDatabase } from '../../server/storage/database.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { addUp } from './add-up.ts';
import { openStorage } from './fresh-database.ts';
import { describeStorage } from './storage-suite.ts';

const freshUrl = (): string => `sqlite:${join(tempDir('infra-storage'), 'infra.db')}`;

describeStorage('SQLite', async () => Promise.resolve(freshUrl()));

describe('SQLite as we set it up', () => {
  let database: OpenDatabase;
  beforeEach(async () => {
    database = await openDatabase(freshUrl());
  });
  afterEach(() => database.close());

  for (const [pragma, value, why] of [
    ['journal_mode', 'wal', 'readers do not stop the writer'],
    ['synchronous', 2, 'what is acknowledged survives the loss of power'],
    ['foreign_keys', 1, 'no row without its parent'],
    ['busy_timeout', 5000, 'a second program waits for its turn'],
  ] as const)
    it(`${pragma} is ${value}: ${why}`, async () => {
      const { rows } = await sql<Record<string, unknown>>`PRAGMA ${sql.raw(pragma)}`.execute(database.db);
      expect(Object.values(rows[0] ?? {})).to.deep.equal([value]);
    });

  it('lets a second program read and write in one transaction beside the server, and neither fails nor loses an update', async () => {
    const url = freshUrl();
    const { read, database: own } = await openStorage(url);
    await read.settings.write('count', '0');
    const script = join(import.meta.dirname, 'add-up.ts');
    const other = promisify(execFile)(process.execPath, [script, url, '100'], { timeout: 30_000 });
    await waitFor(async () => Number(await read.settings.read('count')) > 0, { within: 20, what: 'the other program to begin' });
    await addUp(url, 100);
    await other;
    expect(await read.settings.read('count')).to.equal('200');
    await own.close();
  }).timeout(40_000);
});
