/** Taking access back, with the real parts: acknowledged, streams closed, and said plainly when a connector is away. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { startConnector, type RunningConnectorProgram } from '../support/connector.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { startKubectl } from '../support/long-kubectl.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('revocation', function () {
  this.timeout(120_000);
  const password = 'a lantern in the harbour';
  let cluster: Cluster;
  let server: RunningServer;
  let connector: RunningConnectorProgram;
  let admin: Terminal;

  before(async () => {
    cluster = await controlPlane();
    await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, 'create', 'namespace', 'revocation');
    server = await startServer();
    connector = await startConnector({ server, cluster, destination: 'revocation' });
    admin = newTerminal();
    await loginWithPassword(admin, server, { email: adminEmail, password: adminPassword });
  });
  after(async () => {
    await connector.stop('SIGKILL');
    await server.stop();
  });

  /** A person with `view` on the namespace whose kubectl gets through. */
  async function personInside(email: string): Promise<{ terminal: Terminal; grantId: string }> {
    const call = await server.admin();
    await call(api.users.create, { body: { email, password } });
    const { grant } = await call(api.grants.create, { body: { subject: email, role: 'view', resource: 'revocation.revocation' } });
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email, password });
    await waitFor(async () => (await terminal.kubectl('-n', 'revocation', 'get', 'configmaps')).code === 0, {
      within: 10,
      what: `${email} to get through`,
    });
    return { terminal, grantId: grant.id };
  }

  for (const way of ['removing the grant', 'revoking the person', 'disabling the person', 'logging out'] as const) {
    it(`${way} ends an open watch and refuses the next request`, async () => {
      const email = `${way.replaceAll(' ', '-')}@example.com`;
      const { terminal, grantId } = await personInside(email);
      const watch = startKubectl(terminal, '-n', 'revocation', 'get', 'configmaps', '--watch');
      await waitFor(() => watch.stdout().includes('kube-root-ca.crt'), { within: 10, what: 'the watch to show something' });
      const commands = {
        'removing the grant': [admin, ['grants', 'remove', grantId, '--wait']],
        'revoking the person': [admin, ['revoke', email, '--wait']],
        'disabling the person': [admin, ['users', 'disable', email, '--wait']],
        'logging out': [terminal, ['logout']],
      } as const;
      const [who, args] = commands[way];
      const result = await who.infra(args);
      expect(result.code, result.stderr + result.stdout).to.equal(0);
      if (way !== 'logging out') expect(result.stdout + result.stderr).to.match(/revocation\s.*enforced in \d+ ms, 1 stream closed/);
      await waitFor(() => watch.hasEnded(), { within: 5, what: 'the watch to end' });
      expect((await terminal.kubectl('-n', 'revocation', 'get', 'configmaps')).code).to.not.equal(0);
    });
  }

  it('with the connector stopped, --wait says what is pending and until when at the latest, and exits non-zero', async () => {
    const { terminal, grantId } = await personInside('pending@example.com');
    await connector.stop('SIGKILL');
    const result = await admin.infra(['grants', 'remove', grantId, '--wait', '--timeout', '2s']);
    expect(result.code).to.equal(1);
    expect(result.stdout + result.stderr).to.match(/revocation\s.*pending.*not later than \d{4}-/s);
    await connector.start();
    await waitFor(async () => (await terminal.kubectl('-n', 'revocation', 'get', 'configmaps')).code !== 0, {
      within: 10,
      what: 'the returned connector to refuse',
    });
  });
});
