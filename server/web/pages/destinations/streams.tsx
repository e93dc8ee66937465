/** What is open at a destination this moment, as its connectors tell it. To end a stream is to revoke the credential it came in by. */
import type { ReactNode } from 'react';
import type { Destination } from '../../../../shared/api/destinations.ts';
import { api } from '../../../../shared/api/index.ts';
import type { OpenStream } from '../../../../shared/api/open-streams.ts';
import { safeText } from '../../../../shared/safe-text.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { healthOf, identityPlace, streamWords } from './destination-rules.ts';
import { RevokeLease } from './leases.tsx';
import styles from './destinations.module.css';

/** As often as connectors tell. */
const everyMilliseconds = 2000;

const columnsToView: readonly Column<OpenStream>[] = [
  { title: 'Who', share: 2, cell: ({ identity }) => <NameLink href={identityPlace(identity.id)}>{identity.name}</NameLink> },
  { title: 'What', share: 3, cell: whatCell },
  { title: 'Lease', share: 3, cell: ({ leaseId }) => <Copyable text={leaseId} what="the lease’s id" /> },
  { title: 'Since', cell: ({ since }) => <Time at={since} /> },
];

const columnsToChange: readonly Column<OpenStream>[] = [
  ...columnsToView,
  {
    title: 'Take back',
    share: 1.5,
    cell: ({ leaseId, identity }) => (
      <RevokeLease id={leaseId} title={`End what ${safeText(identity.name)} has open with this credential`} text="End" />
    ),
  },
];

function whatCell(stream: OpenStream): ReactNode {
  return (
    <>
      <Name isWhole>{streamWords(stream)}</Name>
      <p className={styles.quiet}>
        <code>
          <Name>{`${stream.verb} ${stream.path}`}</Name>
        </code>
      </p>
    </>
  );
}

export function Streams({ destination }: { readonly destination: Destination }): ReactNode {
  const isOnline = healthOf(destination) === 'online';
  const found = useRead(api.destinations.streams, { params: { id: destination.id } }, { enabled: isOnline, everyMilliseconds });
  return (
    <Section
      title="Open now"
      intro="Watches, logs, shells and port-forwards. They end with the credential they came in by, and with its grants."
    >
      {isOnline ? (
        <Await of={found}>{({ told, total, streams }) => <Told isTold={told} total={total} streams={streams} />}</Await>
      ) : (
        <Empty title="Not known while no connector is in contact." />
      )}
    </Section>
  );
}

function Told({
  isTold,
  total,
  streams,
}: {
  readonly isTold: boolean;
  readonly total: number;
  readonly streams: readonly OpenStream[];
}): ReactNode {
  const mayChange = useMay('admin');
  if (!isTold) return <Empty title="Not told by this connector’s version." />;
  return (
    <>
      <Rows
        label="Open now"
        columns={mayChange ? columnsToChange : columnsToView}
        rows={streams}
        keyOf={({ connectorId, replica, leaseId, since, path }) => `${connectorId} ${replica} ${leaseId} ${since} ${path}`}
        empty={<Empty title="Nothing is open." />}
      />
      {total > streams.length && <p className={styles.quiet}>The newest of {counted(total, 'stream')}.</p>}
    </>
  );
}
