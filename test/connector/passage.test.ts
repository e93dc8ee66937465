/** A request's way through the connector and back: nothing is buffered, nothing is sent twice that has an effect, and an end on either side is an end on the other. */
import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';
import { until } from './running-connector.ts';

describe('connector: the way of a request', function () {
  this.timeout(60_000);
  let cluster: StrangeCluster;
  before(async () => (cluster = await startStrangeCluster()));
  after(async () => cluster.stop());

  const send = (path: string, options: RequestOptions & { body?: string } = {}) =>
    cluster.connector.request(cluster.credential, path, options);
  const open = (path: string, options: RequestOptions = {}): ClientRequest => {
    const { headers, ...rest } = options;
    const outgoing = httpsRequest({
      ...cluster.connector.tls(cluster.credential),
      agent: false,
      path,
      ...rest,
      headers: { host: 'local', ...(headers as object) },
    });
    return outgoing.on('error', () => undefined);
  };
  const answerOf = async (outgoing: ClientRequest): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => outgoing.once('response', resolve).once('error', reject));
  const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
  const seenAt = (ending: string): number => cluster.seen.filter(({ url }) => url?.endsWith(ending)).length;

  for (const framing of ['with its length', 'in chunks'] as const)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'])
      it(`${method} with a body ${framing}: arrives as it was sent`, async () => {
        const body = randomBytes(300_000).toString('base64');
        cluster.answer('/digest', (request, response) => {
          const hash = createHash('sha256');
          request.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')));
        });
        const headers = framing === 'in chunks' ? { 'transfer-encoding': 'chunked' } : { 'content-length': Buffer.byteLength(body) };
        const answer = await send('/api/v1/digest', { method, headers, body });
        expect(answer.text).to.equal(digest(body));
      });

  for (const connection of ['keep-alive', 'close'])
    it(`an answer that comes while the body is still being sent reaches the client whole (connection: ${connection})`, async () => {
      const refusal = JSON.stringify({ kind: 'Status', code: 413, message: 'too large'.repeat(2_000_000) });
      cluster.answer('/early', (request, response) => {
        request.resume();
        response.writeHead(413, { 'content-length': refusal.length }).end(refusal);
      });
      const outgoing = open('/api/v1/early', { method: 'POST', headers: { 'content-length': 80_000_000, connection } });
      const answer = answerOf(outgoing);
      let sent = 0;
      const pump = (): void => {
        while (!outgoing.destroyed && sent < 79_000_000 && outgoing.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      outgoing.on('drain', pump);
      pump();
      const incoming = await answer;
      expect(incoming.statusCode).to.equal(413);
      expect(digest(await textOf(incoming))).to.equal(digest(refusal));
      outgoing.destroy();
    });

  it('headers, status text and trailers of the answer go on, what belongs to one connection does not', async () => {
    cluster.answer('/trailers', (_request, response) => {
      response.writeHead(209, 'Odd', [
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'X-Thing',
        'caf\xe9',
        'Keep-Alive',
        'timeout=7',
        'Trailer',
        'X-Sum',
      ]);
      response.write('body');
      response.addTrailers({ 'X-Sum': '42' });
      response.end();
    });
    const outgoing = open('/api/v1/trailers');
    outgoing.end();
    const incoming = await answerOf(outgoing);
    expect(await textOf(incoming)).to.equal('body');
    expect([incoming.statusCode, incoming.statusMessage]).to.deep.equal([209, 'Odd']);
    expect(incoming.headers['set-cookie']).to.deep.equal(['a=1', 'b=2']);
    expect(incoming.headers['x-thing']).to.equal('caf\xe9');
    expect(incoming.headers['keep-alive']).to.not.equal('timeout=7');
    expect(incoming.trailers).to.deep.equal({ 'x-sum': '42' });
  });

  it('hints before the answer are not taken for it', async () => {
    cluster.answer('/hints', (_request, response) => {
      response.writeEarlyHints({ link: '</x>; rel=preload' });
      response.end('answer');
    });
    expect(await send('/api/v1/hints')).to.include({ status: 200, text: 'answer' });
  });

  it('a kept connection that the cluster closes just then: a GET is sent again, a POST is not', async () => {
    let isClosing = false;
    cluster.answer('/fickle', (request, response) => {
      if (isClosing) {
        isClosing = false;
        request.socket.destroy();
      } else response.end('answer');
    });
    // So that a connection is kept.
    expect((await send('/api/v1/fickle')).status).to.equal(200);
    isClosing = true;
    const before = seenAt('/fickle');
    expect(await send('/api/v1/fickle')).to.include({ status: 200, text: 'answer' });
    expect(seenAt('/fickle') - before).to.equal(2);
    isClosing = true;
    const torn = await send('/api/v1/fickle', { method: 'POST', body: '{}' });
    expect(torn.status).to.equal(502);
    expect(torn.text).to.contain('look whether your request took effect');
    expect(seenAt('/fickle') - before).to.equal(3);
  });

  it('requests sent ahead of their answers are put to the cluster one after another, whole, and answered in order', async () => {
    let underWay = 0;
    const bodies: string[] = [];
    cluster.answer('/turn', (request, response) => {
      underWay += 1;
      expect(underWay).to.equal(1);
      void textOf(request).then((body) => {
        bodies.push(body);
        setTimeout(() => {
          underWay -= 1;
          response.end(`answer ${bodies.length}`);
        }, 20);
      });
    });
    const ask = (body: string): string =>
      `PUT /api/v1/turn HTTP/1.1\r\nHost: local\r\nContent-Length: ${body.length}\r\n${body === 'c' ? 'Connection: close\r\n' : ''}\r\n${body}`;
    const received = await cluster.connector.raw(cluster.credential, ask('a') + ask('b'.repeat(2000)) + ask('c'), 10_000);
    expect(bodies.map((body) => body.slice(0, 1))).to.deep.equal(['a', 'b', 'c']);
    expect(received.match(/answer \d/g)).to.deep.equal(['answer 1', 'answer 2', 'answer 3']);
  });

  it('an upgrade sent ahead of the answer to a request ends the connection', async () => {
    const before = seenAt('/upgraded');
    cluster.answer('/slow', (_request, response) => setTimeout(() => response.end('slow'), 200));
    const ahead = 'GET /api/v1/slow HTTP/1.1\r\nHost: local\r\n\r\n';
    const upgrade = 'GET /api/v1/upgraded HTTP/1.1\r\nHost: local\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await cluster.connector.raw(cluster.credential, ahead + upgrade, 10_000)).to.equal('');
    expect(seenAt('/upgraded')).to.equal(before);
  });

  it('a thousand requests sent ahead end the connection', async () => {
    cluster.answer('/slow', (_request, response) => setTimeout(() => response.end('slow'), 200));
    const before = seenAt('/slow');
    await cluster.connector.raw(cluster.credential, 'GET /api/v1/slow HTTP/1.1\r\nHost: local\r\n\r\n'.repeat(1000), 10_000);
    expect(seenAt('/slow') - before).to.be.at.most(1);
  });

  it('a client that does not read stops the cluster, and its going ends the request there at once', async () => {
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
    const outgoing = open('/api/v1/endless');
    outgoing.end();
    const incoming = await answerOf(outgoing);
    incoming.on('error', () => undefined).pause();
    let before = -1;
    await until(async () => {
      const isStill = sent === before;
      before = sent;
      // Longer than any transfer within a machine pauses.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return isStill;
    }, 'the cluster is held up');
    // The buffers of three sockets, not the answer.
    expect(sent).to.be.below(40_000_000);
    outgoing.destroy();
    await until(() => hasEnded, 'the request at the cluster ends');
  });

  it('a cluster that does not read stops the client', async () => {
    cluster.answer('/unread', (request) => void request.pause());
    const outgoing = open('/api/v1/unread', { method: 'POST', headers: { 'content-length': 500_000_000 } });
    let written = 0;
    await new Promise<void>((resolve) => {
      const pump = (): void => {
        while (outgoing.write(Buffer.alloc(65_536))) written += 65_536;
        const timer = setTimeout(resolve, 1000);
        outgoing.once('drain', () => {
          clearTimeout(timer);
          pump();
        });
      };
      pump();
    });
    expect(written).to.be.below(40_000_000);
    outgoing.destroy();
  });

  it('a client that goes before the answer ends the request at the cluster at once', async () => {
    let hasEnded = false;
    cluster.answer('/silent', (_request, response) => void response.on('close', () => (hasEnded = true)));
    const before = seenAt('/silent');
    const outgoing = open('/api/v1/silent');
    outgoing.end();
    await until(() => seenAt('/silent') > before, 'the request has come');
    outgoing.destroy();
    await until(() => hasEnded, 'the request at the cluster ends');
  });

  it('many requests at once use as many connections, and later ones use those again', async () => {
    const sockets = new Set<unknown>();
    cluster.answer('/counted', (request, response) => {
      sockets.add(request.socket);
      setImmediate(() => response.end('answer'));
    });
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, async () => send('/api/v1/counted')));
      expect(answers.every(({ status }) => status === 200)).to.equal(true);
    }
    expect(sockets.size).to.be.at.most(25);
  });
});

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  incoming.setEncoding('latin1');
  for await (const chunk of incoming) text += String(chunk);
  return text;
}
