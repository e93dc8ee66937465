/** Where destinations are and how each is reached: what goes into a kubeconfig. No secret, and no right either. */
import type { DirectoryEntry } from '../../shared/api/destinations.ts';
import type { ConnectorStore } from './connector-store.ts';
import type { DestinationRecord } from './destination-store.ts';
import type { Presence } from './presence.ts';
import type { Tunnels } from './tunnels.ts';

export interface DirectoryOptions {
  readonly connectors: Pick<ConnectorStore, 'contacts'>;
  readonly presence: Presence;
  readonly tunnels: Tunnels;
  /** The name in the certificate of a destination's connector. */
  readonly serverNameOf: (destinationId: string) => string;
  /** `HOST:PORT` that kubectl reaches the relay by. */
  readonly relayAddress: string;
}

/** Entries in the order of the records. */
export type Directory = (records: readonly DestinationRecord[]) => Promise<DirectoryEntry[]>;

export const createDirectory =
  ({ connectors, presence, tunnels, serverNameOf, relayAddress }: DirectoryOptions): Directory =>
  async (records) => {
    const contacts = await connectors.contacts(records.map(({ id }) => id));
    return records.map(({ id, name, kind, address }) => {
      const ofThis = contacts.filter(({ destinationId }) => destinationId === id);
      const seen = ofThis.map(({ lastSeenAt }) => lastSeenAt).filter((at) => at !== null);
      return {
        id,
        name,
        kind,
        address,
        tlsServerName: serverNameOf(id),
        relayAddress,
        tunnels: tunnels.countTo(id),
        online: ofThis.some((connector) => presence.isOnline(connector.id)),
        lastSeenAt: seen.sort().at(-1) ?? null,
      };
    });
  };
