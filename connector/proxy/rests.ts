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

const restMilliseconds = 1000;

export function createRests(): Rests {
  const resting = new Set<Socket>();
  let timer: NodeJS.Timeout | undefined;
  const wake = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (const socket of resting) socket.resume();
    resting.clear();
  };
  return {
    rest: (socket) => {
      if (resting.has(socket)) {
        socket.destroy();
        return;
      }
      resting.add(socket);
      socket.pause();
      timer ??= setTimeout(wake, restMilliseconds).unref();
    },
    stop: wake,
  };
}
