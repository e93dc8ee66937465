/** What every database must do for us. Another engine is another file that calls `describeStorage` with addresses of empty databases. */
import { expect } from 'chai';
import { isUniqueViolation } from '../../server/storage/constraint-errors.ts';
import { StorageError } from '../../server/storage/database.ts';
import { migrations } from '../../server/storage/migrations.ts';
import type { Stores } from '../../server/stores.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { describeChangeFeed } from './change-feed-suite.ts';
import { describeClaims } from './claims-suite.ts';
import { describeDeviceLogins } from './device-logins-suite.ts';
import { describeFederation } from './federation-suite.ts';
import {
  accessKeyRow,
  at,
  destinationRow,
  grantRow,
  groupRow,
  now,
  openFreshStorage,
  openStorage,
  userRow,
  type Storage,
} from './fresh-database.ts';
import { describePages } from './pages-suite.ts';
import { describeWorkloads } from './workloads-suite.ts';

/** @param freshUrl the address of a database that is there, or can be made, and has no tables. */
export function describeStorage(name: string, freshUrl: () => Promise<string>): void {
  describe(`storage on ${name}`, function () {
    this.timeout(60_000);
    let storage: Storage;
    beforeEach(async () => {
      storage = await openFreshStorage(await freshUrl());
    });
    afterEach(() => storage.database.close());

    describeSchema(() => storage);
    describeConstraints(() => storage);
    describeTransactions(() => storage);
    describeChangeFeed(() => storage);
    describeClaims(() => storage);
    describePages(() => storage);
    describeFederation(() => storage);
    describeDeviceLogins(() => storage);
    describeWorkloads(() => storage);
  });
}

const newest = String(Math.max(...migrations.map(({ version }) => version)));

function describeSchema(storage: () => Storage): void {
  const tables = async () => storage().database.db.introspection.getTables();

  it('an empty database is brought to the newest schema, with columns of text and integers alone', async () => {
    expect(storage().database.isNew).to.equal(true);
    expect(await storage().read.settings.read('schema_version')).to.equal(newest);
    const found = await tables();
    expect(found.map((table) => table.name)).to.include.members(['settings', 'identities', 'grants', 'leases', 'outbox', 'audit_events']);
    for (const table of found)
      for (const column of table.columns) expect(column.dataType.toLowerCase(), `${table.name}.${column.name}`).to.match(/^(text|int)/);
  });

  it('opening again changes nothing', async () => {
    await storage().read.settings.write('kept', 'value');
    const before = await tables();
    await storage().database.close();
    const again = await openStorage(storage().url);
    try {
      expect(again.database.isNew).to.equal(false);
      expect(await again.database.db.introspection.getTables()).to.deep.equal(before);
      expect(await again.read.settings.read('kept')).to.equal('value');
      expect(await again.read.settings.read('schema_version')).to.equal(newest);
    } finally {
      await again.database.close();
    }
  });

  it('a newer schema is refused in words, and left as it is', async () => {
    await storage().read.settings.write('schema_version', '999');
    const refused = await openStorage(storage().url).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(StorageError);
    expect((refused as StorageError).message).to.match(/schema 999.*up to \d+.*at least as new/);
    expect(await storage().read.settings.read('schema_version')).to.equal('999');
  });
}

/** Each: a row whose parent is not there. */
const orphans: Readonly<Record<string, (stores: Stores) => Promise<unknown>>> = {
  'a password of nobody': async ({ passwords }) => passwords.write('usr_x', { hash: 'x', state: 'set', expiresAt: null }, at),
  'a member of no group': async ({ groups, identities }) => {
    const ana = userRow('ana@example.com');
    await identities.insert(ana);
    return groups.addMember('grp_x', ana.id);
  },
  'a member who is nobody': async ({ groups }) => {
    const group = groupRow('platform');
    await groups.insert(group);
    return groups.addMember(group.id, 'usr_x');
  },
  'an access key of nobody': async ({ accessKeys }) => accessKeys.insert(accessKeyRow('robot', 'usr_x'), 'hash'),
  'a grant on no destination': async ({ grants }) => grants.insert({ ...grantRow('usr_x'), destinationId: 'dst_x' as never }),
};

function describeConstraints(storage: () => Storage): void {
  for (const [what, work] of Object.entries(orphans))
    it(`there is never ${what}`, async () => {
      const failed = await storage()
        .transact(work)
        .catch((error: unknown) => error);
      expect(failed).to.be.instanceOf(Error).and.not.instanceOf(DomainError);
      expect(isUniqueViolation(failed)).to.equal(false);
    });

  it('who still has a password or a membership is not removed from under them', async () => {
    const { read } = storage();
    const ana = userRow('ana@example.com');
    await read.identities.insert(ana);
    await read.passwords.write(ana.id, { hash: 'x', state: 'set', expiresAt: null }, at);
    expect(await read.identities.remove(ana.id).catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await read.identities.find(ana.id)).to.deep.include({ name: 'ana@example.com' });
  });

  for (const [code, insert] of Object.entries<(stores: Stores) => Promise<void>>({
    'identity.duplicate': async ({ identities }) => identities.insert(userRow('Ana@example.com')),
    'group.duplicate': async ({ groups }) => groups.insert(groupRow('platform')),
    'destination.duplicate': async ({ destinations }) => destinations.insert(destinationRow('prod')),
    'access-key.duplicate': async ({ accessKeys, identities }) => {
      const found = await identities.findByName('user', 'owner@example.com');
      const owner = found ?? userRow('owner@example.com');
      if (found === undefined) await identities.insert(owner);
      await accessKeys.insert(accessKeyRow('robot', owner.id), crypto.randomUUID());
    },
  }))
    it(`a second of the same name is ${code}, of two at once too`, async () => {
      const { transact } = storage();
      const outcomes = await Promise.allSettled([transact(insert), transact(insert), transact(insert)]);
      const codes = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'made' : (outcome.reason as DomainError).code));
      expect(codes.sort()).to.deep.equal([code, code, 'made'].sort());
    });

  it('the name of a removed destination is free again, and the record of the first remains', async () => {
    const { destinations } = storage().read;
    const first = destinationRow('prod');
    await destinations.insert(first);
    await destinations.markRemoved(first.id, at);
    const second = destinationRow('prod');
    await destinations.insert(second);
    expect((await destinations.findLiveByName('prod'))?.id).to.equal(second.id);
    expect(await destinations.find(first.id)).to.deep.include({ name: 'prod', removedAt: at });
  });
}

function describeTransactions(storage: () => Storage): void {
  const act = { by: { actor: { kind: 'system', id: null, name: 'infra-server' }, source: null }, now } as const;

  it('an error takes everything back: rows, feed entries, revision, audit; and nobody is woken', async () => {
    const { transact, read, bell } = storage();
    let woken = 0;
    bell.listen('dst_1', () => (woken += 1));
    const failed = await transact(async (stores) => {
      await stores.settings.write('half', 'done');
      await stores.identities.insert(userRow('ana@example.com'));
      await stores.feed.append([{ destinationId: 'dst_1', kind: 'identity', subjectId: 'usr_1' }], act);
      await stores.audit.record({ event: 'server.backed-up', act, details: {} });
      expect(stores.feed.change()).to.deep.equal({ revision: 1, destinations: ['dst_1'] });
      throw new Error('in the middle');
    }).catch((error: unknown) => error);
    expect(failed).to.have.property('message', 'in the middle');
    expect(await read.settings.read('half')).to.equal(undefined);
    expect(await read.identities.findByName('user', 'ana@example.com')).to.equal(undefined);
    expect(await read.feed.position()).to.deep.equal({ epoch: 'first', revision: 0, floor: 0 });
    expect(await read.feed.entriesSince('dst_1', 0)).to.deep.equal([]);
    expect(await read.feed.findChange(1)).to.equal(undefined);
    expect((await read.auditStore.list({ limit: 10 })).items).to.deep.equal([]);
    expect(woken).to.equal(0);
  });

  it('whoever is woken finds the change committed', async () => {
    const { transact, read, bell } = storage();
    const found = new Promise((resolve) => bell.listen('dst_1', () => resolve(read.feed.entriesSince('dst_1', 0))));
    await transact(async ({ feed }) => feed.append([{ destinationId: 'dst_1', kind: 'lease', subjectId: 'lse_1' }], act));
    expect(await found).to.deep.equal([{ destinationId: 'dst_1', kind: 'lease', subjectId: 'lse_1' }]);
  });

  it('transactions at the same time lose no update', async () => {
    const { transact, read } = storage();
    await read.settings.write('count', '0');
    const addOne = async () => transact(async ({ settings }) => settings.write('count', String(Number(await settings.read('count')) + 1)));
    await Promise.all(Array.from({ length: 30 }, addOne));
    expect(await read.settings.read('count')).to.equal('30');
  });
}
