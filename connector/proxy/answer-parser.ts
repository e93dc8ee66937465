/**
 * Answers of the cluster out of the bytes of a kept connection, as they come and without keeping any of a body. A single answer is expected at
 * a time; whatever does not fit throws an AnswerError, after which the connection is of no use.
 */
import { AnswerError, readAnswerHead, readFields, type AnswerHead, type Framing } from './answer-head.ts';

export interface AnswerListener {
  /** The final one: what comes before it (1xx) concerns this connection alone. */
  onHead(head: AnswerHead): void;
  onBody(chunk: Buffer): void;
  /** @param trailers names and values in turn. */
  onEnd(trailers: readonly string[]): void;
}

const mostHeadBytes = 65_536;
const mostTrailerBytes = 16_384;
const mostInterim = 10;
/** Eight hexadecimal digits and an extension, which nobody sends. */
const mostSizeLine = 256;
/** Of an end (CR LF CR LF), what may be there without being one: the limits count what is before it, wherever the bytes were cut. */
const partOfEnd = 3;
const nothing = Buffer.alloc(0);
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

type State = 'idle' | 'head' | 'body' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers';

export class AnswerParser {
  readonly #listener: AnswerListener;
  #state: State = 'idle';
  #isForHead = false;
  #interim = 0;
  /** Of the head, a size line or trailers: what is not complete yet. */
  #part: Buffer = nothing;
  /** Of the body or the chunk. */
  #remaining = 0;

  constructor(listener: AnswerListener) {
    this.#listener = listener;
  }

  /** A request has been sent. */
  expect(method: string): void {
    this.#state = 'head';
    this.#isForHead = method === 'HEAD';
    this.#interim = 0;
  }

  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Of the expected answer something has come. */
  get hasBegun(): boolean {
    return !(this.#state === 'head' && this.#part.length === 0 && this.#interim === 0);
  }

  feed(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#take(rest);
  }

  /** The connection has ended; an error when the answer had not. */
  finish(): void {
    if (this.#state !== 'until-close') throw new AnswerError('the connection ended before the answer did');
    this.#end([]);
  }

  #take(bytes: Buffer): Buffer {
    switch (this.#state) {
      case 'idle':
        throw new AnswerError('bytes came that nobody asked for');
      case 'head':
        return this.#takeHead(bytes);
      case 'body':
      case 'chunk':
        return this.#takeBody(bytes);
      case 'until-close':
        this.#listener.onBody(bytes);
        return nothing;
      case 'chunk-size':
        return this.#takeSize(bytes);
      case 'chunk-end':
        return this.#takeChunkEnd(bytes);
      case 'trailers':
        return this.#takeTrailers(bytes);
    }
  }

  #takeHead(bytes: Buffer): Buffer {
    const all = this.#part.length === 0 ? bytes : Buffer.concat([this.#part, bytes]);
    const end = all.indexOf('\r\n\r\n');
    if (end > mostHeadBytes || (end === -1 && all.length > mostHeadBytes + partOfEnd)) throw new AnswerError('the head is too long');
    if (end === -1) {
      this.#part = Buffer.from(all);
      return nothing;
    }
    this.#part = nothing;
    const head = readAnswerHead(all.toString('latin1', 0, end), this.#isForHead);
    if (head.status < 200) this.#passInterim(head.status);
    else this.#begin(head);
    return all.subarray(end + 4);
  }

  #passInterim(status: number): void {
    if (status === 101) throw new AnswerError('a switch of protocols that nobody asked for');
    this.#interim += 1;
    if (this.#interim > mostInterim) throw new AnswerError('too many interim answers');
  }

  #begin(head: AnswerHead): void {
    this.#state = stateOf(head.framing);
    this.#remaining = head.framing.kind === 'length' ? head.framing.length : 0;
    this.#listener.onHead(head);
    if (head.framing.kind === 'none' || (head.framing.kind === 'length' && head.framing.length === 0)) this.#end([]);
  }

  #takeBody(bytes: Buffer): Buffer {
    const part = bytes.length <= this.#remaining ? bytes : bytes.subarray(0, this.#remaining);
    this.#remaining -= part.length;
    this.#listener.onBody(part);
    if (this.#remaining === 0) {
      if (this.#state === 'chunk') this.#state = 'chunk-end';
      else this.#end([]);
    }
    return bytes.subarray(part.length);
  }

  #takeSize(bytes: Buffer): Buffer {
    const { line, rest } = this.#takeLine(bytes, mostSizeLine);
    if (line === undefined) return rest;
    const size = /^([0-9a-fA-F]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line)?.[1];
    if (size === undefined) throw new AnswerError('the size of a chunk is malformed');
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk';
    return rest;
  }

  #takeChunkEnd(bytes: Buffer): Buffer {
    const { line, rest } = this.#takeLine(bytes, 0);
    if (line !== undefined) this.#state = 'chunk-size';
    return rest;
  }

  #takeTrailers(bytes: Buffer): Buffer {
    const all = this.#part.length === 0 ? bytes : Buffer.concat([this.#part, bytes]);
    if (all[0] === carriageReturn && all[1] === lineFeed) {
      this.#part = nothing;
      this.#end([]);
      return all.subarray(2);
    }
    const end = all.indexOf('\r\n\r\n');
    if (end > mostTrailerBytes || (end === -1 && all.length > mostTrailerBytes + partOfEnd))
      throw new AnswerError('the trailers are too long');
    if (end === -1) {
      this.#part = Buffer.from(all);
      return nothing;
    }
    this.#part = nothing;
    this.#end(readFields(all.toString('latin1', 0, end).split('\r\n')));
    return all.subarray(end + 4);
  }

  /** A line that ends with CR LF and holds neither besides. */
  #takeLine(bytes: Buffer, most: number): { readonly line: string | undefined; readonly rest: Buffer } {
    const all = this.#part.length === 0 ? bytes : Buffer.concat([this.#part, bytes]);
    const end = all.indexOf(lineFeed);
    if (end > most + 1 || (end === -1 && all.length > most + 1)) throw new AnswerError('a line between chunks is too long');
    if (end === -1) {
      this.#part = Buffer.from(all);
      return { line: undefined, rest: nothing };
    }
    if (all[end - 1] !== carriageReturn) throw new AnswerError('a line between chunks ends without CR');
    this.#part = nothing;
    return { line: all.toString('latin1', 0, end - 1), rest: all.subarray(end + 1) };
  }

  #end(trailers: readonly string[]): void {
    this.#state = 'idle';
    this.#listener.onEnd(trailers);
  }
}

function stateOf({ kind }: Framing): State {
  if (kind === 'chunked') return 'chunk-size';
  return kind === 'until-close' ? 'until-close' : 'body';
}
