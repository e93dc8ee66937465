/** Where a connection goes is read from its first bytes: those of real clients, cut anywhere, and what no client would send. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { expect } from 'chai';
import fc from 'fast-check';
import { mostHelloBytes, readClientHello } from '../../server/relay/client-hello-rules.ts';
import { readProxyHeader } from '../../server/relay/proxy-protocol-rules.ts';

const name = 'dst_01k7zq3v4x8s5m2n6p9r0t1w2y.connector.infra.example.com';

/** The first bytes that a client of this kind really sends. */
async function captured(start: (port: number) => () => void): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = start((server.address() as AddressInfo).port);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  stop();
  server.close();
  return bytes;
}

const byNode = (options: ConnectionOptions) => async () =>
  captured((port) => {
    const socket = connect({ host: '127.0.0.1', port, ...options });
    socket.on('error', () => undefined);
    return () => socket.destroy();
  });

const byOpenSsl =
  (...options: readonly string[]) =>
  async () =>
    captured((port) => {
      const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...options], { stdio: 'ignore' });
      return () => child.kill();
    });

/** Handshake bytes in records of so many each. */
function inRecords(handshake: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += size) {
    const piece = handshake.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece);
  }
  return Buffer.concat(records);
}

const vector = (lengthBytes: number, content: Buffer): Buffer => {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
};
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, content)]);
const serverName = (text: string, type = 0): Buffer =>
  extension(0, vector(2, Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(text, 'latin1'))])));

function handshakeWith(extensions: Buffer | undefined, sessionId = Buffer.alloc(32, 7)): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 1),
    vector(1, sessionId),
    vector(2, Buffer.from([0x13, 0x01])),
    vector(1, Buffer.from([0])),
    ...(extensions === undefined ? [] : [vector(2, extensions)]),
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}
const hello = (...extensions: readonly Buffer[]): Buffer => inRecords(handshakeWith(Buffer.concat(extensions)), 16_384);

describe('the server name in a ClientHello', () => {
  const clients: Readonly<Record<string, () => Promise<Buffer>>> = {
    'Node, TLS 1.3': byNode({ servername: name }),
    'Node, TLS 1.2': byNode({ servername: name, maxVersion: 'TLSv1.2' }),
    'Node, in capitals': byNode({ servername: name.toUpperCase() }),
    'Node, with ALPN': byNode({ servername: name, ALPNProtocols: ['h2', 'http/1.1'] }),
    OpenSSL: byOpenSsl('-servername', name),
    'OpenSSL with many groups': byOpenSsl('-servername', name, '-groups', 'P-256:P-384:P-521:X25519:X448'),
  };
  for (const [client, hellos] of Object.entries(clients)) {
    it(`of ${client} is read, however it is cut`, async () => {
      const bytes = await hellos();
      expect(readClientHello(bytes)).to.deep.equal({ kind: 'hello', serverName: name });
      for (let cut = 1; cut < bytes.length; cut += 1) expect(readClientHello(bytes.subarray(0, cut)).kind, `${cut}`).to.equal('incomplete');
      expect(readClientHello(Buffer.concat([bytes, Buffer.from('what comes after')]))).to.deep.equal({ kind: 'hello', serverName: name });
    });

    it(`of ${client} is read in several records`, async () => {
      const handshake = (await hellos()).subarray(5);
      const size = Math.ceil(handshake.length / 7);
      expect(readClientHello(inRecords(handshake, size))).to.deep.equal({ kind: 'hello', serverName: name });
    });
  }

  it('is none where none is sent', async () => {
    expect(await byNode({})().then(readClientHello)).to.deep.equal({ kind: 'hello', serverName: undefined });
    expect(readClientHello(inRecords(handshakeWith(undefined), 16_384))).to.deep.equal({ kind: 'hello', serverName: undefined });
  });

  const strange: Readonly<Record<string, Buffer>> = {
    'HTTP without TLS': Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    SSH: Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
    'a hello of SSL 2': Buffer.from([0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10]),
    'an alert': Buffer.from([21, 3, 3, 0, 2, 2, 112]),
    'another version': Buffer.concat([Buffer.from([22, 4]), hello(serverName(name)).subarray(2)]),
    'an empty record': Buffer.concat([Buffer.from([22, 3, 1, 0, 0]), hello(serverName(name))]),
    'a record that is too long': Buffer.from([22, 3, 1, 0x40, 1]),
    'a ServerHello': inRecords(Buffer.concat([Buffer.from([2]), vector(3, Buffer.alloc(60))]), 16_384),
    'a hello that is too long': inRecords(Buffer.concat([Buffer.from([1]), vector(3, Buffer.alloc(mostHelloBytes + 1))]), 16_000),
    'a hello in a hundred records': inRecords(handshakeWith(serverName(name)), 1),
    'two names': hello(serverName(name), serverName('other.example.com')),
    'two names in one list': hello(
      extension(
        0,
        vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name)), Buffer.from([0]), vector(2, Buffer.from('b'))])),
      ),
    ),
    'a name of another type': hello(serverName(name, 1)),
    'an empty name': hello(serverName('')),
    'a name with a NUL': hello(serverName(`${name}\0.evil.example.com`)),
    'a name with a slash': hello(serverName('a/b')),
    'a name that is too long': hello(serverName('x'.repeat(254))),
    'an extension that is longer than its list': inRecords(handshakeWith(Buffer.from([0, 0, 0, 99, 0])), 16_384),
    'bytes after the extensions': inRecords(
      Buffer.concat([Buffer.from([1]), vector(3, Buffer.concat([handshakeWith(serverName(name)).subarray(4), Buffer.from([0])]))]),
      16_384,
    ),
  };
  for (const [what, bytes] of Object.entries(strange))
    it(`is not read from ${what}, which TLS itself may judge`, () => expect(readClientHello(bytes)).to.deep.equal({ kind: 'other' }));

  it('is never more than OpenSSL would read: no bytes make it throw, wait for ever, or invent', () => {
    const real = hello(extension(16, Buffer.alloc(20)), serverName(name), extension(43, Buffer.alloc(4)));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(real.length), (changes, cut) => {
        const bytes = Buffer.from(real);
        for (const [at, value] of changes) bytes[at] = value;
        const reading = readClientHello(bytes.subarray(0, cut));
        if (reading.kind === 'hello') expect(reading.serverName ?? 'a').to.match(/^[a-z0-9._-]{1,253}$/);
        const endless = readClientHello(Buffer.concat([bytes, Buffer.alloc(3 * mostHelloBytes, 22)]));
        expect(endless.kind).not.to.equal('incomplete');
      }),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        readClientHello(Buffer.from(noise));
        readClientHello(Buffer.concat([Buffer.from([22, 3, 1]), Buffer.from(noise)]));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the header of a load balancer (PROXY protocol, version 2)', () => {
  const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
  const header = (command: number, family: number, body: Buffer): Buffer =>
    Buffer.concat([signature, Buffer.from([command, family]), vector(2, body)]);
  const ipv4 = Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0xd4, 0x31, 0x20, 0xfb]);
  const ipv6 = Buffer.concat([
    Buffer.from('20010db8000000000000000000000007', 'hex'),
    Buffer.alloc(16),
    Buffer.from([0xd4, 0x31, 0x20, 0xfb]),
  ]);

  it('tells address and port, of IPv4 and of IPv6, with or without what else it says', () => {
    expect(readProxyHeader(header(0x21, 0x11, ipv4))).to.deep.equal({
      kind: 'header',
      length: 28,
      source: { address: '203.0.113.7', port: 54_321 },
    });
    expect(readProxyHeader(header(0x21, 0x11, Buffer.concat([ipv4, Buffer.alloc(40)])))).to.deep.include({ length: 68 });
    const reading = readProxyHeader(Buffer.concat([header(0x21, 0x21, ipv6), Buffer.from('more')]));
    expect(reading).to.deep.equal({ kind: 'header', length: 52, source: { address: '2001:db8:0:0:0:0:0:7', port: 54_321 } });
  });

  it('of the balancer’s own connections names nobody', () =>
    expect(readProxyHeader(header(0x20, 0x00, Buffer.alloc(0)))).to.deep.equal({ kind: 'header', length: 16, source: undefined }));

  it('is waited for as long as it may still be one', () => {
    const whole = header(0x21, 0x11, ipv4);
    for (let cut = 0; cut < whole.length; cut += 1) expect(readProxyHeader(whole.subarray(0, cut)).kind, `${cut}`).to.equal('incomplete');
  });

  const none: Readonly<Record<string, Buffer>> = {
    'TLS without one': hello(serverName(name)),
    'version 1': Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 54321 8443\r\n'),
    'another version': header(0x31, 0x11, ipv4),
    'another command': header(0x22, 0x11, ipv4),
    UDP: header(0x21, 0x12, ipv4),
    'a Unix socket': header(0x21, 0x31, Buffer.alloc(216)),
    'an address that is cut': header(0x21, 0x11, ipv4.subarray(0, 11)),
    'more than anybody tells': header(0x21, 0x11, Buffer.alloc(2049)),
  };
  for (const [what, bytes] of Object.entries(none))
    it(`is not ${what}`, () => expect(readProxyHeader(bytes)).to.deep.equal({ kind: 'malformed' }));
});
