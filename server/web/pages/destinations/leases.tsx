/** Who holds a live credential for a destination. */
import type { ReactNode } from 'react';
import type { Destination } from '../../../../shared/api/destinations.ts';
import { api } from '../../../../shared/api/index.ts';
import type { Lease } from '../../../../shared/api/leases.ts';
import { safeText } from '../../../../shared/safe-text.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import type { Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { identityPlace } from './destination-rules.ts';
import { FirstRows, rowsAtFirst } from './first-rows.tsx';

const columnsToView: readonly Column<Lease>[] = [
  { title: 'Who', share: 3, cell: ({ identity }) => <NameLink href={identityPlace(identity.id)}>{identity.name}</NameLink> },
  { title: 'Lease', share: 3, cell: ({ id }) => <Copyable text={id} what="the lease’s id" /> },
  { title: 'Issued', cell: ({ issuedAt }) => <Time at={issuedAt} /> },
  { title: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
];

export interface RevokeLeaseProps {
  readonly id: Lease['id'];
  readonly title: string;
  /** Begins the title. */
  readonly text: string;
}

export const RevokeLease = ({ id, title, text }: RevokeLeaseProps): ReactNode => (
  <TakeBack
    title={title}
    text={text}
    says={<p>What is open with this credential ends. A new one is issued when they ask for it, as long as a grant holds.</p>}
    impact={{ lease: id }}
    act={api.leases.revoke}
    input={{ params: { id } }}
    changeOf={({ change }) => change}
    command={`infra leases revoke ${id} --wait`}
  />
);

const columnsToChange: readonly Column<Lease>[] = [
  ...columnsToView,
  {
    title: 'Take back',
    share: 1.5,
    cell: ({ id, identity }) => <RevokeLease id={id} title={`Revoke the credential of ${safeText(identity.name)}`} text="Revoke" />,
  },
];

export function Leases({ destination: { id, name } }: { readonly destination: Destination }): ReactNode {
  const mayChange = useMay('admin');
  const leases = usePages(api.leases.list, { all: 'true', live: 'true', destination: id, limit: rowsAtFirst });
  return (
    <Section
      title="Credentials for it now"
      intro="Who could come in this moment. Every request still needs a grant that holds."
      command={`infra leases list --all --destination ${shellWord(name)}`}
    >
      <FirstRows
        label="Credentials"
        of={leases}
        columns={mayChange ? columnsToChange : columnsToView}
        keyOf={(lease) => lease.id}
        empty={<Empty title="Nobody holds a credential for it now." />}
      />
    </Section>
  );
}
