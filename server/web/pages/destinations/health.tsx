import type { ReactNode } from 'react';
import type { Destination } from '../../../../shared/api/destinations.ts';
import { safeText } from '../../../../shared/safe-text.ts';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { healthOf, lastHeardAt, tunnelsOf, type Health } from './destination-rules.ts';

const words: Readonly<Record<Health, readonly [tone: Tone, text: string]>> = {
  online: ['good', 'online'],
  offline: ['warn', 'offline'],
  stale: ['alarm', 'refuses everybody'],
  never: ['plain', 'no connector yet'],
};

export function HealthOf({ destination }: { readonly destination: Destination }): ReactNode {
  const health = healthOf(destination);
  const [tone, text] = words[health];
  const online = destination.connectors.filter((connector) => connector.online).length;
  const all = destination.connectors.length;
  return (
    <>
      <Badge tone={tone}>{text}</Badge>
      {health === 'online' && online < all && ` ${online} of ${all} connectors`}
      {(health === 'offline' || health === 'stale') && (
        <>
          {' '}
          since <Time at={lastHeardAt(destination)} />
        </>
      )}
    </>
  );
}

/** The ways that are there: its own address, and the relay while tunnels lead to it. */
export function PathOf({ destination }: { readonly destination: Destination }): ReactNode {
  const tunnels = tunnelsOf(destination).length;
  const relay = `relay, ${counted(tunnels, 'tunnel')}`;
  if (destination.address === null) return tunnels === 0 ? 'none now' : relay;
  return tunnels === 0 ? 'direct' : `direct, ${relay}`;
}

/** The same with the address, to be copied. */
export function WholePathOf({ destination }: { readonly destination: Destination }): ReactNode {
  const { address } = destination;
  if (address === null) return <PathOf destination={destination} />;
  const tunnels = tunnelsOf(destination).length;
  return (
    <>
      direct <Copyable text={safeText(address)} what="the address" />
      {tunnels > 0 && ` and by the relay, ${counted(tunnels, 'tunnel')}`}
    </>
  );
}
