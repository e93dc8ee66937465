/** A kube-apiserver that misbehaves as a real one does not on demand: redirects, refused and torn upgrades, torn answers. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import type { Server } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAuthority, serverAuth } from './fake-authority.ts';
import type { Credential } from './fake-server.ts';
import { until, type RunningConnector } from './running-connector.ts';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';

describe('connector: in front of an API server that misbehaves', () => {
  let upstream: Server;
  let connector: RunningConnector;
  let credential: Credential;
  let seen: IncomingMessage[];
  let cluster: StrangeCluster;
  let onUpgrade = (_request: IncomingMessage, socket: Duplex): void =>
    void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
  const exec = '/api/v1/namespaces/x/pods/p/exec?command=sh';
  const upgrade = (method: string, protocol: string): string =>
    `${method} ${exec} HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nX-Stream-Protocol-Version: v4\r\nContent-Length: 0\r\n\r\n`;

  before(async () => {
    cluster = await startStrangeCluster();
    ({ upstream, connector, credential, seen } = cluster);
    cluster.answer('/redirect', (_request, response) => void response.writeHead(302, { location: 'https://evil.example/' }).end());
    cluster.answer('/unauthorized', (_request, response) => void response.writeHead(401).end());
    cluster.answer('/torn', (request, response) => {
      const length = Number(new URL(request.url ?? '', 'https://x').searchParams.get('length'));
      response.writeHead(200, { 'content-length': length + 1000 });
      response.write('x'.repeat(length), () => response.destroy());
    });
    upstream.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      seen.push(request);
      socket.on('error', () => undefined);
      onUpgrade(request, socket);
    });
  });

  after(async () => cluster.stop());

  it('does not follow or pass on a redirect to another host, nor its own refused credential (security row 7)', async () => {
    for (const path of ['/api/v1/redirect', '/api/v1/unauthorized']) {
      const answer = await connector.request(credential, path);
      expect(answer.status).to.equal(502);
      expect(answer.headers.location).to.equal(undefined);
      expect(answer.text).to.contain('"kind":"Status"').and.not.contain('evil');
    }
    onUpgrade = (_request, socket) => void socket.end('HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n');
    const answer = await connector.raw(credential, upgrade('GET', 'websocket'));
    expect(answer)
      .to.match(/^HTTP\/1\.1 502 /)
      .and.not.contain('evil');
  });

  it('a refused upgrade is relayed and ends both connections (security row 6, CVE-2018-1002105)', async () => {
    let closed = false;
    onUpgrade = (_request, socket) => {
      socket.on('close', () => (closed = true));
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno');
    };
    const before = seen.length;
    const answer = await connector.raw(credential, `${upgrade('POST', 'SPDY/3.1')}GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n`, 4000);
    expect(answer).to.match(/^HTTP\/1\.1 403 [\s\S]*\r\n\r\nno$/);
    await until(() => closed, 'the upstream connection is closed');
    expect(seen.slice(before).map((request) => request.url)).to.deep.equal([exec]);
  });

  for (const [method, protocol] of [
    ['GET', 'websocket'],
    ['POST', 'SPDY/3.1'],
  ] as const)
    it(`${method} upgrade to ${protocol}: identity set last, bytes both ways, complete to the last one`, async () => {
      const size = 3_000_000;
      onUpgrade = (request, socket) => {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade ?? ''}\r\n\r\nearly`);
        socket.once('data', (chunk: Buffer) => socket.end(Buffer.concat([chunk, Buffer.alloc(size, 'z')])));
      };
      const answer = await connector.raw(credential, `${upgrade(method, protocol)}hello`, 5000);
      expect(answer).to.match(/^HTTP\/1\.1 101 /);
      const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
      expect(body.slice(0, 10)).to.equal('earlyhello');
      expect(body).to.have.length(size + 10);
      const { headers } = seen.at(-1)!;
      expect(headers).to.include({
        'impersonate-user': 'infra:ana@example.com',
        authorization: 'Bearer connector-secret',
        'x-stream-protocol-version': 'v4',
      });
    });

  it('shows an answer that is torn at once as none, and one torn midway as torn', async () => {
    const { status, text } = await connector.request(credential, '/api/v1/torn?length=10');
    expect(status).to.equal(502);
    expect(text).to.include('look whether your request took effect');
    const error = await connector.request(credential, '/api/v1/torn?length=1000000').then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(Error);
  });

  it('goes on with another authority once its file says so, in its own requests too, and trusts none before', async () => {
    const other = await createAuthority();
    const serving = await other.issue({ usages: [serverAuth], names: [{ type: 'ip', value: '127.0.0.1' }] });
    upstream.setSecureContext({ key: serving.keyPem, cert: serving.chain });
    upstream.closeAllConnections();
    await until(async () => {
      const { status, text } = await connector.request(credential, '/version');
      return status === 503 && text.includes('its certificate is not trusted');
    }, 'the new certificate is refused');
    let own = 0;
    upstream.on('request', ({ headers }) => (own += headers['user-agent'] === 'infra-connector' ? 1 : 0));
    writeFileSync(cluster.caFile, other.rootPem);
    await until(async () => (await connector.request(credential, '/version')).status === 200, 'the new authority is trusted');
    await until(() => own > 0, 'the connector itself reads again', 30_000);
  });

  it('says so when the API server is away', async () => {
    await cluster.goAway();
    const answer = await connector.request(credential, '/version');
    expect(answer.status).to.equal(503);
    expect(answer.text).to.contain('cannot reach the kube-apiserver (it refuses connections)').and.contain('"kind":"Status"');
    const refused = await connector.raw(credential, upgrade('GET', 'websocket'));
    expect(refused)
      .to.match(/^HTTP\/1\.1 503 /)
      .and.contain('cannot reach the kube-apiserver (it refuses connections)');
  });
});
