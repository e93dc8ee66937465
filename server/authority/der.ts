/**
 * Distinguished Encoding Rules (ITU-T X.690) as far as leaf certificates and certificate requests need them: a writer that can only write valid
 * DER, and a reader that takes nothing else (no indefinite or padded lengths, no rest after the end).
 */

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tags: `explicit` wraps a whole element, `implicit` replaces the tag of a primitive one. */
export const explicit = (number: number): number => 0xa0 | number;
export const implicit = (number: number): number => 0x80 | number;

/** One element: tag, length, content. Lengths above 16 bits are not needed here. */
export function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([head(tag, length), ...parts]);
}

function head(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.from([tag, length]);
  if (length < 0x100) return Buffer.from([tag, 0x81, length]);
  if (length < 0x10000) return Buffer.from([tag, 0x82, length >> 8, length & 0xff]);
  throw new RangeError(`${length} bytes are too many for one element`);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => element(tags.sequence, ...parts);
export const set = (part: Buffer): Buffer => element(tags.set, part);
export const octetString = (content: Buffer): Buffer => element(tags.octetString, content);
export const utf8String = (text: string): Buffer => element(tags.utf8String, Buffer.from(text, 'utf8'));
export const yes = Buffer.from([tags.boolean, 1, 0xff]);

/** A positive number as bytes, most significant first; leading zeros go, and one comes before a set top bit (X.690 §8.3). */
export function integer(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const minimal = bytes.subarray(start);
  return ((minimal[0] ?? 0) & 0x80) === 0 ? element(tags.integer, minimal) : element(tags.integer, Buffer.from([0]), minimal);
}

/** `unused`: how many of the last bits do not count. */
export const bitString = (content: Buffer, unused = 0): Buffer => element(tags.bitString, Buffer.from([unused]), content);

/** From its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(tags.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}

/** UTCTime up to 2049, GeneralizedTime after, whole seconds in UTC (RFC 5280 §4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+Z$|[-:T]/g, '');
  const year = date.getUTCFullYear();
  if (year < 1950 || year > 9999) throw new RangeError(`a certificate cannot name the year ${year}`);
  return year < 2050
    ? element(tags.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : element(tags.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'));
}

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag and length too. */
  readonly whole: Buffer;
}

export class DerError extends Error {}

/** The one element that these bytes are. */
export function readElement(bytes: Buffer): Element {
  const { read, end } = readAt(bytes, 0);
  if (end !== bytes.length) throw new DerError('there are bytes after the end');
  return read;
}

/** The elements inside an element of this tag. */
export function readInside(outer: Element | undefined, tag: number): Element[] {
  if (outer?.tag !== tag) throw new DerError(`an element with tag ${tag} was expected`);
  const found: Element[] = [];
  for (let offset = 0; offset < outer.content.length;) {
    const { read, end } = readAt(outer.content, offset);
    found.push(read);
    offset = end;
  }
  return found;
}

/** The bytes of a BIT STRING of whole bytes. */
export function readBitString(read: Element | undefined): Buffer {
  if (read?.tag !== tags.bitString || read.content[0] !== 0) throw new DerError('a bit string of whole bytes was expected');
  return read.content.subarray(1);
}

function readAt(bytes: Buffer, offset: number): { readonly read: Element; readonly end: number } {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new DerError('an element is cut off');
  if ((tag & 0x1f) === 0x1f) throw new DerError('tags of several bytes are not used here');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 2) throw new DerError('a length is indefinite or too long');
  const start = offset + 2 + lengthBytes;
  if (start > bytes.length) throw new DerError('an element is cut off');
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(offset + 2, lengthBytes);
  if ((lengthBytes === 1 && length < 0x80) || (lengthBytes === 2 && length < 0x100))
    throw new DerError('a length is not written in its shortest form');
  const end = start + length;
  if (end > bytes.length) throw new DerError('an element is cut off');
  return { read: { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) }, end };
}
