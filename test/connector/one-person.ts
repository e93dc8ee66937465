/** For each test a server double of its own, where one person may read one namespace of a real cluster, and a connector in between. */
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { newConnectorAccount, type TestAccount } from '../support/connector-account.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { FakeServer, type Credential } from './fake-server.ts';
import { RunningConnector, until } from './running-connector.ts';

export interface OnePerson {
  server: FakeServer;
  connector: RunningConnector;
  credential: Credential;
  /** The namespace, and what the person may read in it. */
  readonly namespace: string;
  readonly path: string;
  admin(...args: readonly string[]): Promise<string>;
  /** Starts the connector and waits until the person gets in. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
}

/** Registers mocha's hooks where it is called; what it gives is filled by them. */
export function onePerson(name: string): OnePerson {
  let cluster: Cluster;
  let account: TestAccount;
  const namespace = `${name}-${process.pid}`;
  const scene = {
    namespace,
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    admin: async (...args: readonly string[]) => kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, ...args),
    start: async (env: Readonly<Record<string, string>> = {}) => {
      scene.connector = await RunningConnector.start({ server: scene.server, kubeconfig: account.kubeconfig, env });
      await until(async () => (await scene.connector.request(scene.credential, scene.path)).status === 200, 'the person reads');
    },
  } as OnePerson;

  before(async () => {
    cluster = await controlPlane();
    await scene.admin('create', 'namespace', namespace);
    account = await newConnectorAccount(cluster, `${namespace}-infra`);
  });
  after(async () => {
    await account.remove();
    await scene.admin('delete', 'namespace', namespace, '--wait=false');
  });
  beforeEach(async () => {
    scene.server = await FakeServer.start();
    const { id } = scene.server.addUser('ana@example.com', [{ role: 'view', namespace }]);
    scene.credential = await scene.server.issue(id);
  });
  afterEach(async () => {
    await scene.connector.stop();
    await scene.server.stop();
    await scene.admin('delete', 'rolebindings,clusterrolebindings', '-A', '-l', `infra.internal/destination=${scene.server.destinationId}`);
  });
  return scene;
}
