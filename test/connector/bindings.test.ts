import { expect } from 'chai';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { newConnectorAccount, type TestAccount } from '../support/connector-account.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { waitFor } from '../support/wait-for.ts';
import { FakeServer } from './fake-server.ts';
import { RunningConnector, until } from './running-connector.ts';

interface BindingObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion: string;
    readonly annotations?: Record<string, string>;
  };
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

describe('connector: bindings in a real cluster', () => {
  let cluster: Cluster;
  let server: FakeServer;
  let connector: RunningConnector;
  let account: TestAccount;
  const own = `bindings-${process.pid}`;
  const admin = (...args: readonly string[]) => kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, ...args);
  const bindings = async (destination = server.destinationId): Promise<BindingObject[]> => {
    const json = await admin(
      'get',
      'rolebindings,clusterrolebindings',
      '-A',
      '-l',
      `infra.internal/destination=${destination}`,
      '-o',
      'json',
    );
    return (JSON.parse(json) as { items: BindingObject[] }).items;
  };
  const applied = () =>
    until(() => server.acknowledgements.some((each) => each.kind === 'applied' && each.revision === server.revision), 'applied');
  const stateOf = (grantId: string) => server.reports.at(-1)?.grants.find((each) => each.id === grantId);

  before(async function () {
    this.timeout(120_000);
    cluster = await controlPlane();
    for (const name of [own, `${own}-b`]) await admin('create', 'namespace', name);
    server = await FakeServer.start();
    account = await newConnectorAccount(cluster, `${own}-infra`);
    connector = await RunningConnector.start({ server, kubeconfig: account.kubeconfig });
  });

  after(async () => {
    server.identities.clear();
    await connector.stop();
    await server.stop();
    await admin('delete', 'rolebindings,clusterrolebindings', '-A', '-l', `infra.internal/destination=${server.destinationId}`);
    await account.remove();
    await admin('delete', 'namespace', own, `${own}-b`, `${own}-late`, '--ignore-not-found', '--wait=false');
  });

  it('makes one binding per role and scope with the synthetic group as its only subject, and acknowledges enforced, then applied', async () => {
    const ana = server.addUser('ana@example.com', [{ role: 'view', namespace: own }]);
    server.addUser('bo@example.com', [{ role: 'view', namespace: own }]);
    await applied();
    const [binding, ...others] = await bindings();
    expect(others).to.deep.equal([]);
    expect(binding?.subjects).to.have.length(1);
    expect(binding?.subjects?.[0]).to.include({ kind: 'Group', name: `infra:view@${own}` });
    expect(binding?.metadata.annotations?.['infra.internal/held-by']).to.equal('ana@example.com, bo@example.com');
    const acknowledged = server.acknowledgements.filter((each) => each.revision === server.revision);
    expect(acknowledged.map((each) => each.kind)).to.deep.equal(['enforced', 'applied']);
    server.removeUser(ana.id);
    await applied();
    expect(await bindings()).to.have.length(1);
  });

  it('brings back a binding of ours that was deleted or edited by hand, and replaces a changed role', async () => {
    const [binding] = await bindings();
    const { name } = binding!.metadata;
    await admin('-n', own, 'delete', 'rolebinding', name);
    await waitFor(async () => (await bindings()).length === 1, { within: 5, what: 'the deleted binding' });
    await admin(
      '-n',
      own,
      'patch',
      'rolebinding',
      name,
      '--type=json',
      '-p',
      '[{"op":"add","path":"/subjects/-","value":{"kind":"User","name":"eve","apiGroup":"rbac.authorization.k8s.io"}}]',
    );
    await waitFor(async () => (await bindings())[0]?.subjects?.length === 1, { within: 5, what: 'the stranger to go' });
    await connector.kill();
    await admin('-n', own, 'delete', 'rolebinding', name);
    const other = JSON.stringify({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: {
        name,
        namespace: own,
        labels: { 'infra.internal/managed-by': 'infra', 'infra.internal/destination': server.destinationId },
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: binding!.subjects,
    });
    await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig, input: other }, 'create', '-f', '-');
    await connector.start();
    await waitFor(async () => (await bindings())[0]?.roleRef.name === 'view', { within: 5, what: 'the right role' });
  });

  it('does not touch a binding with a similar name that is not labelled ours', async () => {
    await admin(
      '-n',
      own,
      'create',
      'rolebinding',
      `infra:${server.destinationId}:clusterrole:edit`,
      '--clusterrole=view',
      '--user=someone',
    );
    const user = server.addUser('cy@example.com', [{ role: 'edit', namespace: own }]);
    await until(() => stateOf(user.grants[0]!.id)?.state === 'failed', 'the grant is reported as failed');
    expect(stateOf(user.grants[0]!.id)?.reason).to.contain('left alone');
    const json = await admin('-n', own, 'get', 'rolebinding', `infra:${server.destinationId}:clusterrole:edit`, '-o', 'json');
    expect((JSON.parse(json) as BindingObject).subjects?.[0]).to.include({ kind: 'User', name: 'someone' });
    server.removeUser(user.id);
    await applied();
    await admin('-n', own, 'get', 'rolebinding', `infra:${server.destinationId}:clusterrole:edit`);
    await admin('-n', own, 'delete', 'rolebinding', `infra:${server.destinationId}:clusterrole:edit`);
  });

  it('reports why a grant failed, disturbs no other, and takes it up when the namespace or role appears', async () => {
    const late = `${own}-late`;
    const user = server.addUser('di@example.com', [
      { role: 'no-such-role' },
      { role: 'view', namespace: late },
      { role: 'role/reader', namespace: own },
      { role: 'admin', namespace: `${own}-b` },
    ]);
    const [missing, later, role, good] = user.grants.map((grant) => grant.id);
    await until(() => stateOf(good!)?.state === 'applied', 'the good grant');
    expect(stateOf(missing!)).to.deep.include({ state: 'failed' });
    expect(stateOf(missing!)?.reason).to.contain('no ClusterRole no-such-role');
    expect(stateOf(later!)?.reason).to.contain(`${late} does not exist`);
    expect(stateOf(role!)?.reason).to.contain('no Role reader');
    await admin('create', 'namespace', late);
    await admin('-n', own, 'create', 'role', 'reader', '--verb=get', '--resource=pods');
    await until(() => stateOf(later!)?.state === 'applied' && stateOf(role!)?.state === 'applied', 'the late grants');
    server.removeUser(user.id);
    await applied();
  });

  it('tells what exists: namespaces, grantable roles, version', () => {
    const discovery = server.reports.at(-1)?.discovery;
    expect(discovery?.namespaces).to.include(own);
    expect(discovery?.clusterRoles).to.include.members(['view', 'edit', 'admin', 'cluster-admin']).and.not.include('system:node');
    expect(discovery?.kubernetesVersion).to.match(/^v1\./);
    expect(server.reports.at(-1)?.clusterUid).to.match(/^[0-9a-f-]{36}$/);
  });

  it('clears away what a predecessor left, and nothing of another destination', async () => {
    const [predecessor, stranger] = ['dst_00000000000000000000000001', 'dst_00000000000000000000000002'];
    for (const destination of [predecessor, stranger]) {
      const name = `${own}-${destination.slice(-1)}`;
      await admin('create', 'clusterrolebinding', name, '--clusterrole=view', '--group=infra:view@*');
      await admin('label', 'clusterrolebinding', name, 'infra.internal/managed-by=infra', `infra.internal/destination=${destination}`);
    }
    server.predecessors = [predecessor];
    server.addUser('ed@example.com', []);
    await waitFor(async () => (await bindings(predecessor)).length === 0, { within: 5, what: 'the leftovers to go' });
    expect(await bindings(stranger)).to.have.length(1);
    await admin('delete', 'clusterrolebinding', `${own}-2`);
  });

  it('takes an ended grant from the cluster with the server away, and refuses at once', async () => {
    const user = server.addUser('flo@example.com', [{ role: 'edit', namespace: `${own}-b`, until: Date.now() + 2500 }]);
    const credential = await server.issue(user.id);
    await applied();
    const path = `/api/v1/namespaces/${own}-b/configmaps`;
    expect((await connector.request(credential, path)).status).to.equal(200);
    const watch = await connector.watch(credential, `${path}?watch=true`);
    await server.stop();
    try {
      const end = Date.parse(user.grants[0]!.until!);
      await until(() => watch.closedAt !== undefined, 'the watch ends');
      // The server's clock is known to half a round trip.
      expect(watch.closedAt! - end).to.be.within(-200, 1000);
      await waitFor(async () => (await connector.request(credential, path)).status === 403, { within: 1, what: 'a refusal' });
      await waitFor(async () => (await bindings()).every((each) => each.metadata.namespace !== `${own}-b`), {
        within: 3,
        what: 'the binding to go',
      });
    } finally {
      await server.listen();
    }
    await until(() => server.streamCount === 1, 'the connector is back');
  });

  it('killed with -9 and started again, it leaves its bindings as they are', async () => {
    const before = await bindings();
    expect(before).to.not.deep.equal([]);
    const count = server.acknowledgements.length;
    await connector.kill();
    await connector.start();
    server.addUser('gil@example.com', []);
    await applied();
    expect(server.acknowledgements.length).to.be.greaterThan(count);
    expect((await bindings()).map((each) => each.metadata.resourceVersion)).to.deep.equal(
      before.map((each) => each.metadata.resourceVersion),
    );
  });
});
