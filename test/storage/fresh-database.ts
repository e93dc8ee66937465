/** A database with our schema and nothing in it, the product's stores on it, and further handles to the same one. */
import { bindStores, type Stores } from '../../server/stores.ts';
import { createChangeBell, type ChangeBell } from '../../server/storage/change-feed.ts';
import { openDatabase, type OpenDatabase } from '../../server/storage/database.ts';
import { createTransact, type Transact } from '../../server/storage/transact.ts';
import { newId, type IdKind } from '../../shared/id.ts';

export interface Storage {
  readonly url: string;
  readonly database: OpenDatabase;
  readonly read: Stores;
  readonly transact: Transact<Stores>;
  readonly bell: ChangeBell;
}

/** The time of everything here, in milliseconds. */
export const now = Date.parse('2026-01-31T12:00:00.000Z');
export const at = '2026-01-31T12:00:00.000Z';
const clock = { now: () => now };

export async function openStorage(url: string): Promise<Storage> {
  const database = await openDatabase(url);
  const bell = createChangeBell();
  const bind = (handle: OpenDatabase['db']): Stores => bindStores(handle, clock);
  return {
    url,
    database,
    bell,
    read: bind(database.db),
    transact: createTransact(database.db, (handle) => bindStores(handle, clock), bell),
  };
}

/** Also the first epoch, without which nothing is a change. */
export async function openFreshStorage(url: string): Promise<Storage> {
  const storage = await openStorage(url);
  await storage.read.feed.startEpoch('first');
  return storage;
}

/** An id of that kind under whichever brand the place asks for. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the brand is known to the caller alone
export const idOf = <Id extends string>(kind: IdKind): Id => newId(kind, now) as Id;

export const userRow = (name: string) => ({
  id: idOf<never>('user'),
  kind: 'user' as const,
  name,
  status: 'active' as const,
  createdAt: at,
  lastLoginAt: null,
});
export const groupRow = (name: string) => ({ id: idOf('group'), name, createdAt: at });
export const destinationRow = (name: string) => ({
  id: idOf<never>('destination'),
  name,
  kind: 'kubernetes' as const,
  address: null,
  createdAt: at,
  removedAt: null,
  settings: { leaseTtlSeconds: null, stalenessLimitSeconds: 3600, auditMode: 'required' as const, userPrefix: 'infra:' },
  clusterUid: null,
  discovery: null,
});
export const accessKeyRow = (name: string, identityId: string) => ({
  id: idOf<never>('accessKey'),
  name,
  // An id of an identity made here.
  identityId: identityId as never,
  createdAt: at,
  createdBy: 'admin@example.com',
  expiresAt: '2099-01-01T00:00:00.000Z',
  idleSeconds: null,
  lastUsedAt: null,
});
export const grantRow = (subjectId: string) => ({
  id: idOf<never>('grant'),
  subject: { kind: 'user' as const, id: subjectId },
  role: 'view',
  destinationId: null,
  namespace: null,
  until: null,
  mfaSeconds: null,
  reason: null,
  createdAt: at,
  createdBy: 'admin@example.com',
});
