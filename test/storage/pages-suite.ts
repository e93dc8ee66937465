/** Lists read page by page while others write: each row that was there all the time is shown once, no row twice. */
import { expect } from 'chai';
import { pageQuery, type Page, type PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { describeUsers } from '../../server/identity/user-description.ts';
import type { Stores } from '../../server/stores.ts';
import { accessKeyRow, at, destinationRow, grantRow, groupRow, now, userRow, type Storage } from './fresh-database.ts';

interface List {
  readonly insert: (stores: Stores, name: string) => Promise<void>;
  readonly page: (stores: Stores, request: PageRequest) => Promise<Page<{ readonly id: string }>>;
}

const system = { by: { actor: { kind: 'system', id: null, name: 'infra-server' }, source: null }, now } as const;
/** As long as an email may be, and not of ASCII: its cursor is as long as cursors get. */
const longEmail = (name: string): string => `${name}@${'ü'.repeat(30)}.${'d'.repeat(60)}.${'e'.repeat(60)}.example`;

const lists: Readonly<Record<string, List>> = {
  users: {
    insert: async ({ identities }, name) => identities.insert(userRow(longEmail(name))),
    page: async ({ identities }, request) => identities.list({ ...request, kind: 'user' }),
  },
  groups: {
    insert: async ({ groups }, name) => groups.insert(groupRow(name)),
    page: async ({ groups }, request) => groups.list(request),
  },
  members: {
    insert: async ({ groups, identities }, name) => {
      const group = (await groups.findNamed('all')) ?? groupRow('all');
      if (!('memberCount' in group)) await groups.insert(group);
      const user = userRow(longEmail(name));
      await identities.insert(user);
      await groups.addMember(group.id, user.id);
    },
    page: async ({ groups }, request) => groups.members((await groups.findNamed('all'))?.id ?? '', request),
  },
  destinations: {
    insert: async ({ destinations }, name) => destinations.insert(destinationRow(name)),
    page: async ({ destinations }, request) => destinations.list(request),
  },
  'access keys': {
    insert: async ({ accessKeys, identities }, name) => {
      const owner = userRow(`${name}@example.com`);
      await identities.insert(owner);
      await accessKeys.insert(accessKeyRow(name, owner.id), name);
    },
    page: async ({ accessKeys }, request) => accessKeys.list(request),
  },
  grants: {
    insert: async ({ grants }, name) => grants.insert(grantRow(name)),
    page: async ({ grants }, request) => grants.list({ ...request, at }),
  },
  'audit events of one moment': {
    insert: async ({ audit }) => audit.record({ event: 'server.backed-up', act: system, details: {} }),
    page: async ({ auditStore }, request) => auditStore.list(request),
  },
};

export function describePages(storage: () => Storage): void {
  it('users of a page are described together, each with what is theirs', async () => {
    const { identities, groups, passwords, ...stores } = storage().read;
    const [ana, bob, none] = ['ana', 'bob', 'none'].map((name) => userRow(`${name}@example.com`));
    if (ana === undefined || bob === undefined || none === undefined) throw new Error('three were made');
    for (const user of [ana, bob, none]) await identities.insert(user);
    const [crew, all] = [groupRow('crew'), { ...groupRow('all'), provider: 'acme' }];
    for (const group of [crew, all]) await groups.insert(group);
    for (const [group, user] of [
      [crew, ana],
      [all, ana],
      [all, bob],
    ] as const)
      await groups.addMember(group.id, user.id);
    await passwords.write(bob.id, { hash: 'hash', state: 'one-time', expiresAt: null }, at);
    const described = await describeUsers({ groups, passwords, ...stores }, [bob, none, ana]);
    expect(described.map(({ email, password, groups: held }) => [email, password, held.map(({ name }) => name)])).to.deep.equal([
      ['bob@example.com', 'one-time', ['acme/all']],
      ['none@example.com', 'none', []],
      ['ana@example.com', 'none', ['acme/all', 'crew']],
    ]);
    expect(await describeUsers({ groups, passwords, ...stores }, [])).to.deep.equal([]);
  });

  for (const [what, { insert, page }] of Object.entries(lists)) {
    it(`pages of ${what} are complete and show nothing twice while rows are added`, async () => {
      const { read } = storage();
      // Names before, between and behind those that were there.
      for (let index = 0; index < 10; index += 1) await insert(read, `m${index}`);
      const before = (await page(read, { limit: 1000 })).items.map(({ id }) => id);
      expect(before).to.have.length(10);
      const shown: string[] = [];
      let cursor: string | null = '';
      for (let round = 0; cursor !== null; round += 1) {
        // What the API takes back is what it gave.
        const request: PageRequest = pageQuery.parse(cursor === '' ? { limit: 3 } : { limit: 3, cursor });
        const { items, nextCursor } = await page(read, request);
        expect(items.length).to.be.within(nextCursor === null ? 0 : 3, 3);
        shown.push(...items.map(({ id }) => id));
        cursor = nextCursor;
        if (round < 4) for (const name of [`a${round}`, `m${round}x`, `z${round}`]) await insert(read, name);
      }
      expect(new Set(shown).size).to.equal(shown.length);
      expect(shown).to.include.members(before);
    });

    it(`pages of ${what} end with the last row, and an empty list has one empty page`, async () => {
      const { read } = storage();
      expect(await page(read, { limit: 3 })).to.deep.equal({ items: [], nextCursor: null });
      for (const name of ['a', 'b', 'c']) await insert(read, name);
      expect((await page(read, { limit: 3 })).nextCursor).to.equal(null);
      expect((await page(read, { limit: 2 })).nextCursor).to.be.a('string');
    });
  }

  it('a cursor that we did not give is refused', async () => {
    for (const cursor of ['', 'x', Buffer.from('{"key":"a"}').toString('base64url'), Buffer.from('["a"]').toString('base64url')]) {
      const refused = await storage()
        .read.groups.list({ limit: 3, cursor })
        .catch((error: unknown) => error);
      expect(refused, cursor).to.be.instanceOf(DomainError).with.property('code', 'request.invalid');
    }
  });
}
