/** Request headers: what goes on is from the list, once where once counts, and nobody's identity. */
import { expect } from 'chai';
import fc from 'fast-check';
import { createServer } from 'node:http';
import { duplexPair } from 'node:stream';
import { readAsked } from '../../../connector/proxy/asked-rules.ts';
import { cleanHeaders } from '../../../connector/proxy/request-headers.ts';
import { requestHead } from '../../../connector/proxy/request-head.ts';
import { checkable } from './property.ts';

export interface HeaderList {
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  readonly isUpgrade: boolean;
}

const passed = [
  ...['accept', 'accept-encoding', 'accept-language', 'cache-control', 'content-encoding', 'content-length', 'content-type', 'date'],
  ...['if-match', 'if-modified-since', 'if-none-match', 'if-unmodified-since', 'kubectl-command', 'kubectl-session', 'range'],
  ...['transfer-encoding', 'user-agent', 'x-stream-protocol-version'],
];
const onlyOnUpgrade = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'sec-websocket-extensions'];
const neverPassed = [
  ...['Authorization', 'Proxy-Authorization', 'Cookie', 'Host', 'Connection', 'Proxy-Connection', 'Keep-Alive', 'TE', 'Trailer', 'Upgrade'],
  ...[
    'Expect',
    'X-Remote-User',
    'X-Remote-Group',
    'X-Remote-Extra-A',
    'X-Forwarded-For',
    'X-Forwarded-User',
    'Forwarded',
    'Via',
    'Audit-ID',
  ],
  ...['X-HTTP-Method-Override', 'X-Original-URL', 'HTTP2-Settings', '__proto__', 'constructor', 'toString', '', ' ', 'X-Any'],
];
const asking = ['Impersonate-User', 'Impersonate-Group', 'Impersonate-Uid', 'Impersonate-Extra-Scopes', 'Impersonate-Any', 'Impersonate-'];
const spelling = fc.constantFrom<(name: string) => string>(
  (name) => name,
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replaceAll('K', '\u212a').replaceAll('s', '\u017f'),
  (name) => `${name} `,
);
const anyName = fc
  .tuple(fc.constantFrom(...passed, ...onlyOnUpgrade, ...neverPassed, ...asking), spelling)
  .map(([name, spell]) => spell(name));
const values = [
  ...[
    '',
    'x',
    '0',
    '5',
    '5, 5',
    'chunked',
    'gzip, chunked',
    'Chunked ',
    'identity',
    'close',
    'keep-alive, Upgrade',
    'upgrade,Impersonate-User',
  ],
  ...['websocket', 'WebSocket', 'SPDY/3.1', 'h2c', 'websocket, h2c', 'v5.channel.k8s.io', 'base64url.bearer.authorization.k8s.io.eA'],
  ...['admin', 'system:masters', 'a,b', 'a b', 'b\u00f6b', 'application/json'],
];
const anyValue = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...values) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a\r\nImpersonate-User: b', 'a\nb', 'a\rb', 'a\0b', 'a\u010ab', 'a\u010db', '\u0100', '\x7f', '\t'),
  },
);
const host = fc.constantFrom<readonly string[]>(['Host', 'x'], ['Host', 'x'], ['host', 'x'], [], ['Host', 'x', 'Host', 'y']);
const anyList = fc.tuple(host, fc.array(fc.tuple(anyName, anyValue), { maxLength: 8 })).map(([first, rest]) => [...first, ...rest.flat()]);

export const headerLists = checkable<HeaderList>({
  title: 'headers that pass are from the list, with the values that came, and written down they are what a server reads',
  corpus: 'headers',
  inputs: fc.record({ headers: anyList, isUpgrade: fc.boolean() }),
  holds: async ({ headers, isUpgrade }) => {
    const result = cleanHeaders(headers, isUpgrade);
    if (result.kind === 'refused') return;
    const allowed = isUpgrade ? [...passed, ...onlyOnUpgrade] : passed;
    const sent = Object.entries(result.headers).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, each]));
    for (const [name, value] of sent) {
      expect(allowed).to.include(name);
      expect(came(headers, name)).to.include(value);
    }
    expect(sent.filter(([name]) => name === 'content-length' || name === 'transfer-encoding').length).to.be.at.most(1);
    expect(came(headers, 'host')).to.have.length(1);
    if (result.upgrade !== undefined) expect(['websocket', 'spdy/3.1']).to.include(result.upgrade.toLowerCase());
    const isAsking = headers.some((name, index) => index % 2 === 0 && /^impersonate[-_]/i.test(name));
    expect(result.asked !== undefined).to.equal(isAsking);
    await expectReadBack(result.headers, sent);
  },
});

export const askedLists = checkable<readonly string[]>({
  title: 'whom a request asks to act as is one user, and groups, in characters that nobody reads in two ways',
  corpus: 'asked',
  inputs: fc
    .array(fc.tuple(fc.tuple(fc.constantFrom(...asking.slice(0, 2), ...asking), spelling), anyValue), { minLength: 1, maxLength: 5 })
    .map((list) => list.flatMap(([[name, spell], value]) => [spell(name), value])),
  holds: (headers) => {
    const result = readAsked(headers);
    if (result.kind === 'refused') return;
    const { user, groups } = result.asked;
    expect(came(headers, 'impersonate-user')).to.deep.equal([user]);
    expect(came(headers, 'impersonate-group')).to.deep.equal(groups);
    expect(headers.length, 'nothing was asked besides').to.equal(2 + 2 * groups.length);
    expect(new Set(groups).size).to.equal(groups.length);
    for (const name of [user, ...groups]) expect(name).to.match(/^[\x21-\x7e]+$/);
  },
});

const came = (headers: readonly string[], wanted: string): readonly string[] =>
  headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === wanted);

/** The head as bytes, put before Node's own parser: those headers and no others, or it was never written. */
async function expectReadBack(headers: Record<string, string | string[]>, sent: readonly (readonly [string, string])[]): Promise<void> {
  const framing = ['content-length', 'transfer-encoding'];
  const plain = Object.fromEntries(Object.entries(headers).filter(([name]) => !framing.includes(name)));
  const expected = sent.filter(([name]) => !framing.includes(name));
  const isWritable = expected.every(([, value]) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value));
  if (!isWritable) {
    expect(() => requestHead('GET', '/api', { host: 'x', ...plain })).to.throw('control character');
    return;
  }
  const read = await readByNode(Buffer.from(requestHead('GET', '/api', { host: 'x', ...plain }), 'latin1'));
  // Blanks around a value belong to nobody (RFC 9112 §5.1).
  const trimmed = expected.map(([name, value]) => [name, value.replace(/^[\t ]+|[\t ]+$/g, '')]);
  expect(read).to.deep.equal([['host', 'x'], ...trimmed].flat());
}

async function readByNode(head: Buffer): Promise<readonly string[]> {
  const [near, far] = duplexPair();
  const server = createServer({ maxHeaderSize: 1_000_000 });
  try {
    return await new Promise<readonly string[]>((resolve, reject) => {
      server.on('request', ({ rawHeaders }) => resolve(rawHeaders)).on('clientError', reject);
      server.emit('connection', far);
      near.on('error', reject).write(head);
    });
  } finally {
    near.destroy();
    far.destroy();
  }
}
