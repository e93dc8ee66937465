/** HTTP/1.1 answers cut out of the bytes of a connection, as a client would that trusts their framing. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Those that are complete; of a connection that was upgraded the rest belongs to the last one. */
export function readAnswers(bytes: string): readonly RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(rest)?.[1] ?? Number.NaN);
    if (headEnd === -1 || Number.isNaN(status)) return answers;
    const head = rest.slice(0, headEnd);
    const afterHead = rest.slice(headEnd + 4);
    const cut = status === 101 ? { body: afterHead, rest: '' } : cutBody(head, afterHead);
    if (cut === undefined) return answers;
    // 1xx before the real answer.
    if (status !== 100) answers.push({ status, head, body: cut.body });
    rest = cut.rest;
  }
}

function cutBody(head: string, bytes: string): { readonly body: string; readonly rest: string } | undefined {
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return cutChunks(bytes);
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? '0');
  return bytes.length < length ? undefined : { body: bytes.slice(0, length), rest: bytes.slice(length) };
}

function cutChunks(bytes: string): { readonly body: string; readonly rest: string } | undefined {
  let body = '';
  let rest = bytes;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(rest.slice(0, lineEnd), 16);
    const after = rest.slice(lineEnd + 2);
    if (after.length < size + 2) return undefined;
    if (size === 0) return { body, rest: after.slice(2) };
    body += after.slice(0, size);
    rest = after.slice(size + 2);
  }
}
