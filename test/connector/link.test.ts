import { expect } from 'chai';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { FakeServer } from './fake-server.ts';
import { RunningConnector, until } from './running-connector.ts';

describe('connector: the line to the server', () => {
  let cluster: Cluster;
  const running: (RunningConnector | FakeServer)[] = [];
  const destinations: string[] = [];

  before(async function () {
    this.timeout(120_000);
    cluster = await controlPlane();
  });

  afterEach(async () => {
    for (const each of running.splice(0).toReversed()) await each.stop();
  });

  after(async () => {
    const selector = `infra.internal/destination in (${destinations.join(',')})`;
    await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, 'delete', 'rolebindings,clusterrolebindings', '-A', '-l', selector);
  });

  async function newServer(): Promise<FakeServer> {
    const server = await FakeServer.start();
    running.push(server);
    destinations.push(server.destinationId);
    return server;
  }
  async function newConnector(
    server: FakeServer,
    wish: Partial<Parameters<typeof RunningConnector.start>[0]> = {},
  ): Promise<RunningConnector> {
    const connector = await RunningConnector.start({ server, kubeconfig: cluster.adminKubeconfig, ...wish });
    running.push(connector);
    return connector;
  }
  const enforced = (server: FakeServer) =>
    until(
      () =>
        server.acknowledgements.some(
          (each) => each.kind === 'enforced' && each.epoch === server.epoch && each.revision === server.revision,
        ),
      'enforced',
    );

  describe('enrolment', () => {
    it('refuses a server that does not show the authority of the join token, before it says a word', async () => {
      const [server, impostor] = [await newServer(), await newServer()];
      const connector = await newConnector(server, { serverUrl: impostor.url });
      expect(connector.exitCode).to.equal(2);
      expect(connector.output).to.contain('does not show the certificate authority that the join token names');
      expect(impostor.requests).to.deep.equal([]);
    });

    it('ends with words on a token the server refuses, and without any', async () => {
      const server = await newServer();
      const refused = await newConnector(server, { joinToken: server.joinToken.replace(/A/, 'B') });
      expect(refused.exitCode).to.equal(2);
      expect(refused.output).to.contain('the server refused the join token');
      const without = await newConnector(server, { joinToken: null });
      expect(without.exitCode).to.equal(2);
      expect(without.output).to.contain('not enrolled yet');
    });

    it('keeps to its destination: a token of another one does not rebind it', async () => {
      const [server, other] = [await newServer(), await newServer()];
      const connector = await newConnector(server);
      await connector.kill();
      const rebound = await newConnector(other, { stateDir: connector.stateDir });
      expect(rebound.exitCode).to.equal(2);
      expect(rebound.output).to.contain('use another stateDir');
    });

    it('keeps key and state 0600 in a folder of 0700, and needs no token again', async () => {
      const server = await newServer();
      const connector = await newConnector(server);
      const modes = readdirSync(connector.stateDir)
        .filter((name) => name !== 'audit')
        .map((name) => statSync(join(connector.stateDir, name)).mode & 0o777);
      expect(new Set(modes)).to.deep.equal(new Set([0o600]));
      expect(statSync(connector.stateDir).mode & 0o777).to.equal(0o700);
      await connector.kill();
      await newConnector(server, { stateDir: connector.stateDir, joinToken: null });
      expect(server.requests.filter((each) => each.includes('enrol'))).to.have.length(1);
    });

    it('works when this machine’s clock is an hour behind the server’s', async () => {
      const server = await newServer();
      server.clockOffset = 3_600_000;
      server.addUser('ana@example.com', [{ role: 'view' }]);
      await newConnector(server);
      await enforced(server);
    });
  });

  describe('following the server', () => {
    it('makes up for missed notices and takes duplicated, late and foreign ones as harmless', async () => {
      const server = await newServer();
      await newConnector(server);
      await enforced(server);
      server.announces = false;
      server.addUser('a@example.com', []);
      server.dropStreams();
      await enforced(server);
      server.announces = true;
      for (let index = 0; index < 5; index += 1) server.notify();
      server.notify(server.epoch, 1);
      server.notify('another-epoch', 3);
      server.addUser('b@example.com', []);
      await enforced(server);
    });

    it('takes the whole state after a change of epoch, although the revision went back (security row 38)', async () => {
      const server = await newServer();
      const user = server.addUser('a@example.com', [{ role: 'view' }]);
      const credential = await server.issue(user.id);
      const connector = await newConnector(server);
      await enforced(server);
      expect((await connector.request(credential, '/version')).status).to.equal(200);
      Object.assign(server, { epoch: 'epoch-2', revision: 1 });
      server.leases.clear();
      server.notify();
      await enforced(server);
      expect((await connector.request(credential, '/version')).status).to.equal(401);
    });

    it('takes silence for a dead line and opens another', async function () {
      this.timeout(40_000);
      const server = await newServer();
      await newConnector(server);
      await enforced(server);
      const opened = server.requests.filter((each) => each.includes('changes')).length;
      server.silent = true;
      await new Promise((resolve) => setTimeout(resolve, 15_500));
      server.silent = false;
      server.addUser('a@example.com', []);
      await until(() => server.requests.filter((each) => each.includes('changes')).length > opened, 'a new stream', 15_000);
      await enforced(server);
    });

    it('lets nobody in any more once the server says the connector was removed (security row 39)', async () => {
      const server = await newServer();
      const user = server.addUser('a@example.com', [{ role: 'view' }]);
      const credential = await server.issue(user.id);
      const connector = await newConnector(server);
      await enforced(server);
      const watch = await connector.watch(credential, '/api/v1/namespaces?watch=true');
      server.dismissed = true;
      server.dropStreams();
      await until(() => watch.closedAt !== undefined, 'the watch ends');
      expect((await connector.request(credential, '/version')).status).to.equal(401);
    });
  });

  describe('with the server away', () => {
    it('goes on serving, starts again and serves, and hands in its records later', async () => {
      const server = await newServer();
      const user = server.addUser('a@example.com', [{ role: 'view' }]);
      const credential = await server.issue(user.id);
      const connector = await newConnector(server);
      await enforced(server);
      await server.stop();
      expect((await connector.request(credential, '/version')).status).to.equal(200);
      await connector.kill();
      await connector.start();
      const answer = await connector.request(credential, '/api/v1/namespaces?limit=1');
      expect(answer.status, answer.text).to.equal(200);
      await server.listen();
      await until(() => server.events.filter((event) => event.status === 200).length === 2, 'both records', 15_000);
    });

    it('refuses and ends streams when the staleness limit has passed', async () => {
      const server = await newServer();
      server.settings = { ...server.settings, stalenessLimitSeconds: 60 };
      const user = server.addUser('a@example.com', [{ role: 'view' }]);
      const credential = await server.issue(user.id);
      const connector = await newConnector(server);
      await enforced(server);
      await server.stop();
      // Time enough to come back on a busy machine.
      await connector.restartHavingHeard(Date.now() - 48_000);
      const watch = await connector.watch(credential, '/api/v1/namespaces?watch=true');
      expect(watch.status).to.equal(200);
      await until(() => watch.closedAt !== undefined, 'the watch ends', 15_000);
      const answer = await connector.request(credential, '/version');
      expect(answer.status).to.equal(503);
      expect(answer.text).to.contain('has not reached the infra server');
    });
  });
});
