/** Requests that two programs could cut apart in two ways, connections that never say anything: refused, while others are served. */
import { expect } from 'chai';
import { connect as connectTcp, type Socket } from 'node:net';
import { controlPlane } from '../support/clusters.ts';
import { converse, statusOf, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newMarker, witnessOf, type Witness } from '../support/upstream-witness.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the connector: framing', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let ana: Person;
  let client: ConnectorClient;
  let witness: Witness;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'framing' });
    ana = await guarded.person('ana', { role: 'view' });
    client = await ana.client();
    witness = witnessOf(guarded, client);
  });
  after(async () => guarded.stop());

  const smuggled = (marker: string): string => `GET /api/v1/secrets?fieldSelector=metadata.name=${marker} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const chunked = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  const withHeaders = (line: string, headers: readonly string[]): string =>
    `${line} HTTP/1.1\r\nHost: local\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n`;
  const list = (): string => `/api/v1/namespaces/${guarded.namespace}/configmaps`;
  const manyHeaders = Array.from({ length: 2100 }, (_, index) => `a${index}:b`);

  const smuggling: Readonly<Record<string, (inner: string) => string>> = {
    'a length and chunks (CL.TE)': (inner) =>
      withHeaders(`POST ${list()}`, ['Content-Length: 5', 'Transfer-Encoding: chunked']) + `0\r\n\r\n${inner}`,
    'chunks and a length (TE.CL)': (inner) =>
      withHeaders(`POST ${list()}`, ['Transfer-Encoding: chunked', 'Content-Length: 4']) + chunked(inner),
    'two lengths': (inner) => withHeaders(`GET ${list()}`, ['Content-Length: 0', `Content-Length: ${inner.length}`]) + inner,
    'a list of lengths': (inner) => withHeaders(`GET ${list()}`, [`Content-Length: 0, ${inner.length}`]) + inner,
    'a length with a sign': (inner) => withHeaders(`GET ${list()}`, [`Content-Length: +${inner.length}`]) + inner,
    'a length in hexadecimal': (inner) => withHeaders(`GET ${list()}`, [`Content-Length: 0x${inner.length.toString(16)}`]) + inner,
    'an unknown transfer encoding': (inner) => withHeaders(`GET ${list()}`, ['Transfer-Encoding: xchunked']) + chunked(inner),
    'chunked not last': (inner) => withHeaders(`GET ${list()}`, ['Transfer-Encoding: chunked, identity']) + chunked(inner),
    'two transfer encodings': (inner) =>
      withHeaders(`GET ${list()}`, ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']) + chunked(inner),
    'a folded transfer encoding': (inner) => withHeaders(`GET ${list()}`, ['Transfer-Encoding:', ' chunked']) + chunked(inner),
    'a space before the colon': (inner) => withHeaders(`GET ${list()}`, ['Transfer-Encoding : chunked']) + chunked(inner),
    'an underscore': (inner) => withHeaders(`GET ${list()}`, ['Transfer_Encoding: chunked']) + chunked(inner),
    'bare LF between headers': (inner) => `GET ${list()} HTTP/1.1\r\nHost: local\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    'bare LF at the end of the head': (inner) => `GET ${list()} HTTP/1.1\r\nHost: local\r\nX-Note: a\n\n${inner}`,
    'bare LF after a chunk': (inner) => withHeaders(`POST ${list()}`, ['Transfer-Encoding: chunked']) + `1\nx\n0\n\n${inner}`,
    'a chunk extension with a bare LF': (inner) =>
      withHeaders(`POST ${list()}`, ['Transfer-Encoding: chunked']) + `1;a\nb\r\nx\r\n0\r\n\r\n${inner}`,
    'a chunk size beyond 64 bits': (inner) =>
      withHeaders(`POST ${list()}`, ['Transfer-Encoding: chunked']) + `10000000000000000\r\n${inner}\r\n0\r\n\r\n`,
    'a GET with a body in chunks': (inner) => withHeaders(`GET ${list()}`, ['Transfer-Encoding: chunked']) + chunked(inner),
    'a DELETE with a body in chunks': (inner) => withHeaders(`DELETE ${list()}/none`, ['Transfer-Encoding: chunked']) + chunked(inner),
    'a GET with a body': (inner) => withHeaders(`GET ${list()}`, [`Content-Length: ${inner.length}`]) + inner,
    'a HEAD with a body': (inner) => withHeaders(`HEAD ${list()}`, ['Connection: close', `Content-Length: ${inner.length}`]) + inner,
    'an OPTIONS with a body': (inner) => withHeaders(`OPTIONS ${list()}`, [`Content-Length: ${inner.length}`]) + inner,
    'a length after more headers than are kept': (inner) =>
      withHeaders(`GET ${list()}`, [...manyHeaders, `Content-Length: ${inner.length}`]) + inner,
    'chunks announced after more headers than are kept': (inner) =>
      withHeaders(`GET ${list()}`, [...manyHeaders, 'Transfer-Encoding: chunked']) + chunked(inner),
  };
  for (const [title, attack] of Object.entries(smuggling))
    it(`row 31: ${title}: what is hidden in it reaches the cluster as the caller's or not at all`, async () => {
      const marker = newMarker();
      const [answer] = await client.send(attack(smuggled(marker)));
      if (answer !== undefined && answer.status >= 400 && answer.status < 500 && answer.body.startsWith('{'))
        expect(statusOf(answer.body).kind).to.equal('Status');
      await witness.onlyAs(ana, marker);
    });

  const protocols: Readonly<Record<string, string>> = {
    'h2c by upgrade': withHeaders('GET /version', [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ]),
    'h2c without its settings': withHeaders('GET /version', ['Connection: Upgrade', 'Upgrade: h2c']),
    'an upgrade to TLS': withHeaders('GET /version', ['Connection: Upgrade', 'Upgrade: TLS/1.3']),
    'two protocols at once': withHeaders('GET /version', ['Connection: Upgrade', 'Upgrade: websocket, h2c']),
    'HTTP/2 at once': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/3.0': 'GET /version HTTP/3.0\r\nHost: local\r\n\r\n',
    'a request without version': 'GET /version\r\n\r\n',
    'an absolute target': withHeaders('GET https://kubernetes.default/api/v1/secrets', []),
    CONNECT: withHeaders('CONNECT 127.0.0.1:6443', []),
    TRACE: withHeaders('TRACE /version', []),
    'no Host': 'GET /version HTTP/1.1\r\n\r\n',
    'two Hosts': withHeaders('GET /version', ['Host: other']),
  };
  for (const [title, bytes] of Object.entries(protocols))
    it(`row 31: ${title}: refused with a Status`, async () => {
      const [answer] = await client.send(bytes);
      expect(answer?.status).to.be.oneOf([400, 405, 431]);
      expect(statusOf(answer?.body ?? '')).to.include({ kind: 'Status', code: answer?.status });
    });

  const tooLarge: Readonly<Record<string, string>> = {
    'a header of 40 KB': withHeaders('GET /version', [`X-Large: ${'x'.repeat(40_000)}`]),
    'a path of 40 KB': withHeaders(`GET /${'x'.repeat(40_000)}`, []),
    'three thousand headers': withHeaders(
      'GET /version',
      Array.from({ length: 3000 }, () => 'a: b'),
    ),
  };
  for (const [title, bytes] of Object.entries(tooLarge))
    it(`row 31: ${title}: refused with a Status, or cut off while it is still being sent`, async () => {
      const [answer] = await client.send(bytes);
      if (answer !== undefined) expect(statusOf(answer.body)).to.include({ kind: 'Status', code: 431 });
    });

  it('row 31: half-open handshakes and requests that never end are cut off, and others are served meanwhile', async () => {
    const { port } = guarded.connector;
    const silent = Array.from({ length: 50 }, () => connectTcp(port, '127.0.0.1'));
    // The start of a TLS record, and no more of it.
    silent.slice(25).forEach((socket) => socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])));
    const slow = await Promise.all(Array.from({ length: 10 }, async () => client.connect()));
    const heads = slow.map((socket) => converse(socket));
    slow.forEach((socket, index) => socket.write(index < 5 ? 'GET /version HTTP/1.1\r\nHost: local\r\nX-Slow: ' : 'G'));
    const drip = setInterval(() => slow.forEach((socket) => socket.write('x')), 500);
    try {
      const cut = (): number => silent.filter(isClosed).length + heads.filter((head) => head.hasEnded()).length;
      silent.forEach((socket) => socket.on('error', () => undefined).resume());
      await waitFor(
        async () => {
          const begun = performance.now();
          expect((await client.request('/version')).status).to.equal(200);
          expect(performance.now() - begun).to.be.below(3000);
          return cut() === silent.length + slow.length;
        },
        { within: 40, what: 'all of them to be cut off' },
      );
    } finally {
      clearInterval(drip);
      [...silent, ...slow].forEach((socket) => socket.destroy());
    }
  });
});

const isClosed = (socket: Socket): boolean => socket.closed;
