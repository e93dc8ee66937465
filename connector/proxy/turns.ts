/**
 * One request of a connection at a time. Node parses and hands out at once whatever a client sends ahead; a write sent ahead must see what the
 * one before it did (RFC 9112 §9.3.2), and a connection must not be many at the cluster.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Turns {
  /** Begins when the answers before it are out. Too many ahead of their answers end the connection. */
  take(socket: Socket, response: ServerResponse, begin: () => void): void;
  isBusy(socket: Socket): boolean;
}

/** More than any client sends ahead, and little to keep. */
const mostAhead = 100;

export function createTurns(): Turns {
  /** Of the connections with a request under way. */
  const waiting = new WeakMap<Socket, (() => void)[]>();
  const next = (socket: Socket): void => {
    const begin = waiting.get(socket)?.shift();
    if (begin === undefined) waiting.delete(socket);
    else begin();
  };
  return {
    take: (socket, response, begin) => {
      const beginInTurn = (): void => {
        response.once('close', () => next(socket));
        begin();
      };
      const ahead = waiting.get(socket);
      if (ahead === undefined) {
        waiting.set(socket, []);
        beginInTurn();
        return;
      }
      if (ahead.push(beginInTurn) > mostAhead) socket.destroy();
    },
    isBusy: (socket) => waiting.has(socket),
  };
}
