/** The main job with the real parts: log in, kubectl with a short-lived certificate, take it back. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { startConnector, type RunningConnectorProgram } from '../support/connector.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the main job', function () {
  this.timeout(120_000);
  const dev = { email: 'dev@example.com', password: 'a lantern in the harbour' };
  let cluster: Cluster;
  let server: RunningServer;
  let connector: RunningConnectorProgram;
  let admin: Terminal;
  let devTerminal: Terminal;

  before(async () => {
    cluster = await controlPlane();
    for (const namespace of ['main-job-a', 'main-job-b'])
      await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, 'create', 'namespace', namespace);
    server = await startServer();
    connector = await startConnector({ server, cluster, destination: 'main-job' });
    const call = await server.admin();
    await call(api.grants.create, { body: { subject: adminEmail, role: 'cluster-admin', resource: 'main-job' } });
    admin = newTerminal();
    await loginWithPassword(admin, server, { email: adminEmail, password: adminPassword });
    await call(api.users.create, { body: dev });
    devTerminal = newTerminal();
  });

  after(async () => {
    await connector.stop();
    await server.stop();
  });

  it('names the person, not the connector, to the cluster', async () => {
    const used = await admin.infra(['use', 'main-job']);
    expect(used.code, used.stderr).to.equal(0);
    const whoami = await waitFor(
      async () => {
        const result = await admin.kubectl('auth', 'whoami', '-o', 'json');
        if (result.code !== 0) throw new Error(result.stderr);
        return result.stdout;
      },
      { within: 10, what: 'kubectl auth whoami' },
    );
    const { userInfo } = (JSON.parse(whoami) as { status: { userInfo: { username: string; uid: string; groups: string[] } } }).status;
    expect(userInfo.username).to.equal(`infra:${adminEmail}`);
    expect(userInfo.groups).to.include('infra:cluster-admin@*');
    expect(userInfo.uid).to.match(/^usr_/);
  });

  it('refuses with a sentence that names the missing grant', async () => {
    await loginWithPassword(devTerminal, server, dev);
    const result = await devTerminal.kubectl('get', 'pods');
    expect(result.code).to.not.equal(0);
    expect(result.stderr).to.include('infra grants add dev@example.com --role');
  });

  it('lets in within a second of the grant, into the namespace alone, as the person', async () => {
    const granted = await admin.infra(['grants', 'add', dev.email, '--role', 'view', 'main-job.main-job-a']);
    expect(granted.code, granted.stderr).to.equal(0);
    await waitFor(async () => (await devTerminal.kubectl('-n', 'main-job-a', 'get', 'pods')).code === 0, {
      within: 2,
      what: 'the grant to hold',
    });
    const elsewhere = await devTerminal.kubectl('-n', 'main-job-b', 'get', 'pods');
    expect(elsewhere.stderr).to.match(/dev@example\.com/);
    expect(elsewhere.code).to.equal(1);
    const deletion = await devTerminal.kubectl('-n', 'main-job-a', 'delete', 'configmap', 'kube-root-ca.crt');
    expect(deletion.stderr).to.match(/forbidden.*infra:dev@example\.com/is);
  });

  it('takes it back: acknowledged, and the next request refused', async () => {
    const listed = await admin.infra(['grants', 'list', '--format', 'json']);
    const grant = (JSON.parse(listed.stdout) as { id: string; subject: { name: string } }[]).find(
      ({ subject }) => subject.name === dev.email,
    );
    const removed = await admin.infra(['grants', 'remove', grant?.id ?? '', '--wait']);
    expect(removed.code, removed.stderr + removed.stdout).to.equal(0);
    expect(removed.stdout + removed.stderr).to.match(/main-job.*enforced/);
    const result = await devTerminal.kubectl('-n', 'main-job-a', 'get', 'pods');
    expect(result.code).to.equal(1);
    expect(result.stderr).to.include('infra grants add dev@example.com --role view main-job');
  });

  it('lets in again within a second when the grant comes back, with no further login', async () => {
    await admin.infra(['grants', 'add', dev.email, '--role', 'view', 'main-job.main-job-a']);
    await waitFor(async () => (await devTerminal.kubectl('-n', 'main-job-a', 'get', 'pods')).code === 0, {
      within: 2,
      what: 'the grant to hold again',
    });
  });
});
