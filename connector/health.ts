/** `/livez` and `/readyz` for whatever watches over this process, and `/metrics`. Says nothing that a stranger could use. */
import { createServer, type ServerResponse } from 'node:http';
import type { ConnectorMetrics } from './metrics.ts';
import { describeStaleness, stalenessFacts, type Staleness } from './proxy/staleness-rules.ts';

export interface Readiness {
  /** What people still wait for before they can be served. */
  readonly missing: readonly string[];
  /** Undefined while there is nothing to be stale. */
  readonly staleness: Staleness | undefined;
}

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  readonly readiness: () => Readiness;
  readonly metrics: Pick<ConnectorMetrics, 'text' | 'contentType'>;
}

export async function startHealth(options: HealthOptions): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    switch (request.url) {
      case '/livez':
        answer(response, 200, ['ok']);
        return;
      case '/readyz':
        answerReadiness(options.readiness(), response);
        return;
      case '/metrics':
        options.metrics.text().then(
          (text) => void response.writeHead(200, { 'content-type': options.metrics.contentType }).end(text),
          () => answer(response, 500, ['the metrics cannot be read']),
        );
        return;
      default:
        response.writeHead(404).end();
    }
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

/** Past the staleness limit it is not ready: of several replicas, those that still hear the server shall serve. */
function answerReadiness({ missing, staleness }: Readiness, response: ServerResponse): void {
  const lines = staleness === undefined ? [] : [describeStaleness(staleness), JSON.stringify(stalenessFacts(staleness))];
  if (missing.length > 0) answer(response, 503, [`waiting for ${missing.join(', ')}`, ...lines]);
  else if (staleness?.isStale === true) answer(response, 503, ['refusing everybody', ...lines]);
  else answer(response, 200, ['ok', ...lines]);
}

const answer = (response: ServerResponse, status: number, lines: readonly string[]): void =>
  void response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${lines.join('\n')}\n`);
