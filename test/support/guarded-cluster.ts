/**
 * A server, a connector in front of a real cluster, a namespace, and people: what most tests of the connector's doings arrange. The connector
 * reaches the cluster by the token of a service account of its own, as it does in production.
 */
import type { ConnectorAccount } from '../../scripts/kubernetes/connector-account.ts';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import type { Cluster } from './clusters.ts';
import { connectorClient, type ClientCertificate, type ConnectorClient } from './connector-client.ts';
import { newConnectorAccount } from './connector-account.ts';
import { startConnector, type ConnectorWish, type RunningConnectorProgram } from './connector.ts';
import { loginWithPassword, newTerminal, type Terminal } from './infra.ts';
import { kubectlOrThrow } from './kubectl.ts';
import { newLease, type LeasedCertificate } from './lease.ts';
import { newPerson, startServer, type RunningServer, type ServerWish } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface GuardedClusterWish {
  readonly cluster: Cluster;
  /** Begins the names of destination and namespaces; the files of a run share a cluster. */
  readonly name: string;
  readonly server?: ServerWish;
  readonly connector?: Partial<Pick<ConnectorWish, 'settings' | 'variables' | 'env' | 'reach'>>;
}

export interface GrantWish {
  readonly role: string;
  /** Absent: the namespace of the test; null: the whole cluster. */
  readonly namespace?: string | null;
  readonly until?: string;
}

export interface Person {
  readonly email: string;
  readonly id: string;
  readonly call: Call;
  /** Of the session. */
  readonly secret: string;
  grant(wish: GrantWish): Promise<string>;
  lease(): Promise<LeasedCertificate>;
  /** With a new lease. */
  client(): Promise<ConnectorClient>;
  /** A machine of theirs, logged in. */
  terminal(): Promise<Terminal>;
}

export interface GuardedCluster {
  readonly cluster: Cluster;
  readonly server: RunningServer;
  readonly connector: RunningConnectorProgram;
  readonly namespace: string;
  /** The connector's own account in the cluster, with the rights of docs/connector-rbac.yaml. */
  readonly account: ConnectorAccount;
  /** As the admin of infra. */
  readonly call: Call;
  /** As the cluster's own admin, past infra. */
  admin(...args: readonly string[]): Promise<string>;
  person(name: string, ...grants: readonly GrantWish[]): Promise<Person>;
  client(certificate?: ClientCertificate): ConnectorClient;
  stop(): Promise<void>;
}

export async function guardCluster(wish: GuardedClusterWish): Promise<GuardedCluster> {
  const { cluster } = wish;
  const name = `${wish.name}-${process.pid}`;
  const admin = async (...args: readonly string[]): Promise<string> => kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, ...args);
  await admin('create', 'namespace', name);
  const account = await newConnectorAccount(cluster, `${name}-infra`);
  const server = await startServer(wish.server);
  const connector = await startConnector({
    server,
    cluster: { ...cluster, adminKubeconfig: account.kubeconfig },
    destination: name,
    ...wish.connector,
    variables: { NAMESPACE: account.namespace, ...wish.connector?.variables },
  });
  const call = await server.admin();
  const guarded: GuardedCluster = {
    cluster,
    server,
    connector,
    namespace: name,
    account,
    call,
    admin,
    person: async (local, ...grants) => createPerson(guarded, `${local}@example.com`, grants),
    client: (certificate) =>
      connectorClient({ port: connector.port, serverName: connector.serverName, ca: server.info.rootCertificate }, certificate),
    stop: async () => {
      await connector.stop('SIGKILL');
      await server.stop('SIGKILL');
      await admin('delete', 'rolebindings,clusterrolebindings', '-A', '-l', `infra.internal/destination=${connector.destination.id}`);
      await account.remove();
      await admin('delete', 'namespace', name, '--wait=false');
    },
  };
  return guarded;
}

async function createPerson(guarded: GuardedCluster, email: string, grants: readonly GrantWish[]): Promise<Person> {
  const { call, server, connector, namespace } = guarded;
  const { password, ...opened } = await newPerson(server, email);
  const lease = async (): Promise<LeasedCertificate> => newLease(opened.call, connector.destination.id);
  const grant = async ({ role, namespace: place = namespace, until }: GrantWish): Promise<string> => {
    const resource = place === null ? connector.destination.name : `${connector.destination.name}.${place}`;
    const { grant: made } = await call(api.grants.create, {
      body: { subject: email, role, resource, ...(until === undefined ? {} : { until }) },
    });
    return made.id;
  };
  for (const each of grants) await applied(guarded, await grant(each));
  return {
    ...opened,
    email,
    grant,
    lease,
    client: async () => guarded.client(await lease()),
    terminal: async () => {
      const terminal = newTerminal();
      await loginWithPassword(terminal, server, { email, password });
      const used = await terminal.infra(['use', connector.destination.name]);
      if (used.code !== 0) throw new Error(used.stderr);
      return terminal;
    },
  };
}

async function applied({ call }: GuardedCluster, id: string): Promise<void> {
  const isApplied = async (): Promise<boolean> => (await call(api.grants.get, { params: { id } })).state.state === 'applied';
  await waitFor(isApplied, { within: 15, what: 'the grant to be applied' });
}
