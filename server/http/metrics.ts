/** Prometheus metrics of the process and of each endpoint; the one door to prom-client. Labels are names of endpoints, never of people. */
import type { RequestHandler, Router } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  /** Times every request by its route. */
  readonly middleware: RequestHandler;
  /** Each attempt to send a mail. */
  readonly countMail: (end: 'sent' | 'retried' | 'failed') => void;
  /** Connections that named a destination, and the bytes of those that ended. */
  readonly relay: {
    connection(outcome: 'relayed' | 'offline' | 'full' | 'unknown'): void;
    bytes(direction: 'in' | 'out', count: number): void;
  };
  /** From now on there is something to look at. */
  observeRelay(read: () => RelayReadings): void;
  routes(router: Router): void;
}

export interface RelayReadings {
  readonly tunnels: number;
  readonly streams: number;
  readonly waitingBytes: number;
  readonly waitingConnections: number;
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
  const relayed = new Counter({
    name: 'infra_relay_connections_total',
    help: 'Connections that named a destination: relayed, or turned away because it is offline, full or unknown',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const relayedBytes = new Counter({
    name: 'infra_relay_bytes_total',
    help: 'Bytes of relayed connections that have ended, from people (in) and to them (out)',
    labelNames: ['direction'],
    registers: [registry],
  });
  return {
    relay: {
      connection: (outcome) => relayed.inc({ outcome }),
      bytes: (direction, count) => relayedBytes.inc({ direction }, count),
    },
    observeRelay: (read) => {
      const gauge = (name: string, help: string, key: keyof RelayReadings): Gauge =>
        new Gauge({ name: `infra_relay_${name}`, help, registers: [registry], collect: () => gauges[key]?.set(read()[key]) });
      const gauges: Partial<Record<keyof RelayReadings, Gauge>> = {};
      gauges.tunnels = gauge('tunnels', 'Tunnels of connectors', 'tunnels');
      gauges.streams = gauge('streams', 'Relayed connections now', 'streams');
      gauges.waitingBytes = gauge('waiting_bytes', 'Bytes for connectors that their lines have not taken yet', 'waitingBytes');
      gauges.waitingConnections = gauge(
        'waiting_connections',
        'Connections that have not said yet where they want to',
        'waitingConnections',
      );
    },
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
