/** Prometheus metrics of this connector; the one door to prom-client here. Labels come from short fixed lists, never from what people send. */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { StatusReason } from './proxy/status.ts';
import type { TunnelReadings } from './broker-link/tunnels.ts';
import type { Staleness } from './proxy/staleness-rules.ts';

/** `identified`: a valid certificate was shown; `stranger`: none or another; `failed`: it broke before that. */
export type HandshakeOutcome = 'identified' | 'stranger' | 'failed';

/** What is looked at when somebody asks. */
export interface Readings {
  readonly staleness: Staleness;
  readonly openRequests: number;
  readonly openStreams: number;
  readonly connections: number;
  readonly spool: { readonly bytes: number; readonly lines: number };
  readonly enforcedRevision: number | undefined;
  readonly appliedRevision: number | undefined;
  readonly tunnels: TunnelReadings;
}

export interface ConnectorMetrics {
  /** A request was let through and answered, or its stream began; 0: no answer came. */
  answered(status: number): void;
  refused(reason: StatusReason, status: number): void;
  handshake(outcome: HandshakeOutcome): void;
  /** A connection was reset at a limit, before its handshake. */
  turnedAway(): void;
  /** From now on there is something to look at. */
  observe(read: () => Readings): void;
  readonly contentType: string;
  text(): Promise<string>;
}

const prefix = 'infra_connector_';

export function createConnectorMetrics(): ConnectorMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, ...labelNames: readonly string[]): Counter =>
    new Counter({ name: prefix + name, help, labelNames: [...labelNames], registers: [registry] });
  const answers = counter('requests_total', 'Requests by the class of their answer, streams when they begin', 'code');
  const refusals = counter('refusals_total', 'Requests that this connector itself refused', 'reason');
  const handshakes = counter('tls_handshakes_total', 'TLS handshakes by how they ended', 'outcome');
  const turnedAway = counter('connections_turned_away_total', 'Connections reset at a limit before their handshake');

  return {
    answered: (status) => answers.inc({ code: codeClass(status) }),
    refused: (reason, status) => {
      answers.inc({ code: codeClass(status) });
      refusals.inc({ reason });
    },
    handshake: (outcome) => handshakes.inc({ outcome }),
    turnedAway: () => turnedAway.inc(),
    observe: (read) => addGauges(registry, read),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

const codeClass = (status: number): string => (status === 0 ? 'none' : `${Math.floor(status / 100)}xx`);

function addGauges(registry: Registry, read: () => Readings): void {
  const gauge = (name: string, help: string, value: (readings: Readings) => number | undefined): void => {
    new Gauge({
      name: prefix + name,
      help,
      registers: [registry],
      collect() {
        const current = value(read());
        if (current === undefined) this.reset();
        else this.set(current);
      },
    });
  };
  gauge('server_silence_seconds', 'Time since the server was last heard; +Inf: never', ({ staleness: { lastHeard, now } }) =>
    lastHeard === undefined ? Number.POSITIVE_INFINITY : Math.max(0, now - lastHeard) / 1000,
  );
  gauge('staleness_limit_seconds', 'Silence of the server after which every request is refused', ({ staleness }) => staleness.limitSeconds);
  gauge('stale', '1: the staleness limit has passed and every request is refused', ({ staleness }) => (staleness.isStale ? 1 : 0));
  gauge('open_requests', 'Requests under way, streams left out', ({ openRequests }) => openRequests);
  gauge('open_streams', 'Watches, logs, exec, attach and port-forward under way', ({ openStreams }) => openStreams);
  gauge('connections', 'Open connections of clients', ({ connections }) => connections);
  gauge('tunnels', 'Tunnels to the server that are up', ({ tunnels }) => tunnels.up);
  gauge('tunnel_streams', 'Connections that came through the relay', ({ tunnels }) => tunnels.streams);
  gauge('tunnel_reconnects', 'How often a tunnel had to be dialled anew since the start', ({ tunnels }) => tunnels.reconnects);
  gauge('tunnel_round_trip_seconds', 'Time of the last sign of life, of the slowest tunnel', ({ tunnels }) =>
    tunnels.roundTripMilliseconds === undefined ? undefined : tunnels.roundTripMilliseconds / 1000,
  );
  gauge('audit_spool_bytes', 'Access log lines on disk that the server has not taken yet, in bytes', ({ spool }) => spool.bytes);
  gauge('audit_spool_lines', 'Access log lines on disk that the server has not taken yet', ({ spool }) => spool.lines);
  gauge('enforced_revision', 'Revision of the desired state that the gate decides by', ({ enforcedRevision }) => enforcedRevision);
  gauge('applied_revision', 'Revision of the desired state that the bindings follow', ({ appliedRevision }) => appliedRevision);
}
