/** The connectors of a destination, as the server knows them, and the tunnels by which the relay reaches it. */
import type { ReactNode } from 'react';
import type { Destination } from '../../../../shared/api/destinations.ts';
import { Badge } from '../../parts/badge.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { figure } from '../../parts/words.ts';
import { milliseconds, tunnelsOf } from './destination-rules.ts';

type Connector = Destination['connectors'][number];
type Tunnel = Connector['tunnels'][number];

const connectorColumns: readonly Column<Connector>[] = [
  { title: 'Connector', share: 3, cell: ({ id }) => <Copyable text={id} what="the connector’s id" /> },
  { title: 'Version', share: 2, cell: ({ version }) => <Name>{version}</Name> },
  { title: 'Health', share: 2, cell: healthCell },
  { title: 'Refuses everybody', share: 2, cell: refusesCell },
  { title: 'Enforced', cell: ({ enforcedRevision }) => revision(enforcedRevision) },
  { title: 'Applied', cell: ({ appliedRevision }) => revision(appliedRevision) },
  { title: 'Joined', cell: ({ enrolledAt }) => <Time at={enrolledAt} /> },
];

function healthCell({ online, stale, lastSeenAt }: Connector): ReactNode {
  if (online) return <Badge tone="good">online</Badge>;
  return (
    <>
      <Badge tone={stale ? 'alarm' : 'warn'}>{stale ? 'stale' : 'offline'}</Badge> last heard of <Time at={lastSeenAt} otherwise="never" />
    </>
  );
}

function refusesCell({ online, stale, refusesFrom }: Connector): ReactNode {
  if (stale)
    return (
      <>
        since <Time at={refusesFrom} />
      </>
    );
  if (online) return 'not while in contact';
  return <Time at={refusesFrom} />;
}

const revision = (known: number | null): string => (known === null ? 'none yet' : figure(known));

export function Connectors({ destination: { connectors } }: { readonly destination: Destination }): ReactNode {
  return (
    <Section
      title="Connectors"
      intro="Enforced: requests are decided by that revision of grants and leases. Applied: the cluster’s bindings follow it."
    >
      <Rows
        label="Connectors"
        columns={connectorColumns}
        rows={connectors}
        keyOf={({ id }) => id}
        empty={<Empty title="No connector has joined yet.">A join token lets one in.</Empty>}
      />
    </Section>
  );
}

const tunnelColumns: readonly Column<Tunnel>[] = [
  { title: 'Of replica', share: 2, cell: ({ replica }) => <Name>{replica}</Name> },
  { title: 'From', share: 2, cell: ({ source }) => <Name>{source}</Name> },
  { title: 'Since', cell: ({ since }) => <Time at={since} /> },
  { title: 'Connections', cell: ({ streams }) => figure(streams) },
  {
    title: 'Round trip',
    cell: ({ roundTripMilliseconds }) => (roundTripMilliseconds === null ? 'none yet' : milliseconds(roundTripMilliseconds)),
  },
];

export function Tunnels({ destination }: { readonly destination: Destination }): ReactNode {
  return (
    <Section title="Tunnels" intro="The connector dials them; by them the server’s relay reaches it. They carry ciphertext.">
      <Rows
        label="Tunnels"
        columns={tunnelColumns}
        rows={tunnelsOf(destination)}
        keyOf={({ replica, since, source }) => `${replica} ${since} ${source}`}
        empty={
          <Empty title="No tunnel is open.">
            {destination.address === null ? 'Nobody gets there until there is one.' : 'It is reached at its own address alone.'}
          </Empty>
        }
      />
    </Section>
  );
}
