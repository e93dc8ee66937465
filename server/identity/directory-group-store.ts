/** By what a provider's directory knows our groups: it stays when a group is called something else there, and goes with the group. */
import type { GroupId } from '../../shared/api/values.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

export interface DirectoryGroup {
  readonly groupId: GroupId;
  readonly providerId: string;
  readonly directoryId: string;
  /** When its name was last told; null: never. */
  readonly namedAt: string | null;
}

export interface DirectoryGroupStore {
  insert(group: DirectoryGroup): Promise<void>;
  /** Those of a provider with one of these ids. */
  find(providerId: string, directoryIds: readonly string[]): Promise<DirectoryGroup[]>;
  setNamed(groupIds: readonly string[], at: string): Promise<void>;
}

export function createDirectoryGroupStore(db: Handle): DirectoryGroupStore {
  return {
    insert: async (group) => void (await db.insertInto('directory_groups').values(toRow(group)).execute()),
    find: async (providerId, directoryIds) => {
      if (directoryIds.length === 0) return [];
      const query = db.selectFrom('directory_groups').selectAll().where('provider_id', '=', providerId);
      return (await query.where('directory_id', 'in', [...directoryIds]).execute()).map(fromRow);
    },
    setNamed: async (groupIds, at) => {
      if (groupIds.length > 0)
        await db
          .updateTable('directory_groups')
          .set({ named_at: at })
          .where('group_id', 'in', [...groupIds])
          .execute();
    },
  };
}

const toRow = (group: DirectoryGroup): Database['directory_groups'] => ({
  group_id: group.groupId,
  provider_id: group.providerId,
  directory_id: group.directoryId,
  named_at: group.namedAt,
});
// Rows were checked on their way in.
const fromRow = (row: Database['directory_groups']): DirectoryGroup => ({
  groupId: row.group_id as GroupId,
  providerId: row.provider_id,
  directoryId: row.directory_id,
  namedAt: row.named_at,
});
