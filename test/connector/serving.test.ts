/** The connector's port over time: its certificate is replaced while people are connected, and the program ends without cutting off what ends by itself. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onePerson } from './one-person.ts';
import { until } from './running-connector.ts';

describe('connector: its port over time', function () {
  this.timeout(60_000);
  const scene = onePerson('serving');

  async function servingSerial(): Promise<string> {
    const socket = await scene.connector.connect(scene.credential);
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }

  it('a new serving certificate comes before the old one ends, and nobody is cut off by it', async () => {
    scene.server.servingLifetime = 6000;
    await scene.start();
    const first = await servingSerial();
    const watch = await scene.connector.watch(scene.credential, `${scene.path}?watch=true`);
    scene.server.servingLifetime = 3_600_000;
    await until(async () => (await servingSerial()) !== first, 'another certificate', 10_000);
    await scene.admin('-n', scene.namespace, 'create', 'configmap', 'after-the-change');
    await until(() => watch.text.includes('after-the-change'), 'the open watch goes on');
    expect(watch.closedAt).to.equal(undefined);
    expect((await scene.connector.request(scene.credential, scene.path)).status).to.equal(200);
  });

  it('OpenSSL is given no roots, or Node would lose memory to each handshake (ADR 33)', async () => {
    await scene.start();
    const asked = await promisify(execFile)('sh', [
      '-c',
      `openssl s_client -connect 127.0.0.1:${scene.connector.port} </dev/null 2>&1 || true`,
    ]);
    expect(asked.stdout).to.include('No client certificate CA names sent').and.include('Requested Signature Algorithms');
  });

  it('started again with the server away, it shows the certificate it has', async () => {
    await scene.start();
    const first = await servingSerial();
    await scene.connector.kill();
    await scene.server.stop();
    await scene.connector.start();
    expect(await servingSerial()).to.equal(first);
    expect((await scene.connector.request(scene.credential, scene.path)).status).to.equal(200);
  });

  it('told to end, it takes nobody new, lets what ends by itself end, cuts the rest off after a while, and all is recorded', async () => {
    await scene.start();
    const short = await scene.connector.watch(scene.credential, `${scene.path}?watch=true&timeoutSeconds=1&resourceVersion=0`);
    const endless = await scene.connector.watch(scene.credential, `${scene.path}?watch=true`);
    const toldAt = Date.now();
    const ended = scene.connector.kill('SIGTERM');
    await until(
      async () => {
        const refused = await scene.connector.request(scene.credential, scene.path).then(
          () => false,
          (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED',
        );
        return refused && short.closedAt === undefined;
      },
      'the port is closed while the watch is still open',
      900,
    );
    await ended;
    expect(scene.connector.exitCode).to.equal(0);
    expect(short.text, 'the last chunk of a whole answer').to.not.equal('');
    expect(short.closedAt).to.be.below(endless.closedAt ?? 0);
    expect(endless.closedAt! - toldAt).to.be.below(6000);
    const closed = scene.server.events.filter(({ verb, phase }) => verb === 'watch' && phase === 'stream-closed');
    expect(closed).to.have.length(2);
  });
});
