/** A kube-apiserver that ends and comes back at the same address: nobody has to touch the connector. */
import { expect } from 'chai';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '../../scripts/kubernetes/control-plane.ts';
import { clustersFolder } from '../support/clusters.ts';
import { newConnectorAccount } from '../support/connector-account.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { FakeServer, type Credential } from './fake-server.ts';
import { RunningConnector, until } from './running-connector.ts';

describe('connector: a kube-apiserver that restarts', function () {
  this.timeout(120_000);
  let cluster: ControlPlane;
  let server: FakeServer;
  let connector: RunningConnector;
  let credential: Credential;
  let userId: string;
  const own = 'restart';
  const path = `/api/v1/namespaces/${own}/configmaps`;
  const admin = async (...args: readonly string[]) => kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, ...args);
  const status = async (): Promise<number> => (await connector.request(credential, path)).status;

  before(async () => {
    // Of its own: the others share theirs.
    cluster = await startControlPlane({ directory: join(clustersFolder, `restart-${process.pid}`) });
    await admin('create', 'namespace', own);
    // Added up by a controller, which may not get to it any more once its API server was away.
    const edit = async (): Promise<string> => admin('get', 'clusterrole', 'edit', '-o', 'jsonpath={.rules}');
    await until(async () => (await edit()).includes('configmaps'), 'the role edit is whole', 20_000);
    server = await FakeServer.start();
    userId = server.addUser('ana@example.com', [{ role: 'view', namespace: own }]).id;
    credential = await server.issue(userId);
    const account = await newConnectorAccount(cluster, `${own}-infra`);
    connector = await RunningConnector.start({ server, kubeconfig: account.kubeconfig });
    await until(async () => (await status()) === 200, 'the person reads');
  });
  after(async () => {
    await connector.stop();
    await server.stop();
    await cluster.stop();
  });

  it('open watches end, requests meanwhile are 503 and name the leg that failed', async () => {
    const watch = await connector.watch(credential, `${path}?watch=true`);
    expect(watch.status).to.equal(200);
    await cluster.killApiServer();
    await until(() => watch.closedAt !== undefined, 'the watch ends', 3000);
    const answer = await connector.request(credential, path);
    expect(answer.status, answer.text).to.equal(503);
    expect(JSON.parse(answer.text)).to.include({ kind: 'Status', reason: 'ServiceUnavailable' });
    expect(answer.text).to.contain('the connector cannot reach the kube-apiserver (it refuses connections)');
    expect(connector.exitCode).to.equal(null);
  });

  it('a grant that comes meanwhile waits', async () => {
    server.setGrants(userId, [
      { role: 'view', namespace: own },
      { role: 'edit', namespace: own },
    ]);
    await until(
      () => server.acknowledgements.some(({ kind, revision }) => kind === 'enforced' && revision === server.revision),
      'enforced',
    );
    expect(server.acknowledgements.some(({ kind, revision }) => kind === 'applied' && revision === server.revision)).to.equal(false);
  });

  it('afterwards requests, watches, bindings and what the connector itself watches are back by themselves', async () => {
    await cluster.startApiServer();
    await until(async () => (await status()) === 200, 'the person reads again', 10_000);
    await until(
      () => server.acknowledgements.some(({ kind, revision }) => kind === 'applied' && revision === server.revision),
      'the grant of meanwhile is applied',
      15_000,
    );
    const watch = await connector.watch(credential, `${path}?watch=true`);
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'after' } });
    const post = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    // Written is not known yet: the API server's authorizer follows its own watch, which has just begun.
    await until(async () => (await connector.request(credential, path, post)).status === 201, 'what the grant allows', 15_000);
    await until(() => watch.text.includes('"name":"after"'), 'the watch tells of it');
    watch.abort();
    const selector = `infra.internal/destination=${server.destinationId}`;
    await admin('-n', own, 'delete', 'rolebindings', '-l', selector);
    const bound = async (): Promise<number> =>
      (await admin('-n', own, 'get', 'rolebindings', '-l', selector, '-o', 'name')).split('\n').filter((line) => line !== '').length;
    await until(async () => (await bound()) === 2, 'the deleted bindings are made again', 15_000);
  });
});
