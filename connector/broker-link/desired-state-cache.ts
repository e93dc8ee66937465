/** The last desired state on disk, so that a connector starts and serves with the server away, and no acknowledged revocation is forgotten. */
import { z } from 'zod';
import { desiredDestination, desiredIdentity, desiredLease } from '../../shared/api/connectors.ts';
import type { KnownState } from './desired-state-rules.ts';
import type { StateDirectory } from './state-directory.ts';

const stateFile = 'desired-state.json';
const contactFile = 'last-contact.json';

const stored = z.object({
  epoch: z.string(),
  revision: z.int(),
  destination: desiredDestination,
  identities: z.array(desiredIdentity),
  leases: z.array(desiredLease),
});

const contact = z.object({ lastContact: z.number(), clockOffset: z.number() });
export type Contact = z.output<typeof contact>;

export interface DesiredStateCache {
  load(): KnownState | undefined;
  /** On disk when it returns. */
  store(state: KnownState): void;
  loadContact(): Contact | undefined;
  storeContact(contact: Contact): void;
}

export function createDesiredStateCache(directory: StateDirectory): DesiredStateCache {
  return {
    load: () => {
      const text = directory.read(stateFile);
      if (text === undefined) return undefined;
      const { identities, leases, ...rest } = stored.parse(JSON.parse(text));
      return {
        ...rest,
        identities: new Map(identities.map((identity) => [identity.id as string, identity])),
        leases: new Map(leases.map((lease) => [lease.id as string, lease])),
      };
    },
    store: (state) => {
      const plain = { ...state, identities: [...state.identities.values()], leases: [...state.leases.values()] };
      directory.write(stateFile, `${JSON.stringify(plain)}\n`);
    },
    loadContact: () => {
      const text = directory.read(contactFile);
      return text === undefined ? undefined : contact.parse(JSON.parse(text));
    },
    storeContact: (value) => directory.write(contactFile, `${JSON.stringify(value)}\n`),
  };
}
