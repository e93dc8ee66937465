/**
 * The server name in a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3), read before TLS is spoken: strict and bounded, for these are the first bytes that anybody
 * at all may send. Decides where a connection goes and nothing else. What is odd is no hello for us: TLS itself will say what is wrong with it. Pure.
 */

export type HelloReading =
  | { readonly kind: 'incomplete' }
  /** A ClientHello, whole. */
  | { readonly kind: 'hello'; readonly serverName: string | undefined }
  /** Nothing that a relay could route. */
  | { readonly kind: 'other' };

/** A hello with post-quantum key shares, tickets and padding has 2 KiB; what is larger is nobody's kubectl. */
export const mostHelloBytes = 16 * 1024;
/** A hello may come in several records; nobody sends it in many. */
const mostRecords = 8;

const recordHeaderBytes = 5;
const handshakeRecord = 22;
const mostRecordBytes = 16_384;
const clientHello = 1;
const serverNameExtension = 0;
const hostNameType = 0;

const incomplete: HelloReading = { kind: 'incomplete' };
const other: HelloReading = { kind: 'other' };

/** `bytes`: all that came so far; what follows the hello is nobody's business here. */
export function readClientHello(bytes: Buffer): HelloReading {
  const fragments: Buffer[] = [];
  let at = 0;
  while (at < bytes.length && fragments.length < mostRecords) {
    const record = readRecord(bytes.subarray(at));
    if (record === 'other') return other;
    if (record === 'incomplete') return incomplete;
    fragments.push(record.fragment);
    const reading = readHandshake(Buffer.concat(fragments));
    if (reading.kind !== 'incomplete' || record.isCut) return reading;
    at += recordHeaderBytes + record.fragment.length;
  }
  return fragments.length < mostRecords ? incomplete : other;
}

interface HandshakeRecord {
  readonly fragment: Buffer;
  /** Not all of it is there. */
  readonly isCut: boolean;
}

function readRecord(bytes: Buffer): HandshakeRecord | 'incomplete' | 'other' {
  if (bytes[0] !== handshakeRecord || (bytes.length > 1 && bytes[1] !== 3)) return 'other';
  if (bytes.length < recordHeaderBytes) return 'incomplete';
  const length = bytes.readUInt16BE(3);
  if (length === 0 || length > mostRecordBytes) return 'other';
  const fragment = bytes.subarray(recordHeaderBytes, recordHeaderBytes + length);
  return { fragment, isCut: fragment.length < length };
}

function readHandshake(message: Buffer): HelloReading {
  if (message.length > 0 && message[0] !== clientHello) return other;
  if (message.length < 4) return incomplete;
  const length = message.readUIntBE(1, 3);
  if (length > mostHelloBytes) return other;
  return message.length < 4 + length ? incomplete : readBody(message.subarray(4, 4 + length));
}

/** A cursor over bytes that never reads past its end; `undefined` once something did not fit. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer | undefined {
    if (this.#at + length > this.#bytes.length) return undefined;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A vector with its length before it, in so many bytes. */
  vector(lengthBytes: 1 | 2): Buffer | undefined {
    const length = this.take(lengthBytes);
    return length === undefined ? undefined : this.take(length.readUIntBE(0, lengthBytes));
  }
}

function readBody(body: Buffer): HelloReading {
  const reader = new Reader(body);
  const versionAndRandom = reader.take(2 + 32);
  const sessionId = reader.vector(1);
  const cipherSuites = reader.vector(2);
  const compression = reader.vector(1);
  if (versionAndRandom === undefined || sessionId === undefined || cipherSuites === undefined || compression === undefined) return other;
  if (reader.isAtEnd()) return { kind: 'hello', serverName: undefined };
  const extensions = reader.vector(2);
  if (extensions === undefined || !reader.isAtEnd()) return other;
  return readExtensions(new Reader(extensions));
}

function readExtensions(reader: Reader): HelloReading {
  let serverName: string | undefined;
  while (!reader.isAtEnd()) {
    const type = reader.take(2);
    const data = reader.vector(2);
    if (type === undefined || data === undefined) return other;
    if (type.readUInt16BE(0) !== serverNameExtension) continue;
    const name = readServerName(data);
    // Twice: which of them counts for whom is not ours to guess.
    if (name === undefined || serverName !== undefined) return other;
    serverName = name;
  }
  return { kind: 'hello', serverName };
}

/** One host name, in lower case; RFC 6066 allows no more than one of a type, and there is one type. */
function readServerName(data: Buffer): string | undefined {
  const list = new Reader(data);
  const entries = list.vector(2);
  if (entries === undefined || !list.isAtEnd()) return undefined;
  const reader = new Reader(entries);
  const type = reader.take(1)?.[0];
  const name = reader.vector(2);
  if (type !== hostNameType || name === undefined || name.length === 0 || !reader.isAtEnd()) return undefined;
  const text = name.toString('latin1').toLowerCase();
  return /^[a-z0-9._-]{1,253}$/.test(text) ? text : undefined;
}
