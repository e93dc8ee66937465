/**
 * Mail that is due: whom about and why, written with the change it belongs to. Neither text nor link is kept: both are made when it goes out, so
 * the database holds no link that opens anything.
 */
import { toTime } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';

/** `reset-asked`: by whoever typed an email · `reset-ordered`: by an admin · `password-replaced`: tells that it happened. */
export type MailKind = 'reset-asked' | 'reset-ordered' | 'password-replaced';

/** Whoever it is about: an email that somebody typed and that may be nobody's, or an identity. */
export type MailAbout = { readonly email: string } | { readonly identityId: string };

export interface OutgoingMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly about: MailAbout;
  readonly attempts: number;
  readonly dueAt: string;
  readonly createdAt: string;
}

export interface OutgoingMailStore {
  add(kind: MailKind, about: MailAbout, now: number): Promise<void>;
  /** The longest overdue first. */
  due(now: string, limit: number): Promise<OutgoingMail[]>;
  /** Counts an attempt before it is made. Of two that race one may; false: not this one. */
  claim(mail: OutgoingMail, dueAgainAt: string): Promise<boolean>;
  remove(id: string): Promise<void>;
  removeEverything(): Promise<void>;
}

export function createOutgoingMailStore(db: Handle): OutgoingMailStore {
  return {
    add: async (kind, about, now) =>
      void (await db
        .insertInto('outgoing_mails')
        .values({
          id: newId('mail', now),
          kind,
          email: 'email' in about ? about.email : null,
          identity_id: 'identityId' in about ? about.identityId : null,
          attempts: 0,
          // A moment later: a link that is made for a new password is younger than the password, by the clock too.
          due_at: toTime(now + 1),
          created_at: toTime(now),
        })
        .execute()),
    due: async (now, limit) =>
      (await db.selectFrom('outgoing_mails').selectAll().where('due_at', '<=', now).orderBy('due_at').limit(limit).execute()).map(fromRow),
    claim: async (mail, dueAgainAt) => {
      const taken = await db
        .updateTable('outgoing_mails')
        .set({ attempts: mail.attempts + 1, due_at: dueAgainAt })
        .where('id', '=', mail.id)
        .where('attempts', '=', mail.attempts)
        .executeTakeFirst();
      return taken.numUpdatedRows === 1n;
    },
    remove: async (id) => void (await db.deleteFrom('outgoing_mails').where('id', '=', id).execute()),
    removeEverything: async () => void (await db.deleteFrom('outgoing_mails').execute()),
  };
}

// Rows were checked on their way in.
const fromRow = (row: Database['outgoing_mails']): OutgoingMail => ({
  id: row.id,
  kind: row.kind as MailKind,
  about: row.identity_id === null ? { email: row.email ?? '' } : { identityId: row.identity_id },
  attempts: row.attempts,
  dueAt: row.due_at,
  createdAt: row.created_at,
});
