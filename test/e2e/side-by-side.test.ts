/** Two servers with a destination of the same name, two accounts on one of them, one kubeconfig (law 8). */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { api } from '../../shared/api/index.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { startConnector, type RunningConnectorProgram } from '../support/connector.ts';
import { loginWithPassword, newTerminal } from '../support/infra.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

interface Kubeconfig {
  readonly contexts: readonly { readonly name: string }[];
}

describe('several servers and accounts in one kubeconfig', function () {
  this.timeout(120_000);
  const ana = { email: 'ana@example.com', password: 'a lantern in the harbour' };
  const bea = { email: 'bea@example.com', password: 'three kites over the dunes' };
  let cluster: Cluster;
  let servers: readonly [RunningServer, RunningServer];
  const connectors: RunningConnectorProgram[] = [];

  before(async () => {
    cluster = await controlPlane();
    await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, 'create', 'namespace', 'side-by-side');
    servers = [await startServer(), await startServer({ isNew: true })];
    for (const server of servers) {
      connectors.push(await startConnector({ server, cluster, destination: 'prod' }));
      const call = await server.admin();
      for (const person of [ana, bea]) {
        await call(api.users.create, { body: person });
        await call(api.grants.create, { body: { subject: person.email, role: 'view', resource: 'prod.side-by-side' } });
      }
    }
  });
  after(async () => {
    for (const program of [...connectors, ...servers]) await program.stop();
  });

  it('all work at the same time, and adding the later ones changes no name', async () => {
    const terminal = newTerminal();
    const contexts = (): string[] => (parse(readFileSync(terminal.kubeconfig, 'utf8')) as Kubeconfig).contexts.map(({ name }) => name);
    await loginWithPassword(terminal, servers[0], ana);
    expect(contexts()).to.deep.equal(['infra:prod']);
    await loginWithPassword(terminal, servers[1], ana);
    await loginWithPassword(terminal, servers[0], bea);
    const names = contexts();
    expect(names).to.have.length(3);
    expect(names[0]).to.equal('infra:prod');
    for (const later of names.slice(1)) expect(later).to.match(/^infra:[^:]+:prod$/);

    const whoami = async (context: string): Promise<{ username: string; uid: string }> =>
      waitFor(
        async () => {
          const { code, stdout, stderr } = await terminal.kubectl('--context', context, 'auth', 'whoami', '-o', 'json');
          if (code !== 0) throw new Error(stderr);
          return (JSON.parse(stdout) as { status: { userInfo: { username: string; uid: string } } }).status.userInfo;
        },
        { within: 15, what: `${context} to answer` },
      );
    const answers = await Promise.all(names.map(whoami));
    expect(answers.map(({ username }) => username)).to.deep.equal([
      'infra:ana@example.com',
      'infra:ana@example.com',
      'infra:bea@example.com',
    ]);
    // The same email on two servers is two identities.
    expect(new Set(answers.map(({ uid }) => uid)).size).to.equal(3);
    const pods = await Promise.all(
      names.map(async (context) => terminal.kubectl('--context', context, '-n', 'side-by-side', 'get', 'pods')),
    );
    expect(pods.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
  });
});
