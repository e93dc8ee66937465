import type { EventEmitter } from 'node:events';

/** Resolves when it is closed, by a reset too: `once` of node:events rejects with the error that comes before. */
export const closed = async (socket: EventEmitter): Promise<'closed'> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined).once('close', () => resolve('closed'));
  });
