/**
 * A WebSocket (RFC 6455) as a stream of bytes, for tunnels: the one door to `ws`. Nothing is compressed, and what the client sends is masked with zeros:
 * masking keeps scripts in browsers from writing what a proxy would take for a request; here both ends are ours, TLS is around it, and each byte is ciphertext.
 */
import type { Agent, IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';

export interface WebSocketStream {
  readonly stream: Duplex;
  /** Asks the other end for a sign of life; calls back with the milliseconds that took. */
  ping(answered: (milliseconds: number) => void): void;
  /** Milliseconds since anything came. */
  silence(): number;
}

export interface WebSocketDial {
  readonly url: string;
  readonly protocol: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  readonly signal: AbortSignal;
}

/** The server said no to the upgrade. */
export class WebSocketRefused extends Error {
  readonly status: number;
  readonly date: string | undefined;
  readonly body: string;
  constructor(status: number, date: string | undefined, body: string) {
    super(`the answer was ${status}`);
    this.name = 'WebSocketRefused';
    this.status = status;
    this.date = date;
    this.body = body;
  }
}

const bufferedBytes = 256 * 1024;
/** More is sent in several messages, for a message is delivered whole. */
const mostOfOneMessage = 1024 * 1024;
const handshakeMilliseconds = 10_000;
const mostOfARefusal = 4096;
const common = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  maxPayload: 2 * mostOfOneMessage,
  allowSynchronousEvents: true,
} as const;

/** Rejects with `WebSocketRefused`, or with what broke. */
export function openWebSocket({ url, protocol, headers, agent, signal }: WebSocketDial): Promise<WebSocketStream> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Error('given up'));
      return;
    }
    const socket = new WebSocket(url, protocol, {
      ...common,
      headers,
      agent,
      // Zeros are what it comes as.
      generateMask: () => undefined,
    });
    const giveUp = (): void => socket.terminate();
    // Of its own: that of the library begins anew with each thing that comes, and counts the connecting apart.
    const deadline = setTimeout(() => {
      reject(new Error(`no WebSocket within ${handshakeMilliseconds} ms`));
      giveUp();
    }, handshakeMilliseconds);
    signal.addEventListener('abort', giveUp, { once: true });
    socket.on('error', (error) => reject(error));
    socket.once('close', () => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', giveUp);
      reject(new Error('the connection was closed before it was one'));
    });
    socket.once('unexpected-response', (request, response) => {
      void readRefusal(response).then((refused) => {
        clearTimeout(deadline);
        signal.removeEventListener('abort', giveUp);
        request.destroy();
        reject(refused);
      });
    });
    socket.once('open', () => {
      clearTimeout(deadline);
      resolve(streamOf(socket));
    });
  });
}

async function readRefusal(response: IncomingMessage): Promise<WebSocketRefused> {
  let body = '';
  try {
    response.setEncoding('utf8');
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length > mostOfARefusal) break;
    }
  } catch {
    // What came is enough.
  }
  return new WebSocketRefused(response.statusCode ?? 0, response.headers.date, body.slice(0, mostOfARefusal));
}

/** Answers an upgrade that was found good; calls back unless the handshake was none. */
export type AcceptWebSocket = (request: IncomingMessage, socket: Duplex, head: Buffer, accepted: (end: WebSocketStream) => void) => void;

/** Takes those who speak the protocol. */
export function createAcceptWebSocket(protocol: string): AcceptWebSocket {
  const server = new WebSocketServer({
    ...common,
    noServer: true,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  });
  return (request, socket, head, accepted) =>
    server.handleUpgrade(request, socket, head, (end) => {
      if (end.protocol === protocol) accepted(streamOf(end));
      else end.terminate();
    });
}

function streamOf(socket: WebSocket): WebSocketStream {
  let heardAt = performance.now();
  const heard = (): void => {
    heardAt = performance.now();
  };
  const stream = new Duplex({
    readableHighWaterMark: bufferedBytes,
    writableHighWaterMark: bufferedBytes,
    read: () => {
      if (socket.isPaused) socket.resume();
    },
    write: (chunk: Buffer, _encoding, done) => send(socket, chunk, done),
    writev: (chunks, done) => send(socket, Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => {
      socket.close();
      done();
    },
    destroy: (error, done) => {
      socket.terminate();
      done(error);
    },
  });
  socket.binaryType = 'nodebuffer';
  socket.on('message', (data) => {
    heard();
    if (!stream.push(data)) socket.pause();
  });
  socket.on('ping', heard);
  socket.on('close', () => stream.destroy());
  socket.on('error', (error) => stream.destroy(error));
  return { stream, ping: pingOf(socket, heard), silence: () => performance.now() - heardAt };
}

function send(socket: WebSocket, bytes: Buffer, done: (error?: Error | null) => void): void {
  let start = 0;
  for (; bytes.length - start > mostOfOneMessage; start += mostOfOneMessage) socket.send(bytes.subarray(start, start + mostOfOneMessage));
  socket.send(start === 0 ? bytes : bytes.subarray(start), done);
}

function pingOf(socket: WebSocket, heard: () => void): WebSocketStream['ping'] {
  let asked: { readonly at: number; readonly answered: (milliseconds: number) => void } | undefined;
  socket.on('pong', () => {
    heard();
    asked?.answered(performance.now() - asked.at);
    asked = undefined;
  });
  return (answered) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    // The answer to an earlier one is an answer too.
    asked ??= { at: performance.now(), answered };
    socket.ping();
  };
}
