/** The connector's HTTP/2: many requests on one connection, each of which is held up, ended and refused by itself. */
import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { connect as connectHttp2, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { openHttp2, type Http2Client } from '../support/http2-client.ts';
import { until } from './running-connector.ts';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';

describe('connector: HTTP/2', function () {
  this.timeout(60_000);
  let cluster: StrangeCluster;
  let client: Http2Client;
  before(
    async () =>
      (cluster = await startStrangeCluster({ INFRA_CONNECTOR_LIMITS_REQUESTS_PER_SECOND: '1000', INFRA_CONNECTOR_LIMITS_BURST: '3000' })),
  );
  after(async () => cluster.stop());
  beforeEach(async () => (client = await openHttp2(cluster.connector.tls(cluster.credential))));
  afterEach(() => client.session.destroy());

  const list = '/api/v1/configmaps';
  const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
  const isOver = (session: ClientHttp2Session): boolean => session.closed || session.destroyed;

  it('is spoken by whom it is agreed with, and nobody else', async () => {
    const agreed = async (protocols: readonly string[] | undefined): Promise<string | false | null> =>
      new Promise((resolve, reject) => {
        const offer = protocols === undefined ? {} : { ALPNProtocols: [...protocols] };
        const socket = connectTls({ ...cluster.connector.tls(cluster.credential), ...offer }, () => {
          resolve(socket.alpnProtocol);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    expect(await agreed(['h2', 'http/1.1'])).to.equal('h2');
    expect(await agreed(['http/1.1'])).to.equal('http/1.1');
    expect(await agreed(undefined)).to.equal(false);
  });

  it('many requests at once on one connection, each with its own answer', async () => {
    cluster.answer('/named', (request, response) => {
      setTimeout(() => response.end(new URL(request.url ?? '', 'https://x').search), Math.random() * 50);
    });
    const answers = await Promise.all(Array.from({ length: 300 }, async (_, index) => client.request(`/api/v1/named?n=${index}`)));
    expect(answers.map(({ status, text }) => [status, text])).to.deep.equal(answers.map((_, index) => [200, `?n=${index}`]));
  });

  for (const framing of ['with its length', 'without'])
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      it(`${method} with a body ${framing}: arrives as it was sent`, async () => {
        const body = randomBytes(300_000).toString('base64');
        cluster.answer('/digest', (request, response) => {
          const hash = createHash('sha256');
          request
            .on('data', (chunk: Buffer) => hash.update(chunk))
            .on('end', () => response.end(`${hash.digest('hex')} ${request.headers['content-length'] ?? ''}`));
        });
        const headers = framing === 'without' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
        const answer = await client.request('/api/v1/digest', { method, headers, body });
        expect(answer.text).to.equal(`${digest(body)} ${headers['content-length'] ?? ''}`);
      });

  it('headers and trailers of the answer go on in HTTP/2’s own form', async () => {
    cluster.answer('/trailers', (_request, response) => {
      response.writeHead(209, 'Odd', [
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'X-Thing',
        'one',
        'Keep-Alive',
        'timeout=7',
        'Trailer',
        'X-Sum',
      ]);
      response.write('body');
      response.addTrailers({ 'X-Sum': '42' });
      response.end();
    });
    const answer = await client.request('/api/v1/trailers');
    expect([answer.status, answer.text, answer.headers['set-cookie'], answer.headers['x-thing']]).to.deep.equal([
      209,
      'body',
      ['a=1', 'b=2'],
      'one',
    ]);
    expect(answer.headers).to.not.have.any.keys('keep-alive', 'connection', 'transfer-encoding');
    expect(answer.trailers).to.deep.include({ 'x-sum': '42' });
  });

  it('HEAD, an empty answer and one without content', async () => {
    cluster.answer('/empty', (request, response) => {
      if (request.method === 'DELETE') response.writeHead(204).end();
      else response.writeHead(200, { 'content-length': request.method === 'HEAD' ? 5000 : 0 }).end();
    });
    const head = await client.request('/api/v1/empty', { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.text]).to.deep.equal([200, '5000', '']);
    expect(await client.request('/api/v1/empty')).to.include({ status: 200, text: '' });
    expect(await client.request('/api/v1/empty', { method: 'DELETE' })).to.include({ status: 204, text: '' });
  });

  it('a client that waits for 100 is told to go on', async () => {
    cluster.answer('/waited', (request, response) => void request.on('data', () => undefined).on('end', () => response.end('ok')));
    const stream = client.session.request({ ':method': 'POST', ':path': '/api/v1/waited', expect: '100-continue', 'content-length': '4' });
    await new Promise((resolve) => stream.once('continue', resolve));
    stream.end('body');
    const status = await new Promise((resolve) => stream.once('response', (headers) => resolve(headers[':status'])));
    expect(status).to.equal(200);
  });

  it('an answer that comes while the body is still being sent reaches the client whole', async () => {
    const refusal = 'too large'.repeat(500_000);
    cluster.answer('/early', (request, response) => {
      request.resume();
      response.writeHead(413, { 'content-length': refusal.length }).end(refusal);
    });
    const stream = client.session.request({ ':method': 'POST', ':path': '/api/v1/early' });
    stream.on('error', () => undefined);
    const pump = (): void => {
      while (!stream.destroyed && !stream.closed && stream.write(Buffer.alloc(65_536)));
    };
    stream.on('drain', pump);
    pump();
    const hash = createHash('sha256');
    stream.on('data', (chunk: Buffer) => hash.update(chunk));
    await new Promise((resolve) => stream.once('end', resolve));
    expect(hash.digest('hex')).to.equal(digest(refusal));
    expect((await client.request(list)).status, 'the connection goes on').to.equal(200);
  });

  it('a stream that is not read stops its own request alone', async () => {
    let sent = 0;
    let hasEnded = false;
    cluster.answer('/endless', (_request, response) => {
      response.on('close', () => (hasEnded = true));
      const pump = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', pump);
      pump();
    });
    const stream = client.session.request({ ':path': '/api/v1/endless' });
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.once('response', resolve));
    let before = -1;
    await until(async () => {
      const isStill = sent === before;
      before = sent;
      // Longer than any transfer within a machine pauses.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return isStill;
    }, 'the cluster is held up');
    expect(sent).to.be.below(40_000_000);
    expect((await client.request(list)).status).to.equal(200);
    stream.close(constants.NGHTTP2_CANCEL);
    await until(() => hasEnded, 'the request at the cluster ends');
    expect((await client.request(list)).status).to.equal(200);
  });

  it('a stream given up before its answer, or a lost connection, ends the requests at the cluster at once', async () => {
    const open = new Set<ServerResponse>();
    cluster.answer('/silent', (_request, response) => {
      open.add(response);
      response.on('close', () => open.delete(response));
    });
    const ask = () => client.session.request({ ':path': '/api/v1/silent' }).on('error', () => undefined);
    const [first] = [ask(), ask(), ask()];
    await until(() => open.size === 3, 'three requests wait');
    first.close(constants.NGHTTP2_CANCEL);
    await until(() => open.size === 2, 'one ends');
    client.session.destroy();
    await until(() => open.size === 0, 'all end');
  });

  it('a revocation ends every stream of a connection, and the connection takes no request more', async () => {
    const { server } = cluster;
    const user = server.addUser('eve@example.com', [{ role: 'view' }]);
    const eve = await openHttp2(cluster.connector.tls(await server.issue(user.id)));
    cluster.answer('/watched', (_request, response) => void response.writeHead(200).write('{"type":"ADDED"}\n'));
    await until(async () => (await eve.request(list)).status === 200, 'eve gets in');
    let open = 50;
    for (let count = 0; count < 50; count += 1) {
      const stream = eve.session.request({ ':path': '/api/v1/watched?watch=true' });
      stream.on('error', () => undefined).on('close', () => (open -= 1));
      await new Promise((resolve) => stream.once('data', resolve));
    }
    server.setGrants(user.id, []);
    await until(() => open === 0, 'all watches end', 2000);
    const { status, text } = await eve.request(list);
    expect([status, (JSON.parse(text) as { kind: string }).kind]).to.deep.equal([403, 'Status']);
    eve.session.destroy();
  });

  it('an answer that is torn at the cluster is torn for the client', async () => {
    cluster.answer('/torn', (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half');
      setTimeout(() => request.socket.destroy(), 50);
    });
    const stream = client.session.request({ ':path': '/api/v1/torn' });
    const code = await new Promise((resolve) =>
      stream
        .on('error', () => undefined)
        .resume()
        .once('close', () => resolve(stream.rstCode)),
    );
    expect(code).to.not.equal(constants.NGHTTP2_NO_ERROR);
    expect((await client.request(list)).status).to.equal(200);
  });

  it('an answer with headers that HTTP/2 cannot carry ends its stream, not the connector', async () => {
    cluster.answer('/twice', (_request, response) => void response.writeHead(200, ['Content-Type', 'a/b', 'Content-Type', 'c/d']).end('x'));
    await client.request('/api/v1/twice').catch(() => undefined);
    expect((await client.request(list)).status).to.equal(200);
  });

  it('without a valid certificate: told so, and the connection ends', async () => {
    const stranger = await openHttp2(cluster.connector.tls(undefined));
    const { status, text } = await stranger.request(list);
    expect([status, (JSON.parse(text) as { kind: string }).kind]).to.deep.equal([401, 'Status']);
    await until(() => isOver(stranger.session), 'the connection to end');
  });

  it('what asks too much is refused late, and cut off when it goes on', async () => {
    const limited = await startStrangeCluster({ INFRA_CONNECTOR_LIMITS_REQUESTS_PER_SECOND: '1', INFRA_CONNECTOR_LIMITS_BURST: '5' });
    const greedy = await openHttp2(limited.connector.tls(limited.credential));
    const ask = async (count: number): Promise<readonly number[]> =>
      Promise.all(
        Array.from({ length: count }, async () =>
          greedy.request(list).then(
            ({ status }) => status,
            () => 0,
          ),
        ),
      );
    const before = performance.now();
    const statuses = await ask(30);
    expect(performance.now() - before).to.be.at.least(900);
    expect(new Set(statuses)).to.deep.equal(new Set([200, 429]));
    await ask(400);
    await until(() => isOver(greedy.session), 'to be cut off');
    await limited.stop();
  });

  it('who opens streams only to reset them is cut off, and others are served meanwhile (CVE-2023-44487)', async () => {
    const { server, connector } = cluster;
    const ben = await openHttp2(connector.tls(await server.issue(server.addUser('ben@example.com', [{ role: 'view' }]).id)));
    await until(async () => (await ben.request(list)).status === 200, 'ben gets in');
    const connections = async (): Promise<number> =>
      Number(/^infra_connector_connections (\d+)$/m.exec((await connector.health('/metrics')).text)?.[1]);
    await until(async () => (await connections()) === 2, 'theirs alone to be open');
    let sent = 0;
    const attack = setInterval(() => {
      // Each is kept by the client until its session goes: enough of them, and no more.
      for (let count = 0; count < 100 && sent < 20_000 && !isOver(client.session); count += 1, sent += 1)
        client.session
          .request({ ':path': list })
          .on('error', () => undefined)
          .close(constants.NGHTTP2_CANCEL);
    }, 25);
    try {
      await until(
        async () => {
          expect((await ben.request(list)).status).to.equal(200);
          // By the connector's word: a client that does nothing but write may not hear of it.
          return (await connections()) === 1;
        },
        'the connection to end',
        20_000,
      );
    } finally {
      clearInterval(attack);
      ben.session.destroy();
    }
  });

  it('told to end, it lets what is under way end and takes nothing new', async () => {
    const ending = await startStrangeCluster();
    const waiting: ServerResponse[] = [];
    ending.answer('/held', (_request, response) => waiting.push(response));
    const held = await openHttp2(ending.connector.tls(ending.credential));
    const answer = held.request('/api/v1/held');
    await until(() => waiting.length === 1, 'a request is under way');
    const ended = ending.connector.kill('SIGTERM');
    await until(() => held.session.closed, 'the connection is told to end');
    waiting[0]?.end('whole');
    expect((await answer).text).to.equal('whole');
    await ended;
    await ending.stop();
  });

  it('nothing said after the handshake: the connection does not stay', async () => {
    const socket = connectTls({ ...cluster.connector.tls(cluster.credential), ALPNProtocols: ['h2'] });
    const session = connectHttp2('https://local', { createConnection: () => socket });
    session.on('error', () => undefined);
    await until(() => isOver(session), 'the connection to end', 25_000);
  });

  it('a line break in a header never becomes another header', async () => {
    const { status } = await client.send({ ':path': list, 'user-agent': 'kubectl\u010aImpersonate-User: admin' });
    const seen = cluster.seen.at(-1);
    expect([status, seen?.headers['impersonate-user']]).to.deep.equal([200, 'infra:ana@example.com']);
    expect(seen?.rawHeaders.join()).to.not.include('admin');
  });

  const tricks: Readonly<Record<string, { readonly headers: OutgoingHttpHeaders; readonly status: readonly number[] }>> = {
    'a Host beside the authority': { headers: { ':path': list, ':authority': 'local', host: 'other' }, status: [400] },
    'a path of another form': { headers: { ':path': `https://local${list}` }, status: [0, 400] },
    'an empty path': { headers: { ':path': '*', ':method': 'OPTIONS' }, status: [400] },
    'dot segments': { headers: { ':path': '/api/v1/../../metrics' }, status: [400] },
    'an impersonation': { headers: { ':path': list, 'impersonate-user': 'admin' }, status: [403] },
    'an impersonation in another spelling': { headers: { ':path': list, impersonate_user: 'admin' }, status: [403] },
    'too many headers': {
      headers: { ':path': list, ...Object.fromEntries(Array.from({ length: 205 }, (_, index) => [`x-${index}`, 'y'])) },
      status: [431],
    },
    'headers without end': {
      headers: { ':path': list, ...Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x-${index}`, 'y'])) },
      status: [0, 431],
    },
    'an unknown method': { headers: { ':path': list, ':method': 'TRACE' }, status: [400] },
    'a request to connect': { headers: { ':method': 'CONNECT', ':authority': 'local' }, status: [0, 400] },
  };
  for (const [name, { headers, status }] of Object.entries(tricks))
    it(`${name}: refused, and the connection goes on`, async () => {
      const before = cluster.seen.length;
      const answer = await client.send(headers).catch(() => ({ status: 0 }));
      expect(answer.status).to.be.oneOf([...status]);
      expect(cluster.seen.length).to.equal(before);
      expect((await client.request(list)).status).to.equal(200);
    });
});
