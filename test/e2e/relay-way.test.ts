/** kubectl by the way that the CLI chose: to a connector that answers, past one whose address is shut, and what is said when one is gone. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { api } from '../../shared/api/index.ts';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { startConnector, type RunningConnectorProgram } from '../support/connector.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { freePort } from '../support/ports.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the way that kubectl takes', function () {
  this.timeout(120_000);
  const person = { email: 'way@example.com', password: 'a lantern in the harbour' };
  let cluster: Cluster;
  let server: RunningServer;
  let open: RunningConnectorProgram;
  let shut: RunningConnectorProgram;
  let terminal: Terminal;

  before(async () => {
    cluster = await controlPlane();
    server = await startServer();
    open = await startConnector({ server, cluster, destination: 'open', reach: 'both' });
    // As behind a firewall: it has an address, and nobody gets there.
    shut = await startConnector({
      server,
      cluster,
      destination: 'shut',
      reach: 'both',
      variables: { ADDRESS: `127.0.0.1:${await freePort()}` },
    });
    const call = await server.admin();
    await call(api.users.create, { body: person });
    for (const resource of ['open', 'shut']) await call(api.grants.create, { body: { subject: person.email, role: 'view', resource } });
    const tunnelled = async (): Promise<boolean> =>
      (await call(api.destinations.directory, {})).destinations.every(({ tunnels }) => tunnels > 0);
    await waitFor(tunnelled, { within: 20, what: 'tunnels to both' });
    terminal = newTerminal();
    await loginWithPassword(terminal, server, person);
  });
  after(async () => {
    await open.stop();
    await shut.stop();
    await server.stop();
  });

  const serverOf = (name: string): string | undefined => {
    const { clusters } = parse(readFileSync(terminal.kubeconfig, 'utf8')) as { clusters: { name: string; cluster: { server: string } }[] };
    return clusters.find((each) => each.name === `infra:${name}`)?.cluster.server;
  };
  const works = async (name: string): Promise<void> => {
    const get = async () => terminal.kubectl('--context', `infra:${name}`, 'get', 'namespaces', '-o', 'name');
    const { stdout } = await waitFor(async () => [await get()].find(({ code }) => code === 0), {
      within: 15,
      what: 'kubectl to get through',
    });
    expect(stdout).to.include('namespace/kube-system');
  };

  it('is the address of a connector that answers there, and the relay past one that does not', async () => {
    expect(serverOf('open')).to.equal(`https://${open.address}`);
    expect(serverOf('shut')).to.equal(server.url);
    await works('open');
    await works('shut');
    const { stdout } = await terminal.infra(['status']);
    expect(stdout)
      .to.match(/infra:open +direct +\S+ +online\n/)
      .and.match(/infra:shut +relay +\S+ +online\n/);
  });

  it('is the relay when that is asked for', async () => {
    expect((await terminal.infra(['use', 'open', '--via', 'relay'])).code).to.equal(0);
    expect(serverOf('open')).to.equal(server.url);
    await works('open');
    expect((await terminal.infra(['use', 'open'])).code).to.equal(0);
    expect(serverOf('open')).to.equal(`https://${open.address}`);
  });

  it('leads nowhere when the connector is gone, and infra says since when', async () => {
    await shut.stop('SIGKILL');
    const said = /infra:shut +relay +\S+ +offline since 20\S+Z\n/;
    await waitFor(async () => said.test((await terminal.infra(['status'])).stdout), { within: 15, what: 'the destination to be offline' });
    expect((await terminal.infra(['list'])).stdout).to.match(/shut +view .* relay, offline since 20\S+Z/);
    const { stderr, code } = await terminal.kubectl('--context', 'infra:shut', 'get', 'namespaces');
    expect(code).to.not.equal(0);
    // The credential of before is still good, and nothing is said on that path; a new one says it.
    expect(stderr).to.not.equal('');
    const fresh = newTerminal();
    await loginWithPassword(fresh, server, person);
    const asked = await fresh.kubectl('--context', 'infra:shut', 'get', 'namespaces');
    expect(asked.stderr).to.match(/infra: shut is offline since 20\S+Z; kubectl cannot reach it until its connector is back/);
    await shut.start();
    await works('shut');
  });
});
