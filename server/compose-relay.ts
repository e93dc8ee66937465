/** Puts the relay together: the front door of the port, tunnels, and what joins them. */
import type { IncomingMessage } from 'node:http';
import { destinationId } from '../shared/api/values.ts';
import { tunnelProtocol } from '../shared/api/connector-tunnel.ts';
import { createAcceptWebSocket } from '../shared/node/web-socket.ts';
import type { ServerConfig } from './config.ts';
import type { Foundation } from './foundation.ts';
import type { Metrics } from './http/metrics.ts';
import type { ConnectorCaller } from './http/route.ts';
import { createNetworks } from './http/source-address.ts';
import { createFrontDoor, type FrontDoor, type FrontDoorOptions } from './relay/front-door.ts';
import { createRelay } from './relay/relay.ts';
import { createTunnelDoor, type TunnelDoor } from './relay/tunnel-door.ts';
import { createTunnelHub, type TunnelHub } from './relay/tunnel-hub.ts';

export interface Relaying {
  readonly hub: TunnelHub;
  readonly frontDoor: FrontDoor;
}

export function composeRelay(config: ServerConfig, serverNameOf: (destinationId: string) => string, metrics: Metrics): Relaying {
  const hub = createTunnelHub({ mostStreams: config.relay.streams });
  const frontDoor = createFrontDoor({
    relay: createRelay({ hub, counts: metrics.relay }),
    routeOf: createRouting(serverNameOf),
    speaksForOthers: config.proxyProtocol ? createNetworks(config.trustedProxies) : () => false,
  });
  metrics.observeRelay(() => ({ ...hub.totals(), waitingConnections: frontDoor.waiting() }));
  return { hub, frontDoor };
}

/** `dst_….connector.<trust domain>`; what only looks like it is of the relay's too, and leads nowhere. */
function createRouting(serverNameOf: (destinationId: string) => string): FrontDoorOptions['routeOf'] {
  const suffix = serverNameOf('');
  return (serverName) => {
    if (serverName?.endsWith(suffix) !== true) return { to: 'server' };
    const parsed = destinationId.safeParse(serverName.slice(0, -suffix.length));
    return { to: 'destination', id: parsed.success ? parsed.data : undefined };
  };
}

export function composeTunnelDoor(
  { read, transact, bell, clock, logger, relay }: Foundation,
  authenticate: (request: IncomingMessage) => Promise<ConnectorCaller>,
): TunnelDoor {
  return createTunnelDoor({
    hub: relay.hub,
    accept: createAcceptWebSocket(tunnelProtocol),
    authenticate,
    isLive: async ({ connectorId, destination }) =>
      (await read.connectors.find(connectorId)) !== undefined && (await read.destinations.findLive(destination.id)) !== undefined,
    ...{ transact, bell, clock, logger },
  });
}
