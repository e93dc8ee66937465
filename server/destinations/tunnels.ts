/** What the rest of the server knows of tunnels: which lead where now. In memory; a replica answers for its own. */
import type { TunnelSummary } from '../../shared/api/connector-tunnel.ts';

export interface Tunnels {
  /** How many lead to a destination. */
  countTo(destinationId: string): number;
  ofConnector(connectorId: string): readonly TunnelSummary[];
}
