/** What somebody did lately, through connectors. */
import type { ReactNode } from 'react';
import type { AuditEvent } from '../../../../shared/api/audit.ts';
import { api } from '../../../../shared/api/index.ts';
import { useRead } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import type { Holder } from './holder.ts';

const columns: readonly Column<AuditEvent>[] = [
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
  { title: 'Request', share: 4, cell: ({ details }) => <Name>{'verb' in details ? `${details.verb} ${details.path}` : '–'}</Name> },
  {
    title: 'Destination',
    cell: ({ destination }) =>
      destination === null ? '–' : <NameLink href={`/destinations/${destination.id}`}>{destination.name}</NameLink>,
  },
  { title: 'Outcome', share: 2, cell: (event) => <Outcome event={event} /> },
];

/** The program's own name, without what commands put before it. */
const actorOf = ({ name }: Holder): string => name.replace(/^workload:/, '');

export function RequestsOf({ identity }: { readonly identity: Holder }): ReactNode {
  const found = useRead(api.audit.list, { query: { actor: identity.id, event: 'request,stream', limit: 10 } });
  const actor = actorOf(identity);
  return (
    <Section
      title="Recent requests"
      intro="The last ten, newest first."
      actions={<ButtonLink href={`/audit?${new URLSearchParams({ actor }).toString()}`}>All in the audit</ButtonLink>}
      command={`infra audit list --actor ${shellWord(actor)}`}
    >
      <Await of={found}>
        {({ items }) => (
          <Rows
            label="Recent requests"
            rows={items}
            columns={columns}
            keyOf={({ id }) => id}
            empty={<Empty title="No request is on record." />}
          />
        )}
      </Await>
    </Section>
  );
}

function Outcome({ event: { outcome, details } }: { readonly event: AuditEvent }): ReactNode {
  const reason = 'verb' in details ? details.reason : '';
  return (
    <>
      <Badge tone={outcome === 'success' ? 'good' : 'alarm'}>
        {outcome}
        {'verb' in details && details.status > 0 && ` · ${details.status}`}
      </Badge>{' '}
      {reason !== '' && <Name>{reason}</Name>}
    </>
  );
}
