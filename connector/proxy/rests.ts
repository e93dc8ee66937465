/**
 * Whoever was refused for asking too much is not read from for up to a second, so that asking on costs the asker and not the others. Those
 * who do as `Retry-After` says never notice.
 */
import type { Socket } from 'node:net';

export interface Rests {
  /** Once the answer is out. What comes meanwhile waits in the kernel; what was sent ahead of the answer ends the connection. */
  rest(socket: Socket): void;
  stop(): void;
}

const longestMilliseconds = 1000;

/** No two alike: connections that were refused together must not all be read from again in one turn of the loop. */
const restMilliseconds = (): number => (longestMilliseconds * (1 + Math.random())) / 2;

export function createRests(): Rests {
  const resting = new Map<Socket, NodeJS.Timeout>();
  const wake = (socket: Socket): void => {
    clearTimeout(resting.get(socket));
    resting.delete(socket);
    socket.resume();
  };
  return {
    rest: (socket) => {
      if (resting.has(socket)) {
        socket.destroy();
        return;
      }
      resting.set(socket, setTimeout(wake, restMilliseconds(), socket).unref());
      socket.pause();
    },
    stop: () => {
      for (const socket of resting.keys()) wake(socket);
    },
  };
}
