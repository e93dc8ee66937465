import type { EventEmitter } from 'node:events';

/** A socket of Node's, or a WebSocket. */
type Closable = EventEmitter & ({ readonly closed: boolean } | { readonly readyState: number; readonly CLOSED: number });

const isClosed = (socket: Closable): boolean => ('closed' in socket ? socket.closed : socket.readyState === socket.CLOSED);

/** Resolves when it is closed, or was already; by a reset too: `once` of node:events rejects with the error that comes before. */
export const closed = async (socket: Closable): Promise<'closed'> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined).once('close', () => resolve('closed'));
    if (isClosed(socket)) resolve('closed');
  });
