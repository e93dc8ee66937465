/** Rows of requests, each a test: the answers straight and through infra are the same. */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { BothWays } from './both-ways.ts';
import { withoutDifferences } from './differences.ts';
import { wiresOf, type Wire, type WireAnswer, type WireRequest, type Wires } from './wire.ts';

/** Other suites change what all of the cluster share. */
const sameWithinMilliseconds = 20_000;

export interface Row extends WireRequest {
  /** 200 when absent. */
  readonly status?: number;
  /** A header of the answer and a part of it, lest both be without it. */
  readonly shows?: readonly [name: string, value: string];
  /** The lines of the body that are compared; all when absent. */
  readonly only?: RegExp;
}

export interface WireRows {
  /** Defined once the tests run. */
  wires(): Wires;
  /** Both at once, again until they are the same: what they look at may change between the two. Every byte counts. */
  reads(rows: readonly Row[]): void;
  /** Once each, in a namespace of its own: what differs between any two runs is replaced. */
  writes(rows: readonly Row[]): void;
  sameRead<T>(read: (wire: Wire) => Promise<T>): Promise<T>;
}

/** For the beginning of a describe(). */
export function wireRows(ways: BothWays): WireRows {
  let made: Wires | undefined;
  before(async () => {
    made = await wiresOf(ways.prepared());
  });
  const wires = (): Wires => {
    if (made === undefined) throw new Error('used before the tests run');
    return made;
  };
  const testOf = (row: Row, answered: () => Promise<WireAnswer>): void => {
    it(titleOf(row), async () => {
      const { status, headers, body } = await answered();
      expect(status, body.slice(0, 500)).to.equal(row.status ?? 200);
      if (row.shows !== undefined) expect(headers[row.shows[0]]?.join()).to.include(row.shows[1]);
    });
  };
  return {
    wires,
    reads: (rows) => {
      for (const row of rows) testOf(row, async () => sameRead(wires(), async (wire) => withOnly(row.only, await wire.send(row))));
    },
    writes: (rows) => {
      for (const row of rows) testOf(row, async () => sameWrite(wires(), row));
    },
    sameRead: async (read) => sameRead(wires(), read),
  };
}

async function sameRead<T>(wires: Wires, read: (wire: Wire) => Promise<T>): Promise<T> {
  const both = async (): Promise<readonly [T, T]> => Promise.all([read(wires[0]), read(wires[1])]);
  let last = await both();
  const end = performance.now() + sameWithinMilliseconds;
  while (!isDeepStrictEqual(last[0], last[1]) && performance.now() < end) last = await both();
  expect(shortened(last[1])).to.deep.equal(shortened(last[0]));
  return last[0];
}

async function sameWrite(wires: Wires, row: Row): Promise<WireAnswer> {
  const masked = async (wire: Wire): Promise<WireAnswer> => {
    const { body, headers, ...answer } = await wire.send(row);
    // Revisions grow longer.
    const { 'content-length': _, ...others } = headers;
    return { ...answer, headers: others, body: withoutDifferences(body, wire.names) };
  };
  const [expected, got] = await Promise.all([masked(wires[0]), masked(wires[1])]);
  expect(shortened(got)).to.deep.equal(shortened(expected));
  return expected;
}

/** The report of a comparison of megabytes takes minutes. */
function shortened(value: unknown): unknown {
  const short = (text: string): string =>
    text.length < 20_000 ? text : `${text.length} bytes, SHA-256 ${createHash('sha256').update(text, 'latin1').digest('hex')}`;
  return JSON.parse(JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? short(part) : part)));
}

function withOnly(only: RegExp | undefined, answer: WireAnswer): WireAnswer {
  if (only === undefined) return answer;
  const lines = answer.body.split('\n').filter((line) => only.test(line));
  return { ...answer, body: lines.join('\n') };
}

function titleOf({ line, headers = {}, body = '', status }: Row): string {
  const said = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const sent = typeof body === 'string' ? body.replaceAll('\n', ' ') : `${body.length} chunks`;
  const answered = status === undefined ? '' : `→ ${status}`;
  return [line, ...said, sent, answered]
    .filter((part) => part !== '')
    .map((part) => (part.length > 90 ? `${part.slice(0, 90)}…` : part))
    .join(' ');
}
