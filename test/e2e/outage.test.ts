/** An outage is not a revocation, and not an opening (law 5): what goes on, and what ends by itself. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { startConnector, type RunningConnectorProgram } from '../support/connector.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { kubectl, kubectlOrThrow } from '../support/kubectl.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('outages', function () {
  this.timeout(120_000);
  const person = { email: 'steady@example.com', password: 'a lantern in the harbour' };
  let cluster: Cluster;
  let server: RunningServer;
  let connector: RunningConnectorProgram;
  let terminal: Terminal;

  before(async () => {
    cluster = await controlPlane();
    for (const namespace of ['outage', 'outage-brief'])
      await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, 'create', 'namespace', namespace);
    server = await startServer();
    connector = await startConnector({ server, cluster, destination: 'outage' });
    const call = await server.admin();
    await call(api.users.create, { body: person });
    await call(api.grants.create, { body: { subject: person.email, role: 'view', resource: 'outage.outage' } });
    terminal = newTerminal();
    await loginWithPassword(terminal, server, person);
    await waitFor(async () => (await get('outage')).code === 0, { within: 10, what: 'kubectl to get through' });
  });
  after(async () => {
    await connector.stop();
    await server.stop();
  });

  const get = async (namespace: string) => terminal.kubectl('-n', namespace, 'get', 'configmaps');
  const bindings = async (namespace: string): Promise<{ metadata: { name: string; uid: string; resourceVersion: string } }[]> => {
    const text = await kubectlOrThrow(
      { kubeconfig: cluster.adminKubeconfig },
      '-n',
      namespace,
      'get',
      'rolebindings',
      '-l',
      `infra.internal/destination=${connector.destination.id}`,
      '-o',
      'json',
    );
    return (JSON.parse(text) as { items: { metadata: { name: string; uid: string; resourceVersion: string } }[] }).items;
  };

  it('a server killed with -9 comes back with sessions, grants, leases and audit; the connector serves in between', async () => {
    await server.stop('SIGKILL');
    expect((await get('outage')).code).to.equal(0);
    await server.start();
    // The same session: no new login.
    const call = await server.admin();
    const { items: grants } = await call(api.grants.list, { query: { subject: person.email } });
    expect(grants).to.have.length(1);
    const { items: leases } = await call(api.leases.list, { query: { all: 'true', live: 'true' } });
    expect(leases.map(({ identity }) => identity.name)).to.include(person.email);
    const { items: events } = await call(api.audit.list, { query: { event: 'grant.added' } });
    expect(events.some((event) => event.event === 'grant.added' && event.details.subject.name === person.email)).to.equal(true);
    const whoami = await terminal.infra(['whoami']);
    expect(whoami.code, whoami.stderr).to.equal(0);
  });

  it('a connector killed with -9 comes back as itself, with bindings untouched', async () => {
    const before = await bindings('outage');
    expect(before).to.have.length(1);
    await connector.stop('SIGKILL');
    await connector.start();
    await waitFor(async () => (await get('outage')).code === 0, { within: 10, what: 'kubectl to get through again' });
    const call = await server.admin();
    const { connectors } = await call(api.destinations.get, {
      params: { id: (await call(api.destinations.list, { query: { name: 'outage' } })).items[0]!.id },
    });
    expect(connectors).to.have.length(1);
    expect((await bindings('outage')).map(({ metadata }) => [metadata.uid, metadata.resourceVersion])).to.deep.equal(
      before.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]),
    );
  });

  it('a connector that starts while the server is down serves from what it knew', async () => {
    await server.stop('SIGKILL');
    await connector.stop('SIGKILL');
    await connector.start();
    const result = await get('outage');
    expect(result.code, result.stderr).to.equal(0);
    await server.start();
  });

  it('a grant for five seconds is gone from the cluster after five seconds, with the server stopped', async () => {
    const call = await server.admin();
    const until = new Date(Date.now() + 5000).toISOString();
    await call(api.grants.create, { body: { subject: person.email, role: 'view', resource: 'outage.outage-brief', until } });
    await waitFor(async () => (await bindings('outage-brief')).length === 1 && (await get('outage-brief')).code === 0, {
      within: 4,
      what: 'the grant to hold',
    });
    await server.stop('SIGKILL');
    await waitFor(async () => (await bindings('outage-brief')).length === 0, { within: 8, what: 'the binding to go' });
    expect(Date.now()).to.be.at.least(Date.parse(until));
    expect((await get('outage-brief')).code).to.equal(1);
    expect((await get('outage')).code).to.equal(0);
    await server.start();
  });

  it('a binding of ours that is deleted or edited by hand comes back; one not ours is untouched', async () => {
    const direct = { kubeconfig: cluster.adminKubeconfig };
    const [ours] = await bindings('outage');
    const name = ours?.metadata.name ?? '';
    await kubectlOrThrow(direct, '-n', 'outage', 'create', 'rolebinding', `${name}-copy`, '--clusterrole=view', '--group=somebody');
    await kubectlOrThrow(direct, '-n', 'outage', 'delete', 'rolebinding', name);
    await waitFor(async () => (await bindings('outage')).length === 1, { within: 10, what: 'the deleted binding to come back' });
    await kubectlOrThrow(
      direct,
      '-n',
      'outage',
      'patch',
      'rolebinding',
      name,
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/subjects","value":[]}]',
    );
    await waitFor(
      async () =>
        (await kubectlOrThrow(direct, '-n', 'outage', 'get', 'rolebinding', name, '-o', 'jsonpath={.subjects[*].name}')) ===
        'infra:view@outage',
      { within: 10, what: 'the edited binding to be repaired' },
    );
    const { stdout } = await kubectl(direct, '-n', 'outage', 'get', 'rolebinding', `${name}-copy`, '-o', 'jsonpath={.subjects[*].name}');
    expect(stdout).to.equal('somebody');
  });

  it('a grant on a role that does not exist says why and disturbs no other', async () => {
    const call = await server.admin();
    const { grant } = await call(api.grants.create, { body: { subject: person.email, role: 'no-such-role', resource: 'outage.outage' } });
    const failed = await waitFor(
      async () => {
        const shown = await call(api.grants.get, { params: { id: grant.id } });
        return shown.state.state === 'failed' ? shown : undefined;
      },
      { within: 10, what: 'the grant to be reported as failed' },
    );
    expect(failed.state.reason).to.include('no-such-role');
    expect((await get('outage')).code).to.equal(0);
  });
});
