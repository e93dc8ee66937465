/** The destination `local` and its connector beside the cluster. */
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createConnectorAccount } from '../kubernetes/connector-account.ts';
import type { GuardedCluster } from './cluster.ts';
import { QuickstartError, type Say } from './fault.ts';
import type { Person } from './login.ts';
import type { QuickstartServer } from './server.ts';
import { runningService, startService, untilService } from './service.ts';

export const destination = 'local';

export interface QuickstartConnector {
  /** What kubectl could connect to; undefined: it opens no port. */
  readonly address: string | undefined;
  /** Of its health, for this machine alone. */
  readonly healthAddress: string;
}

export async function openConnector(parts: {
  directory: string;
  server: QuickstartServer;
  cluster: GuardedCluster;
  person: Person;
  relayOnly: boolean;
  say: Say;
}): Promise<QuickstartConnector> {
  const { directory, server, cluster, person, relayOnly, say } = parts;
  const running = runningConnector(directory, relayOnly);
  if (running !== undefined) return running;
  const address = relayOnly ? undefined : `127.0.0.1:${await freePort()}`;
  const healthAddress = `127.0.0.1:${await freePort()}`;
  const joinToken = await joinTokenFor(person);
  const account = await createConnectorAccount({ ...cluster, namespace: 'infra', kubeconfig: join(directory, 'connector-kubeconfig') });
  say(`starting infra-connector ${address === undefined ? 'without a port of its own' : `on ${address}`}`);
  startService({
    directory,
    program: 'connector',
    facts: { address: address ?? '', healthAddress },
    env: {
      INFRA_CONNECTOR_SERVER: server.url,
      INFRA_CONNECTOR_TOKEN: joinToken,
      ...(address === undefined
        ? { INFRA_CONNECTOR_RELAY_ONLY: 'on' }
        : { INFRA_CONNECTOR_LISTEN: address, INFRA_CONNECTOR_ADDRESS: address }),
      INFRA_CONNECTOR_STATE_DIR: join(directory, 'connector'),
      INFRA_CONNECTOR_KUBECONFIG: account.kubeconfig,
      INFRA_CONNECTOR_NAMESPACE: account.namespace,
      INFRA_CONNECTOR_HEALTH_LISTEN: healthAddress,
    },
  });
  await untilService(directory, 'connector', async () => ((await fetch(`http://${healthAddress}/readyz`)).ok ? true : undefined));
  await grantToAdmin(person, server.adminEmail);
  return { address, healthAddress };
}

function runningConnector(directory: string, relayOnly: boolean): QuickstartConnector | undefined {
  const facts = runningService(directory, 'connector');
  if (facts === undefined) return undefined;
  const address = facts['address'] ?? '';
  if (relayOnly !== (address === ''))
    throw new QuickstartError(
      'a quickstart of the other kind (with or without --relay) is running; stop it first: ./scripts/quickstart --stop',
    );
  return { address: relayOnly ? undefined : address, healthAddress: facts['healthAddress'] ?? '' };
}

/** A new token every time: an enrolled connector does not look at it, one that lost its state needs it. */
async function joinTokenFor(person: Person): Promise<string> {
  const known = JSON.parse(await person.infra(['destinations', 'list', '--format', 'json'])) as readonly { readonly name: string }[];
  const words = known.some(({ name }) => name === destination) ? ['token', destination] : ['add', destination];
  const made = JSON.parse(await person.infra(['destinations', ...words, '--format', 'json'])) as { readonly joinToken: string };
  return made.joinToken;
}

/** Nobody reaches anything without a grant, the admin neither. */
async function grantToAdmin(person: Person, email: string): Promise<void> {
  const grants = JSON.parse(await person.infra(['grants', 'list', '--format', 'json'])) as readonly {
    readonly resource: string;
    readonly role: string;
  }[];
  if (grants.some(({ resource, role }) => resource === destination && role === 'cluster-admin')) return;
  await person.infra(['grants', 'add', email, '--role', 'cluster-admin', destination, '--reason', 'quickstart', '--wait']);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
