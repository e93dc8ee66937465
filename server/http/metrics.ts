/** Prometheus metrics of the process and of each endpoint; the one door to prom-client. Labels are names of endpoints, never of people. */
import type { RequestHandler, Router } from 'express';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** Times every request by its route. */
  readonly middleware: RequestHandler;
  /** Each attempt to send a mail. */
  readonly countMail: (end: 'sent' | 'retried' | 'failed') => void;
  routes(router: Router): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'infra_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  const mails = new Counter({
    name: 'infra_mails_total',
    help: 'Attempts to send a mail, by how they ended: sent, retried later, failed for good',
    labelNames: ['end'],
    registers: [registry],
  });
  return {
    countMail: (end) => mails.inc({ end }),
    middleware: (request, response, next) => {
      const stop = duration.startTimer();
      response.on('finish', () => {
        // Express types `route` as any; it holds the pattern that matched.
        const route = (request.route as { readonly path?: unknown } | undefined)?.path;
        stop({ method: request.method, route: typeof route === 'string' ? route : 'none', status: response.statusCode });
      });
      next();
    },
    routes: (router) => {
      router.get('/metrics', async (_request, response) => void response.type(registry.contentType).send(await registry.metrics()));
    },
  };
}
