/** What was asked of a destination lately, as its connector wrote it down. */
import type { ReactNode } from 'react';
import type { AuditEvent } from '../../../../shared/api/audit.ts';
import type { Destination } from '../../../../shared/api/destinations.ts';
import { api } from '../../../../shared/api/index.ts';
import { usePages } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import type { Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { identityPlace } from './destination-rules.ts';
import styles from './destinations.module.css';
import { FirstRows, rowsAtFirst } from './first-rows.tsx';

const columns: readonly Column<AuditEvent>[] = [
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
  { title: 'Who', share: 2, cell: whoCell },
  { title: 'What', share: 4, cell: whatCell },
  { title: 'Answer', share: 2, cell: answerCell },
];

function whoCell({ actor: { kind, id, name } }: AuditEvent): ReactNode {
  if (id === null || (kind !== 'user' && kind !== 'workload')) return <Name>{name}</Name>;
  return <NameLink href={identityPlace(id)}>{name}</NameLink>;
}

function whatCell({ details }: AuditEvent): ReactNode {
  if (!('verb' in details)) return '–';
  return (
    <code>
      <Name isWhole>{`${details.verb} ${details.path}`}</Name>
    </code>
  );
}

function answerCell({ event, outcome, details }: AuditEvent): ReactNode {
  if (!('status' in details)) return outcome;
  const word = { 'stream.opened': 'stream opened', 'stream.closed': 'stream closed' }[event as string];
  return (
    <>
      <Badge tone={outcome === 'refused' ? 'alarm' : outcome === 'failed' ? 'warn' : 'plain'}>
        {outcome === 'refused' ? 'refused ' : ''}
        {details.status}
      </Badge>{' '}
      {word}
      {details.reason !== '' && (
        <p className={styles.why}>
          <Name isWhole>{details.reason}</Name>
        </p>
      )}
    </>
  );
}

export function Requests({ destination: { id, name } }: { readonly destination: Destination }): ReactNode {
  const requests = usePages(api.audit.list, { destination: id, event: 'request,stream', limit: rowsAtFirst });
  return (
    <Section
      title="Recent requests"
      intro="Each as the connector wrote it down; newest first."
      command={`infra audit list --destination ${shellWord(name)}`}
    >
      <FirstRows
        label="Requests"
        of={requests}
        columns={columns}
        keyOf={(event) => event.id}
        empty={<Empty title="Nothing was asked of it yet." />}
        all={{ text: 'All that happened here in Audit', href: `/audit?destination=${id}` }}
      />
    </Section>
  );
}
