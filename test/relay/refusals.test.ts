/** Refused while still sending: the answer arrives whole, at the connector's own port and through the relay, and nobody sends for ever. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { closed } from '../support/closed.ts';
import { connectorClient, statusOf, type ClientCertificate } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { readAnswers, type RawAnswer } from '../support/raw-answers.ts';
import { waitFor } from '../support/wait-for.ts';

describe('relay: refused while sending', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let lease: ClientCertificate;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'relay-refusals', connector: { reach: 'both' } });
    const ana = await guarded.person('ana', { role: 'view' });
    lease = await ana.lease();
    const directory = async () => (await guarded.call(api.destinations.directory, {})).destinations;
    await waitFor(async () => (await directory()).some(({ tunnels }) => tunnels > 0), { within: 10, what: 'a tunnel' });
  });
  after(async () => guarded.stop());

  const piece = 'x'.repeat(2 ** 16);
  const pieces = 32;

  for (const way of ['direct', 'relay'] as const) {
    const connect = async (certificate?: ClientCertificate) => {
      const { serverName } = guarded.connector;
      const port = way === 'direct' ? guarded.connector.port : guarded.server.port;
      const client = connectorClient({ port, serverName, ca: guarded.server.info.rootCertificate }, certificate);
      // Goes on sending when the other side has ended.
      return client.connect({ allowHalfOpen: true });
    };
    /** Sends it all, whatever comes back, and gives what came back; throws when the connection breaks. */
    const sendAll = async (head: string, certificate?: ClientCertificate): Promise<RawAnswer | undefined> => {
      const socket = await connect(certificate);
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
      const isOver = new Promise((resolve, reject) => socket.once('end', resolve).once('error', reject));
      // Looked at in the end.
      isOver.catch(() => undefined);
      const send = async (text: string): Promise<void> =>
        new Promise((resolve, reject) => socket.write(text, (error) => (error ? reject(error) : setImmediate(resolve))));
      await send(head);
      for (let index = 0; index < pieces; index += 1) await send(piece);
      await isOver;
      const end = closed(socket);
      socket.end();
      await end;
      return readAnswers(received)[0];
    };

    it(`${way}: a head of two mebibytes`, async () => {
      const answer = await sendAll('GET /version?', lease);
      expect(answer?.status).to.equal(431);
      expect(statusOf(answer?.body ?? '')).to.include({ kind: 'Status', reason: 'RequestHeaderFieldsTooLarge', code: 431 });
    });

    it(`${way}: a body of two mebibytes from nobody, whose connection ends with the answer`, async () => {
      const target = `/api/v1/namespaces/${guarded.namespace}/configmaps`;
      const answer = await sendAll(`POST ${target} HTTP/1.1\r\nHost: local\r\nContent-Length: ${pieces * piece.length}\r\n\r\n`);
      expect(answer?.status).to.equal(401);
      expect(statusOf(answer?.body ?? '')).to.include({ kind: 'Status', code: 401 });
    });

    it(`${way}: who drips on after the answer is cut`, async () => {
      const socket = await connect(lease);
      socket.on('error', () => undefined).resume();
      socket.write(`GET /version?${piece}`);
      const drip = setInterval(() => socket.write('x'), 200);
      try {
        await waitFor(() => socket.closed, { within: 20, what: 'the end' });
      } finally {
        clearInterval(drip);
        socket.destroy();
      }
    });
  }
});
