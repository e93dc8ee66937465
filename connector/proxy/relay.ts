/** Bytes from one socket to another, with back-pressure, and the end of a socket without loss. */
import type { Duplex } from 'node:stream';

/** For a peer that does not read what is left for it. */
const flushMilliseconds = 30_000;
/** For a peer that does not end its side after ours has. */
const lingerMilliseconds = 5000;

/**
 * Everything of `from` to `to`, its end included. What comes in one turn of the loop goes out in one write: TLS hands over 16 kB at a time, and
 * a write for each would cost as much again as the copying.
 * @param head what has come before.
 */
export function relay(from: Duplex, to: Duplex, count: (bytes: number) => void, head: Buffer): void {
  let isGathering = false;
  const send = (): void => {
    isGathering = false;
    to.uncork();
  };
  const pass = (chunk: Buffer): void => {
    count(chunk.length);
    if (!isGathering) {
      isGathering = true;
      to.cork();
      setImmediate(send);
    }
    if (!to.write(chunk)) from.pause();
  };
  if (head.length > 0) pass(head);
  from.on('data', (chunk: Buffer) => {
    // Written to after its end, a socket is destroyed with all that it still has to say.
    if (!to.writableEnded && !to.destroyed) pass(chunk);
  });
  from.once('end', () => to.end());
  to.on('drain', () => from.resume());
}

/**
 * What was handed over for writing still goes out, and what still comes is thrown away: closed with unread bytes, a connection is reset, and
 * its last bytes are lost with it.
 */
export function endAndLinger(socket: Duplex): void {
  if (socket.destroyed) return;
  let timer = setTimeout(() => socket.destroy(), flushMilliseconds);
  socket.once('finish', () => {
    clearTimeout(timer);
    timer = setTimeout(() => socket.destroy(), lingerMilliseconds);
  });
  socket.once('close', () => clearTimeout(timer));
  socket.end();
  socket.resume();
}
