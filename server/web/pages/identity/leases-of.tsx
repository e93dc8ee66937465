/** Live credentials of one identity. */
import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Lease } from '../../../../shared/api/leases.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import type { Holder } from './holder.ts';

const columns: readonly Column<Lease>[] = [
  { title: 'Destination', share: 2, cell: ({ destination: { id, name } }) => <NameLink href={`/destinations/${id}`}>{name}</NameLink> },
  { title: 'Lease', share: 2, cell: ({ id }) => <Name>{id}</Name> },
  { title: 'Issued', cell: ({ issuedAt }) => <Time at={issuedAt} /> },
  { title: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
];

const columnsToChange: readonly Column<Lease>[] = [
  ...columns,
  {
    title: 'Take back',
    cell: ({ id, destination, identity }) => (
      <TakeBack
        title={`Revoke the lease ${id} of ${identity.name} for ${destination.name}`}
        text="Revoke"
        impact={{ lease: id }}
        act={api.leases.revoke}
        input={{ params: { id } }}
        changeOf={({ change }) => change}
        command={`infra leases revoke ${id} --wait`}
      />
    ),
  },
];

export function LeasesOf({ identity: { id, name } }: { readonly identity: Holder }): ReactNode {
  const mayChange = useMay('admin');
  const leases = usePages(api.leases.list, { identity: id, live: 'true' });
  return (
    <Section
      title="Leases"
      intro="Credentials that are good now, each for one destination."
      command={`infra leases list --of ${shellWord(name)}`}
    >
      <List
        label="Leases"
        of={leases}
        columns={mayChange ? columnsToChange : columns}
        keyOf={(lease) => lease.id}
        empty={<Empty title="No credential is out." />}
      />
    </Section>
  );
}
