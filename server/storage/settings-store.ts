/** Values that belong to the installation and not to a process: trust domain, marker of the root key. */
import type { Handle } from './database.ts';

export interface SettingsStore {
  read(key: string): Promise<string | undefined>;
  write(key: string, value: string): Promise<void>;
}

export function createSettingsStore(db: Handle): SettingsStore {
  return {
    read: async (key) => (await db.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst())?.value,
    write: async (key, value) => {
      await db.deleteFrom('settings').where('key', '=', key).execute();
      await db.insertInto('settings').values({ key, value }).execute();
    },
  };
}
