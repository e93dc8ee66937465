/** What the suite of the audit tries each change on, and how it writes down what it expects. */
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import type { Destination } from '../../shared/api/destinations.ts';
import type { Call } from '../../shared/client.ts';
import { adminEmail, newPerson, type RunningServer } from '../support/server.ts';
import type { OidcProvider } from '../support/oidc-provider.ts';

/** What a change is tried on: made before, so that its own events do not count. */
export interface Stage {
  readonly server: RunningServer;
  readonly admin: Call;
  /** Without rights, logged in. */
  readonly person: Awaited<ReturnType<typeof newPerson>> & { readonly email: string };
  readonly destination: Destination;
  readonly joinToken: string;
  readonly idp: OidcProvider;
  /** What is done once the events were looked at. */
  readonly cleanUp: (() => Promise<unknown>)[];
  /** Not used in any other stage. */
  readonly name: string;
}

export interface AuditedChange {
  /** Arranges, and gives the change itself. */
  readonly arrange: (stage: Stage) => Promise<() => Promise<unknown>>;
  /** `event actor target`, oldest first; `PERSON`, `ADMIN`, `PROD` and `NAME` stand for what the stage called them. */
  readonly writes: readonly string[];
}

let stages = 0;
export async function newStage(server: RunningServer, idp: OidcProvider): Promise<Stage> {
  const name = `stage-${(stages += 1)}`;
  const admin = await server.admin();
  const email = `${name}@example.com`;
  const person = { ...(await newPerson(server, email)), email };
  const { destination, joinToken } = await admin(api.destinations.create, { body: { name: `${name}-prod` } });
  return { server, admin, person, destination, joinToken, idp, cleanUp: [], name };
}

/** A line of `writes` with the names of the stage. */
export const inStage = (line: string, { name, person, destination }: Stage): string =>
  line.replaceAll('PERSON', person.email).replaceAll('ADMIN', adminEmail).replaceAll('PROD', destination.name).replaceAll('NAME', name);

export const password = 'a lantern in the harbour';
/** Ids of rows that were made a moment ago have lost their brand on the way. */
export const at = (id: string): { readonly params: { readonly id: never } } => ({ params: { id: id as never } });
export const lease = async ({ person, destination }: Stage) =>
  person.call(api.leases.create, { body: { destination: destination.id, csr: createKeyPair().certificateRequest } });
export const grantTo = async ({ admin, destination }: Stage, subject: string) =>
  admin(api.grants.create, { body: { subject, role: 'view', resource: destination.name } });
