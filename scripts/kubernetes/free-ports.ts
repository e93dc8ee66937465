/**
 * Ports that nobody listened on a moment ago. Not of those that the system gives to outgoing connections (from 32768 on Linux) or Kubernetes to
 * NodePorts (from 30000): one of these may be taken before the program for which it was asked is there.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const [first, afterLast] = [10_000, 30_000];
const tries = 100;

export async function freePorts(count: number): Promise<number[]> {
  // All are held at once, so that none is handed out twice.
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map(portOf);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function listen(): Promise<Server> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) =>
      server.once('error', () => resolve(false)).listen(randomInt(first, afterLast), '127.0.0.1', () => resolve(true)),
    );
    if (isFree) return server;
  }
  throw new Error(`no port between ${first} and ${afterLast} is free`);
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
