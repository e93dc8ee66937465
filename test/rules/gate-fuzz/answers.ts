/** Answers of the cluster: the same, or the same error, however the connection cuts their bytes. */
import { expect } from 'chai';
import fc from 'fast-check';
import { AnswerError } from '../../../connector/proxy/answer-head.ts';
import { AnswerParser } from '../../../connector/proxy/answer-parser.ts';
import { checkable } from './property.ts';

export interface CutAnswer {
  readonly method: string;
  /** Latin1; a part that is repeated, so that long ones can be kept short. */
  readonly parts: readonly (readonly [text: string, times: number])[];
  /** Where it is cut, in thousandths of its length, and from its end. */
  readonly cuts: readonly number[];
  readonly cutsFromEnd: readonly number[];
}

const lines = [
  ...[
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 204 No\r\n',
    'HTTP/1.1 304 \r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 101 S\r\n',
    'HTTP/1.0 200 OK\r\n',
  ],
  ...[
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'content-length: 05\r\n',
    'Content-Length: 5, 5\r\n',
    'Transfer-Encoding: chunked\r\n',
  ],
  ...['Transfer-Encoding: gzip\r\n', 'Connection: close\r\n', 'X-A:  b \t\r\n', ' folded\r\n', 'X : a\r\n', 'X\r\n', 'X: a\x00\r\n'],
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    'hello',
    '5\r\nhello\r\n',
    '5\nhello\n',
    '1;x=y\r\nz\r\n',
    '0\r\n',
    '0\r\n\r\n',
    'X-Sum: 1\r\n',
    'g\r\n',
    'ffffffff\r\n',
  ],
];
const whole = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
  'HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end',
];
const times = fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 }) });
const part = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...lines), times) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 5 }),
      times,
    ),
  },
);
/** About as long as is still taken. */
const longHead = fc.integer({ min: 65_470, max: 65_530 }).map((length): [string, number][] => [
  ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: ', 1],
  ['a', length],
  ['\r\n\r\nhello', 1],
]);
const longTrailers = fc.integer({ min: 16_370, max: 16_400 }).map((length): [string, number][] => [
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ', 1],
  ['a', length],
  ['\r\n\r\n', 1],
]);
const longSize = fc.integer({ min: 240, max: 260 }).map((length): [string, number][] => [
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;', 1],
  ['a', length],
  ['\r\nx\r\n0\r\n\r\n', 1],
]);
/** A good one with a few bytes changed. */
const damaged = fc
  .tuple(
    fc.constantFrom(...whole),
    fc.array(fc.tuple(fc.nat(200), fc.constantFrom('', '\r', '\n', '\0', ' ', ':', '0', '\r\n')), { maxLength: 3 }),
  )
  .map(([text, changes]): [string, number][] => [
    [changes.reduce((so, [at, change]) => so.slice(0, at % so.length) + change + so.slice((at % so.length) + 1), text), 1],
  ]);

export const answers = checkable<CutAnswer>({
  title: 'an answer is the same, or the same error, however its bytes are cut',
  corpus: 'answers',
  inputs: fc.record({
    method: fc.constantFrom('GET', 'GET', 'HEAD'),
    parts: fc.oneof(
      { weight: 6, arbitrary: fc.array(part, { maxLength: 8 }) },
      { weight: 6, arbitrary: damaged },
      { weight: 1, arbitrary: fc.oneof(longHead, longTrailers, longSize) },
    ),
    cuts: fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 6 }),
    cutsFromEnd: fc.array(fc.nat(12), { maxLength: 4 }),
  }),
  holds: ({ method, parts, cuts, cutsFromEnd }) => {
    const bytes = Buffer.from(parts.map(([text, count]) => text.repeat(count)).join(''), 'latin1');
    const at = [
      ...cuts.map((cut) => Math.floor((cut * bytes.length) / 1000)),
      ...cutsFromEnd.map((cut) => Math.max(0, bytes.length - cut)),
    ];
    const ends = [...new Set([...at, bytes.length])].sort((one, other) => one - other);
    const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
    const inOne = told(method, [bytes]);
    expect(told(method, pieces)).to.deep.equal(inOne);
    if (bytes.length < 400)
      expect(
        told(
          method,
          Array.from(bytes, (byte) => Buffer.from([byte])),
        ),
      ).to.deep.equal(inOne);
  },
});

/** All that a listener hears, the body as one text. */
function told(method: string, pieces: readonly Buffer[]): unknown {
  const heard = { heads: [] as unknown[], body: '', ends: [] as unknown[], error: '' };
  const parser = new AnswerParser({
    onHead: (head) => void heard.heads.push(head),
    onBody: (chunk) => (heard.body += chunk.toString('latin1')),
    onEnd: (trailers) => void heard.ends.push(trailers),
  });
  parser.expect(method);
  try {
    for (const piece of pieces) parser.feed(piece);
    parser.finish();
  } catch (error) {
    if (!(error instanceof AnswerError)) throw error;
    heard.error = error.message;
  }
  return heard;
}
