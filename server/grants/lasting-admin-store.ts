/** Who can administer infra for good: active people who hold `admin` on infra without an end, and have a way in. */
import type { Handle } from '../storage/database.ts';

/** Of them, besides one, `limit` at most. Whom a directory keeps out counts by a password alone. */
export async function lastingAdmins(db: Handle, besides: string, limit: number): Promise<string[]> {
  const admins = db
    .selectFrom('grants')
    .select('subject_id')
    .where('ended_at', 'is', null)
    .where('destination_id', 'is', null)
    .where('role', '=', 'admin')
    .where('until', 'is', null);
  const members = db
    .selectFrom('group_members')
    .innerJoin('groups', 'groups.id', 'group_members.group_id')
    .select('identity_id as subject_id')
    .where('group_id', 'in', admins)
    // An identity provider may empty its groups at any time, and asks nobody here.
    .where('provider', '=', '');
  const withPassword = db.selectFrom('passwords').select('identity_id').where('state', '=', 'set');
  const rows = await db
    .selectFrom('identities')
    .select('id')
    .where('kind', '=', 'user')
    .where('status', '=', 'active')
    .where('id', '!=', besides)
    .where((eb) =>
      eb.or([
        eb('id', 'not in', db.selectFrom('provisioned_users').select('identity_id').where('active', '=', 0)),
        eb('id', 'in', withPassword),
      ]),
    )
    // Who was taken off their account comes in by another, or not at all.
    .where((eb) =>
      eb.or([
        eb('id', 'not in', db.selectFrom('accounts').select('identity_id').where('state', '=', 'unlinked')),
        eb('id', 'in', db.selectFrom('accounts').select('identity_id').where('state', '!=', 'unlinked')),
        eb('id', 'in', withPassword),
      ]),
    )
    .where('id', 'in', admins.union(members))
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}
