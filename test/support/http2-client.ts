/** HTTP/2 to a connector. */
import { connect, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly trailers: IncomingHttpHeaders;
}

export interface Http2Client {
  readonly session: ClientHttp2Session;
  request(
    path: string,
    options?: { readonly method?: string; readonly headers?: OutgoingHttpHeaders; readonly body?: string },
  ): Promise<Http2Answer>;
  /** All headers as given; no body. */
  send(headers: OutgoingHttpHeaders, body?: string): Promise<Http2Answer>;
}

export async function openHttp2(tls: ConnectionOptions): Promise<Http2Client> {
  const socket = connectTls({ ...tls, ALPNProtocols: ['h2'] });
  const session = connect('https://local', { createConnection: () => socket });
  await new Promise<void>((resolve, reject) => session.once('remoteSettings', () => resolve()).once('error', reject));
  session.on('error', () => undefined);
  const send = async (headers: OutgoingHttpHeaders, body?: string): Promise<Http2Answer> =>
    new Promise((resolve, reject) => {
      const stream = session.request(headers, { endStream: body === undefined });
      let answer: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders = {};
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('response', (got: IncomingHttpHeaders) => (answer = got)).on('trailers', (got: IncomingHttpHeaders) => (trailers = got));
      stream.on('error', reject);
      stream.on('close', () => {
        const status = Number(answer[':status'] ?? 0);
        if (status === 0) reject(new Error(`the stream ended with code ${stream.rstCode}`));
        else resolve({ status, headers: answer, text, trailers });
      });
      if (body !== undefined) stream.end(body);
    });
  return {
    session,
    send,
    request: async (path, { method = 'GET', headers = {}, body } = {}) => send({ ':method': method, ':path': path, ...headers }, body),
  };
}
