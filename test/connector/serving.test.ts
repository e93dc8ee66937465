/** The connector's port over time: its certificate is replaced while people are connected, and the program ends without cutting off what ends by itself. */
import { expect } from 'chai';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { FakeServer, type Credential } from './fake-server.ts';
import { RunningConnector, until } from './running-connector.ts';

describe('connector: its port over time', function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let server: FakeServer;
  let connector: RunningConnector;
  let credential: Credential;
  const own = `serving-${process.pid}`;
  const path = `/api/v1/namespaces/${own}/configmaps`;
  const admin = (...args: readonly string[]) => kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, ...args);

  before(async () => {
    cluster = await controlPlane();
    await admin('create', 'namespace', own);
  });
  after(async () => void (await admin('delete', 'namespace', own, '--wait=false')));

  beforeEach(async () => {
    server = await FakeServer.start();
    const ana = server.addUser('ana@example.com', [{ role: 'view', namespace: own }]);
    credential = await server.issue(ana.id);
  });
  afterEach(async () => {
    await connector.stop();
    await server.stop();
    await admin('delete', 'rolebindings,clusterrolebindings', '-A', '-l', `infra.internal/destination=${server.destinationId}`);
  });

  async function start(): Promise<void> {
    connector = await RunningConnector.start({ server, kubeconfig: cluster.adminKubeconfig });
    await until(async () => (await connector.request(credential, path)).status === 200, 'ana reads');
  }
  async function servingSerial(): Promise<string> {
    const socket = await connector.connect(credential);
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }

  it('a new serving certificate comes before the old one ends, and nobody is cut off by it', async () => {
    server.servingLifetime = 6000;
    await start();
    const first = await servingSerial();
    const watch = await connector.watch(credential, `${path}?watch=true`);
    server.servingLifetime = 3_600_000;
    await until(async () => (await servingSerial()) !== first, 'another certificate', 10_000);
    await admin('-n', own, 'create', 'configmap', 'after-the-change');
    await until(() => watch.text.includes('after-the-change'), 'the open watch goes on');
    expect(watch.closedAt).to.equal(undefined);
    expect((await connector.request(credential, path)).status).to.equal(200);
  });

  it('started again with the server away, it shows the certificate it has', async () => {
    await start();
    const first = await servingSerial();
    await connector.kill();
    await server.stop();
    await connector.start();
    expect(await servingSerial()).to.equal(first);
    expect((await connector.request(credential, path)).status).to.equal(200);
  });

  it('told to end, it takes nobody new, lets what ends by itself end, cuts the rest off after a while, and all is recorded', async () => {
    await start();
    const short = await connector.watch(credential, `${path}?watch=true&timeoutSeconds=1&resourceVersion=0`);
    const endless = await connector.watch(credential, `${path}?watch=true`);
    const toldAt = Date.now();
    const ended = connector.kill('SIGTERM');
    await until(
      async () => {
        const refused = await connector.request(credential, path).then(
          () => false,
          (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED',
        );
        return refused && short.closedAt === undefined;
      },
      'the port is closed while the watch is still open',
      900,
    );
    await ended;
    expect(connector.exitCode).to.equal(0);
    expect(short.text, 'the last chunk of a whole answer').to.not.equal('');
    expect(short.closedAt).to.be.below(endless.closedAt ?? 0);
    expect(endless.closedAt! - toldAt).to.be.below(6000);
    const closed = server.events.filter(({ phase }) => phase === 'stream-closed');
    expect(closed).to.have.length(2);
  });
});
