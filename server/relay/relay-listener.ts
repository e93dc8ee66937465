/** A port for relayed connections alone, where a load balancer in front of the other one ends TLS. What names no destination finds nothing here. */
import { createServer, type Socket } from 'node:net';
import { listenBacklog, type ListenAddress } from '../../shared/node/listen-address.ts';

export interface RelayListener {
  close(): Promise<void>;
}

export async function listenRelay(
  { host, port }: ListenAddress,
  frontDoor: { take(socket: Socket, serve: () => void): void },
): Promise<RelayListener> {
  const server = createServer({ allowHalfOpen: true }, (socket) => frontDoor.take(socket, () => socket.destroy()));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: listenBacklog }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}
