/** Requests and upgrades that end while the cluster has not answered yet: in words, and with the code that says why. */
import { expect } from 'chai';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { limitFileSize } from './file-size-limit.ts';
import { until } from './running-connector.ts';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';

describe('connector: ended before the cluster has answered', function () {
  this.timeout(30_000);
  let cluster: StrangeCluster | undefined;
  const held = '/api/v1/namespaces/x/held';
  const upgrade =
    'GET /api/v1/namespaces/x/pods/p/exec?command=sh HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });

  /** The answers to a request and to an upgrade, both of which are at the cluster when `end` begins. */
  async function endedBy(
    end: (started: StrangeCluster) => unknown,
  ): Promise<{ readonly status: number; readonly text: string; readonly upgraded: string; readonly started: StrangeCluster }> {
    const started = await startStrangeCluster();
    cluster = started;
    let waiting = 0;
    started.answer('/held', (_request: IncomingMessage, _response: ServerResponse) => (waiting += 1));
    started.upstream.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => undefined);
      waiting += 1;
    });
    const { connector, credential } = started;
    const request = connector.request(credential, held);
    const upgraded = connector.raw(credential, upgrade, 10_000);
    await until(() => waiting === 2, 'both are at the cluster');
    await end(started);
    const { status, text } = await request;
    return { status, text, upgraded: await upgraded, started };
  }

  function expectStatus(text: string, wanted: { readonly code: number; readonly reason: string; readonly says: RegExp }): void {
    const status = JSON.parse(text.slice(text.indexOf('{'))) as { readonly message: string };
    expect(status).to.include({ kind: 'Status', code: wanted.code, reason: wanted.reason });
    expect(status.message)
      .to.match(/^infra: /)
      .and.match(wanted.says);
  }

  it('a grant that went: 403, upon which kubectl keeps its credential', async () => {
    const { status, text, upgraded, started } = await endedBy(({ server, credential }) => server.setGrants(credential.identityId, []));
    const wanted = { code: 403, reason: 'Forbidden', says: /has no grant/ };
    expect(status).to.equal(403);
    expectStatus(text, wanted);
    expect(upgraded).to.match(/^HTTP\/1\.1 403 /);
    expectStatus(upgraded, wanted);
    const recorded = (): readonly number[] =>
      started.server.events.filter(({ reason }) => wanted.says.test(reason)).map(({ status: code }) => code);
    await until(() => recorded().length === 2, 'both are recorded');
    expect(recorded()).to.deep.equal([403, 403]);
  });

  it('a revoked lease: 401', async () => {
    const { status, text, upgraded } = await endedBy(({ server, credential }) => server.revokeLease(credential.leaseId));
    const wanted = { code: 401, reason: 'Unauthorized', says: /infra login/ };
    expect(status).to.equal(401);
    expectStatus(text, wanted);
    expectStatus(upgraded, wanted);
  });

  it('records that cannot be kept: 503', async function () {
    if (process.platform !== 'linux') this.skip();
    const { status, text, upgraded } = await endedBy(async ({ connector, credential, server }) => {
      await server.stop();
      limitFileSize(connector.pid, 1);
      await connector.request(credential, '/api/v1/namespaces/x/pods');
    });
    const wanted = { code: 503, reason: 'ServiceUnavailable', says: /must be recorded/ };
    expect(status).to.equal(503);
    expectStatus(text, wanted);
    expectStatus(upgraded, wanted);
  });

  it('a connector that is told to end: 503', async () => {
    const { status, text } = await endedBy(async ({ connector }) => connector.kill('SIGTERM'));
    expect(status).to.equal(503);
    expectStatus(text, { code: 503, reason: 'ServiceUnavailable', says: /told to end/ });
  });
});
