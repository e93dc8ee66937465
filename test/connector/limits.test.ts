/** What one identity, one address and everybody together may take of a connector: refused in words, recorded in a few lines, given back at the end. */
import { expect } from 'chai';
import { Agent, request } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { TcpSocketConnectOpts } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Credential } from './fake-server.ts';
import { until, type Answer } from './running-connector.ts';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';

describe('connector: limits', function () {
  this.timeout(30_000);
  let cluster: StrangeCluster | undefined;
  let ana: Credential;
  let ben: Credential;
  const list = '/api/v1/configmaps';
  const watch = `${list}?watch=true`;
  const held = '/api/v1/held';

  /** With one more person, whose watches stay open, and a path whose answers wait. */
  async function start(
    limits: Readonly<Record<string, string | number>>,
  ): Promise<StrangeCluster & { readonly waiting: ServerResponse[] }> {
    const env = Object.entries(limits).map(([name, value]) => [`INFRA_CONNECTOR_LIMITS_${name}`, `${value}`]);
    const started = await startStrangeCluster(Object.fromEntries(env) as Record<string, string>);
    cluster = started;
    ana = started.credential;
    ben = await started.server.issue(started.server.addUser('ben@example.com', [{ role: 'view' }]).id);
    const waiting: ServerResponse[] = [];
    started.answer('/configmaps', (incoming, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (incoming.url?.includes('watch=true') === true) response.flushHeaders();
      else response.end('{}');
    });
    started.answer('/held', (_incoming, response) => waiting.push(response));
    await until(async () => (await started.connector.request(ben, list)).status === 200, 'ben gets in');
    return { ...started, waiting };
  }
  afterEach(async () => {
    await cluster?.stop();
    cluster = undefined;
  });

  function expectRefusal(answer: Answer, setting: string): void {
    expect(answer.status, answer.text).to.equal(429);
    expect(answer.headers['retry-after']).to.match(/^[1-9]\d*$/);
    const status = JSON.parse(answer.text) as { readonly message: string };
    expect(status).to.deep.include({
      kind: 'Status',
      code: 429,
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: Number(answer.headers['retry-after']) },
    });
    expect(status.message)
      .to.match(/^infra: /)
      .and.include(`ask an admin to raise ${setting}`);
  }

  /** With a client certificate, without one (null); resolves when the handshake is over, rejects when it was cut off. */
  const handshake = async (credential: Credential | null, localAddress = '127.0.0.1'): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const from: TcpSocketConnectOpts & ConnectionOptions = { ...cluster!.connector.tls(credential ?? undefined), localAddress };
      const socket = connect(from, () => resolve(socket));
      socket.on('error', reject);
    });
  const outcome = async (work: Promise<TLSSocket>): Promise<'done' | 'cut off'> =>
    work.then(
      () => 'done',
      () => 'cut off',
    );

  it('requests under way: the one too many is refused, streams and other people have room of their own, and the end of one gives room', async () => {
    const { connector, waiting } = await start({ OPEN_REQUESTS: 2 });
    const first = [connector.request(ana, held), connector.request(ana, held)];
    await until(() => waiting.length === 2, 'two requests wait at the cluster');
    expectRefusal(await connector.request(ana, list), 'limits.openRequests');
    expect((await connector.watch(ana, watch)).status).to.equal(200);
    expect((await connector.request(ben, list)).status).to.equal(200);
    waiting[0]?.end('{}');
    await Promise.race(first);
    await until(async () => (await connector.request(ana, list)).status === 200, 'there is room again');
    waiting[1]?.end('{}');
    await Promise.all(first);
  });

  it('a request whose client goes away gives its place back', async () => {
    const { connector, waiting } = await start({ OPEN_REQUESTS: 1 });
    const outgoing = request({ ...connector.tls(ana), agent: false, path: held, headers: { host: 'local' } });
    outgoing.on('error', () => undefined).end();
    await until(() => waiting.length === 1, 'the request waits at the cluster');
    expectRefusal(await connector.request(ana, list), 'limits.openRequests');
    outgoing.destroy();
    await until(async () => (await connector.request(ana, list)).status === 200, 'there is room again');
  });

  it('a request that the cluster refuses, or that has no grant, gives its place back', async () => {
    const { connector, server, answer } = await start({ OPEN_REQUESTS: 1, STREAMS: 1 });
    const eve = await server.issue(server.addUser('eve@example.com', []).id);
    answer('/refused', (_incoming, response) => response.writeHead(403).end());
    for (let count = 0; count < 5; count += 1) {
      expect((await connector.request(ana, '/api/v1/refused')).status).to.equal(403);
      expect((await connector.request(ana, '/api/v1/refused?watch=true')).status).to.equal(403);
      expect((await connector.request(eve, list)).status).to.equal(403);
      expect((await connector.request(eve, watch)).status).to.equal(403);
    }
  });

  it('requests a second: beyond the burst they are refused; a few of these are recorded, and the number of the others', async () => {
    const { connector, server } = await start({ REQUESTS_PER_SECOND: 1, BURST: 20 });
    const agents = Array.from({ length: 20 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const answers = await Promise.all(agents.flatMap((agent) => [1, 2, 3].map(async () => connector.request(ana, list, { agent }))));
    agents.forEach((agent) => agent.destroy());
    const refused = answers.filter(({ status }) => status !== 200);
    expect(answers.length - refused.length).to.be.within(19, 30);
    refused.forEach((answer) => expectRefusal(answer, 'limits.requestsPerSecond'));
    expect((await connector.request(ben, list)).status).to.equal(200);
    const lines = () => server.events.filter(({ identityId, status }) => identityId === ana.identityId && status === 429);
    const told = ({ reason }: { readonly reason: string }): number => Number(/^(\d+) more requests/.exec(reason)?.[1] ?? 1);
    await until(() => lines().reduce((sum, line) => sum + told(line), 0) === refused.length, 'every refusal to be told of');
    expect(lines().length).to.be.below(refused.length / 2);
  });

  it('who goes on asking on a connection after a refusal is answered later, and who sends ahead of the answer is cut off', async () => {
    const { connector } = await start({ REQUESTS_PER_SECOND: 1, BURST: 1 });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const patient = async (): Promise<number> => (await connector.request(ana, list, { agent })).status;
    await until(async () => (await patient()) === 429, 'a refusal');
    await until(async () => (await patient()) === 200, 'an answer on the same connection');
    agent.destroy();
    const received = await connector.raw(ana, `GET ${list} HTTP/1.1\r\nHost: local\r\n\r\n`.repeat(200), 10_000);
    expect(received.split('HTTP/1.1 429').length).to.be.within(2, 150);
  });

  it('strangers: handshakes without end from one address are cut off; people elsewhere get in, and their own do not count for an address', async () => {
    const { connector } = await start({ HANDSHAKES_PER_SECOND: 1, HANDSHAKE_BURST: 20 });
    const strangers = await Promise.all(Array.from({ length: 60 }, async () => outcome(handshake(null, '127.0.0.2'))));
    expect(strangers.filter((each) => each === 'done').length).to.be.within(20, 30);
    for (let count = 0; count < 15; count += 1)
      for (const person of [ana, ben]) expect((await connector.request(person, list)).status).to.equal(200);
    await until(() => connector.output.includes('too many handshakes from one address'), 'a warning in the log');
    expect(connector.output).to.include('127.0.0.2');
  });

  it('an identity: handshakes without end are refused in words, then cut off like those of a stranger', async () => {
    const { connector } = await start({ HANDSHAKES_PER_SECOND: 1, HANDSHAKE_BURST: 10 });
    const answers: Answer[] = [];
    await until(async () => {
      // A new one each, which the client would keep.
      const agent = new Agent({ keepAlive: true });
      const answer = await connector.request(ana, list, { localAddress: '127.0.0.2', agent }).catch(() => undefined);
      agent.destroy();
      if (answer !== undefined) answers.push(answer);
      return answer === undefined;
    }, 'to be cut off');
    const [refusal] = answers.filter(({ status }) => status !== 200);
    if (refusal === undefined) throw new Error('nothing was refused in words');
    expectRefusal(refusal, 'limits.handshakesPerSecond');
    expect(refusal.headers.connection).to.equal('close');
    expect((await connector.request(ben, list)).status).to.equal(200);
  });

  it('connections of everybody: strangers make room for people, people for nobody', async () => {
    const { connector } = await start({ CONNECTIONS: 20 });
    const idle: TLSSocket[] = [];
    // One after another: of those at once, some would be cut off in the middle of their handshake.
    for (let count = 0; count < 40; count += 1) idle.push(await handshake(null));
    await until(() => idle.filter(({ closed }) => closed).length >= 20, 'the oldest to be gone');
    const watches = [];
    for (let count = 0; count < 20; count += 1) watches.push(await connector.watch(ana, watch));
    await until(() => idle.every(({ closed }) => closed), 'all strangers to be gone');
    expect(await outcome(handshake(ben))).to.equal('cut off');
    expect(watches.map(({ closedAt }) => closedAt)).to.deep.equal(watches.map(() => undefined));
    watches[0]?.abort();
    await until(async () => (await connector.request(ben, list).catch(() => undefined))?.status === 200, 'there is room again');
  });

  it('connections of an identity: no more than it can use at a time', async () => {
    const { connector } = await start({ STREAMS: 3, OPEN_REQUESTS: 2 });
    const idle = await Promise.all(Array.from({ length: 5 }, async () => handshake(ana)));
    await until(async () => (await connector.request(ana, list)).status === 429, 'the sixth to be one too many');
    expect((await connector.request(ben, list)).status).to.equal(200);
    idle[0]?.destroy();
    await until(async () => (await connector.request(ana, list)).status === 200, 'there is room again');
    idle.forEach((socket) => socket.destroy());
  });

  it('a client without a valid certificate is told so and its connection ended', async () => {
    const { connector } = await start({});
    const agent = new Agent({ keepAlive: true });
    const answer = await connector.request(undefined, list, { agent });
    agent.destroy();
    expect(answer.status).to.equal(401);
    expect(answer.headers.connection).to.equal('close');
  });
});
