/** The head of an answer and the framing of its body (RFC 9112 §2–§7), read strictly: pure. What two readers could take in two ways is an error. */

/** The cluster sent what is no well-formed HTTP/1.1. */
export class AnswerError extends Error {
  readonly code = 'ANSWER_MALFORMED';
}

export type Framing = { readonly kind: 'none' | 'chunked' | 'until-close' } | { readonly kind: 'length'; readonly length: number };

export interface AnswerHead {
  readonly status: number;
  readonly message: string;
  /** Names and values in turn, as they came; latin1, so that every byte can go on as it was. */
  readonly headers: readonly string[];
  readonly framing: Framing;
  /** Another request may follow on the connection. */
  readonly keepsAlive: boolean;
}

const statusLine = /^HTTP\/1\.1 ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @param text without the empty line that ends it. */
export function readAnswerHead(text: string, isForHead: boolean): AnswerHead {
  const lines = text.split('\r\n');
  const [, status, message] = statusLine.exec(lines[0] ?? '') ?? [];
  if (status === undefined || message === undefined) throw new AnswerError('the status line is malformed');
  const headers = readFields(lines, 1);
  return { status: Number(status), message, headers, ...framingOf(Number(status), headers, isForHead) };
}

/** Header or trailer lines as names and values in turn. */
export function readFields(lines: readonly string[], from = 0): string[] {
  const fields: string[] = [];
  for (let index = from; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    // Also a line folded over (RFC 9112 §5.2), which begins with a blank.
    if (colon < 1 || !token.test(name)) throw new AnswerError('a header line is malformed');
    const value = trim(line, colon + 1);
    if (!fieldValue.test(value)) throw new AnswerError(`the header ${name} holds a control character`);
    fields.push(name, value);
  }
  return fields;
}

function trim(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start += 1;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

function framingOf(status: number, headers: readonly string[], isForHead: boolean): Pick<AnswerHead, 'framing' | 'keepsAlive'> {
  let length: string | undefined;
  let coding: string | undefined;
  let keepsAlive = true;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    // Most names are none of these.
    if (name.length !== 10 && name.length !== 14 && name.length !== 17) continue;
    const value = headers[index + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'connection' && /(?:^|[\s,])close(?:$|[\s,])/i.test(value)) keepsAlive = false;
    else if (lower === 'content-length') {
      if (length !== undefined || !/^\d{1,15}$/.test(value)) throw new AnswerError('Content-Length is malformed');
      length = value;
    } else if (lower === 'transfer-encoding') {
      if (coding !== undefined || value.toLowerCase() !== 'chunked') throw new AnswerError('Transfer-Encoding is malformed');
      coding = value;
    }
  }
  if (length !== undefined && coding !== undefined) throw new AnswerError('Content-Length and Transfer-Encoding exclude one another');
  if (isForHead || status < 200 || status === 204 || status === 304) return { framing: { kind: 'none' }, keepsAlive };
  if (coding !== undefined) return { framing: { kind: 'chunked' }, keepsAlive };
  if (length !== undefined) return { framing: { kind: 'length', length: Number(length) }, keepsAlive };
  return { framing: { kind: 'until-close' }, keepsAlive: false };
}
