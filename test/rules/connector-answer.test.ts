/** Answers of the cluster as they are read from its connections: the same however the bytes are cut, and nothing that could be read in two ways. */
import { expect } from 'chai';
import { AnswerError, readAnswerHead } from '../../connector/proxy/answer-head.ts';
import { AnswerParser } from '../../connector/proxy/answer-parser.ts';
import { requestHead } from '../../connector/proxy/request-head.ts';

interface Read {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly keepsAlive: boolean;
}

/** @param isEnded the connection ends after the bytes. */
function read(pieces: readonly string[], { method = 'GET', isEnded = false } = {}): Read | undefined {
  let status = 0;
  let headers: readonly string[] = [];
  let body = '';
  let found: Read | undefined;
  let keepsAlive = false;
  const parser = new AnswerParser({
    onHead: (head) => ({ status, headers, keepsAlive } = head),
    onBody: (chunk) => (body += chunk.toString('latin1')),
    onEnd: (trailers) => (found = { status, headers, body, trailers, keepsAlive }),
  });
  parser.expect(method);
  for (const piece of pieces) parser.feed(Buffer.from(piece, 'latin1'));
  if (isEnded) parser.finish();
  return found;
}

const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A:  b \t\r\n\r\n5\r\nhello\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nX-Sum: 1\r\nX-Two: \r\n\r\n';
const withLength = 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\ncontent-type: a/b\r\n\r\nbody';
const interim = `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${withLength}`;

describe('connector rule: answers of the cluster', () => {
  for (const [name, bytes, expected] of [
    ['in chunks with trailers', chunked, { status: 200, body: 'helloabcdefghijklmnopqrstuvwxyz', trailers: ['X-Sum', '1', 'X-Two', ''] }],
    ['with a length', withLength, { status: 404, body: 'body', headers: ['Content-Length', '4', 'content-type', 'a/b'] }],
    ['after interim ones', interim, { status: 404, body: 'body' }],
    ['with an empty body', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', { status: 200, body: '' }],
    ['without a body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n', { status: 304, body: '' }],
    ['in no chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n', { status: 200, body: '' }],
  ] as const)
    it(`${name}: the same however they are cut`, () => {
      for (let first = 1; first < bytes.length; first += 1)
        for (let second = first; second < bytes.length; second += 7) {
          const pieces = [bytes.slice(0, first), bytes.slice(first, second), bytes.slice(second)];
          expect(read(pieces), `cut at ${first} and ${second}`).to.deep.include(expected);
        }
      expect(read(Array.from({ length: bytes.length }, (_, index) => bytes.charAt(index)))).to.deep.include(expected);
    });

  it('to HEAD have no body, whatever their head says', () => {
    expect(read([withLength.replace('body', '')], { method: 'HEAD' })).to.deep.include({ status: 404, body: '' });
  });

  it('without a length last until the connection ends, which is then of no more use', () => {
    const bytes = 'HTTP/1.1 200 OK\r\n\r\nall of it';
    expect(read([bytes])).to.equal(undefined);
    expect(read([bytes], { isEnded: true })).to.deep.include({ body: 'all of it', keepsAlive: false });
  });

  it('say whether another request may follow', () => {
    const keeps = (connection: string): boolean => readAnswerHead(`HTTP/1.1 200 OK\r\n${connection}`, false).keepsAlive;
    expect(keeps('Content-Length: 0')).to.equal(true);
    for (const connection of ['Connection: close', 'connection: Keep-Alive, CLOSE', 'CONNECTION: close,x'])
      expect(keeps(`Content-Length: 0\r\n${connection}`), connection).to.equal(false);
    expect(keeps('Content-Length: 0\r\nConnection: disclosed')).to.equal(true);
  });

  it('that end too early are none', () => {
    for (const bytes of [chunked, withLength])
      for (const length of [1, 20, bytes.length - 1])
        expect(() => read([bytes.slice(0, length)], { isEnded: true }), `${length}`).to.throw(AnswerError);
  });

  it('with more behind them than was asked for end the connection', () => {
    for (const bytes of [chunked, withLength, interim]) expect(() => read([`${bytes}HTTP/1.1 200 OK\r\n`])).to.throw(AnswerError);
    expect(() => read([withLength, '\r\n'])).to.throw(AnswerError);
  });

  const heads: readonly string[] = [
    'HTTP/1.0 200 OK\r\n',
    'HTTP/2 200 OK\r\n',
    'HTTP/1.1 20 OK\r\n',
    'HTTP/1.1 200\r\n',
    'HTTP/1.1  200 OK\r\n',
    'HTTP/1.1 600 Odd\r\n',
    'http/1.1 200 OK\r\n',
    'ICY 200 OK\r\n',
    '\r\nHTTP/1.1 200 OK\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n',
    'HTTP/1.1 200 O\x00K\r\n',
    'HTTP/1.1 200 OK\nContent-Length: 0\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n',
    'HTTP/1.1 200 OK\r\n Content-Length: 0\r\n',
    'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n',
    'HTTP/1.1 200 OK\r\nX: a\rb\r\n',
    'HTTP/1.1 200 OK\r\nX: a\nY: b\r\n',
    'HTTP/1.1 200 OK\r\nX: a\x00\r\n',
    'HTTP/1.1 200 OK\r\n: a\r\n',
    'HTTP/1.1 200 OK\r\nnothing\r\n',
    'HTTP/1.1 200 OK\r\nX(Y: a\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length:\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n',
  ];
  for (const head of heads) it(`refuses ${JSON.stringify(head)}`, () => expect(() => read([`${head}\r\n`])).to.throw(AnswerError));

  const bodies: readonly string[] = [
    'g\r\n',
    '\r\n',
    '-1\r\n',
    ' 5\r\nhello\r\n',
    '0x5\r\n',
    '5\nhello\r\n',
    '5\r\nhelloX\r\n',
    '5\r\nhello\n',
    '123456789\r\n',
    '5 6\r\n',
    '0\r\nX\r\n\r\n',
    '0'.repeat(300),
  ];
  for (const body of bodies)
    it(`refuses the chunks ${JSON.stringify(body.slice(0, 20))}`, () =>
      expect(() => read([`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`])).to.throw(AnswerError));

  it('takes a head as long as it may be, wherever its end is cut', () => {
    const head = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: `;
    const bytes = `${head}${'a'.repeat(65_536 - head.length)}\r\n\r\nok`;
    for (const cut of [65_536, 65_537, 65_538, 65_539])
      expect(read([bytes.slice(0, cut), bytes.slice(cut)])).to.deep.include({ body: 'ok' });
    expect(() => read([bytes.replace('X: ', 'X: a')])).to.throw(AnswerError);
  });

  it('keeps no head and no trailers without end', () => {
    const field = `X: ${'a'.repeat(1000)}\r\n`;
    expect(() => read(['HTTP/1.1 200 OK\r\n', ...Array.from({ length: 100 }, () => field)])).to.throw(AnswerError);
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n';
    expect(() => read([head, ...Array.from({ length: 100 }, () => field)])).to.throw(AnswerError);
    expect(() => read(Array.from({ length: 12 }, () => 'HTTP/1.1 100 Continue\r\n\r\n'))).to.throw(AnswerError);
  });
});

describe('connector rule: requests to the cluster', () => {
  it('are their line, their headers and an empty line', () =>
    expect(requestHead('GET', '/api?x=y', { host: 'a:1', accept: ['b', 'c'] })).to.equal(
      'GET /api?x=y HTTP/1.1\r\nhost: a:1\r\naccept: b\r\naccept: c\r\n\r\n',
    ));

  it('hold no value that would be more than one line', () => {
    // U+010A and U+010D end in the bytes of LF and CR.
    for (const value of ['a\r\nImpersonate-User: b', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', 'a\u010aImpersonate-User: b', 'a\u010db'])
      for (const headers of [{ 'user-agent': value }, { accept: ['x', value] }])
        expect(() => requestHead('GET', '/', headers)).to.throw('control character');
  });
});
