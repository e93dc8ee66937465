/** The head of a request to the cluster as bytes (RFC 9112 §3, §5): pure. */
import type { UpstreamHeaders } from './upstream.ts';

/**
 * Latin1, with the empty line that ends it.
 * @throws Error a name or value would break out of its line; the parts are checked where they come from, this is the last door.
 */
export function requestHead(method: string, target: string, headers: UpstreamHeaders): string {
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (typeof value === 'string') head += line(name, value);
    else for (const each of value) head += line(name, each);
  }
  return `${head}\r\n`;
}

/** What a header value may not hold. A character beyond latin1 would be cut down to its last byte, which may be a line break. */
export const notForHeaders = /[^\t\x20-\x7e\x80-\xff]/;

function line(name: string, value: string): string {
  if (notForHeaders.test(value)) throw new Error(`the header ${name} to the cluster holds a control character or one beyond latin1`);
  return `${name}: ${value}\r\n`;
}
