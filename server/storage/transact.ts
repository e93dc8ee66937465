/**
 * Transactions as services see them: `work` gets stores bound to the transaction, may run twice, and must touch nothing else; using a store
 * from outside in it would deadlock SQLite and silently escape the transaction on PostgreSQL.
 */
import type { Kysely } from 'kysely';
import type { ChangeBell, ChangeFeed } from './change-feed.ts';
import type { Handle } from './database.ts';
import type { Database } from './schema.ts';

export type Transact<Stores> = <Result>(work: (stores: Stores) => Promise<Result>) => Promise<Result>;

export function createTransact<Stores extends { readonly feed: ChangeFeed }>(
  db: Kysely<Database>,
  bind: (handle: Handle) => Stores,
  bell: ChangeBell,
  committed: (stores: Stores) => void = () => undefined,
): Transact<Stores> {
  return async (work) => {
    const { result, stores } = await db.transaction().execute(async (tx) => {
      const stores = bind(tx);
      return { result: await work(stores), stores };
    });
    // After the commit: whoever is woken must find the new revision.
    const change = stores.feed.change();
    if (change !== null) bell.ring(change);
    committed(stores);
    return result;
  };
}
