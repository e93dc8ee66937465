/** `/livez` and `/readyz` for whatever watches over this process. Says nothing that a stranger could use. */
import { createServer } from 'node:http';

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  /** What is still missing before people can be served; empty when ready. */
  readonly missing: () => readonly string[];
}

export async function startHealth(options: HealthOptions): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const missing = request.url === '/livez' ? [] : options.missing();
    if (request.url !== '/livez' && request.url !== '/readyz') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(missing.length === 0 ? 200 : 503, { 'content-type': 'text/plain' });
    response.end(missing.length === 0 ? 'ok\n' : `waiting for ${missing.join(', ')}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
