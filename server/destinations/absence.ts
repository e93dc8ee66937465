/** Whether a destination is out of contact. Of one that is in contact memory knows it, and nothing is looked up. */
import type { ConnectorStore } from './connector-store.ts';
import type { Presence } from './presence.ts';

/** Null: a connector of it is in contact; else when one was last heard of. */
export type Absence = (destinationId: string) => Promise<{ readonly lastSeenAt: string | null } | null>;

export interface AbsenceOptions {
  readonly connectors: Pick<ConnectorStore, 'contacts'>;
  readonly presence: Pick<Presence, 'isReached'>;
}

export const createAbsence =
  ({ connectors, presence }: AbsenceOptions): Absence =>
  async (destinationId) => {
    if (presence.isReached(destinationId)) return null;
    const contacts = await connectors.contacts([destinationId]);
    const seen = contacts.map(({ lastSeenAt }) => lastSeenAt).filter((at) => at !== null);
    return { lastSeenAt: seen.sort().at(-1) ?? null };
  };
