/**
 * Joins a person's connection with a stream to a connector. What passes is TLS between those two: the first bytes too, which were read to know where to, go on
 * as they came.
 */
import type { Socket } from 'node:net';
import { constants } from 'node:http2';
import type { ConnectionSource } from './proxy-protocol-rules.ts';
import type { TunnelHub } from './tunnel-hub.ts';

export interface RelayCounts {
  connection(outcome: 'relayed' | 'offline' | 'full' | 'unknown'): void;
  bytes(direction: 'in' | 'out', count: number): void;
}

export interface PersonConnection {
  readonly socket: Socket;
  /** What was read of it already. */
  readonly head: Buffer;
  readonly source: ConnectionSource;
  /** Undefined: the name in its hello is of no destination's form. */
  readonly destinationId: string | undefined;
}

export interface Relay {
  take(connection: PersonConnection): void;
}

/** TLS alerts (RFC 8446 §6.2), which clients put in words: `tls: unrecognized name`, `tls: internal error`. */
const unrecognizedName = 112;
const internalError = 80;
const alert = (description: number): Buffer => Buffer.from([21, 3, 3, 0, 2, 2, description]);

const keepAliveMilliseconds = 30_000;

export function createRelay({ hub, counts }: { readonly hub: TunnelHub; readonly counts: RelayCounts }): Relay {
  const refuse = (socket: Socket, description: number): void => {
    socket.on('error', () => socket.destroy());
    socket.end(alert(description), () => socket.destroySoon());
  };
  return {
    take: ({ socket, head, source, destinationId }) => {
      const stream = destinationId === undefined ? undefined : hub.openTo(destinationId, source);
      if (stream === undefined) {
        counts.connection('unknown');
        refuse(socket, unrecognizedName);
        return;
      }
      if (typeof stream === 'string') {
        counts.connection(stream);
        refuse(socket, internalError);
        return;
      }
      counts.connection('relayed');
      // Finds a person's machine that is gone without a word.
      socket.setKeepAlive(true, keepAliveMilliseconds);
      socket.setNoDelay(true);
      const cut = (): void => {
        if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
        socket.destroy();
      };
      socket.on('error', cut);
      socket.once('close', () => {
        counts.bytes('in', socket.bytesRead);
        counts.bytes('out', socket.bytesWritten);
        cut();
      });
      stream.on('error', cut);
      stream.once('close', () => socket.destroySoon());
      stream.once('response', ({ ':status': status }) => {
        if (status !== 200) cut();
      });
      stream.write(head);
      socket.pipe(stream);
      stream.pipe(socket);
    },
  };
}
