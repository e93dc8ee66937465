/** How things stand, and what wants a hand. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { AuditEvent } from '../../../../shared/api/audit.ts';
import type { Grant } from '../../../../shared/api/grants.ts';
import { api } from '../../../../shared/api/index.ts';
import type { Overview as Standing } from '../../../../shared/api/overview.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import { useRead } from '../../api/reads.ts';
import { Name, NameLink } from '../../parts/name.tsx';
import { Columns, Page, Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { subjectPlace } from '../destinations/destination-rules.ts';
import { Figures } from './figures.tsx';
import { FirstSteps } from './first-steps.tsx';
import { endingPlace, useRefusalsPlace } from './places.ts';
import { Wants } from './wants.tsx';

/** Sessions grow old and the hour moves on without anything being changed. */
const everyMilliseconds = 30_000;

export function Overview(): ReactNode {
  const found = useRead(api.overview.get, {}, { everyMilliseconds });
  return (
    <Page title="Overview">
      <Await of={found}>
        {(standing) =>
          standing.destinations.total === 0 ? (
            <>
              <FirstSteps />
              <Wants standing={standing} />
            </>
          ) : (
            <>
              <Figures standing={standing} />
              <Wants standing={standing} />
              <Columns>
                <Ending standing={standing} />
                <Refusals standing={standing} />
              </Columns>
            </>
          )
        }
      </Await>
    </Page>
  );
}

const endingColumns: readonly Column<Grant>[] = [
  { title: 'Who', share: 3, cell: ({ subject }) => <NameLink href={subjectPlace(subject)}>{formatSubjectName(subject)}</NameLink> },
  { title: 'What', share: 3, cell: ({ id, role, resource }) => <NameLink href={`/access/${id}`}>{`${role} on ${resource}`}</NameLink> },
  { title: 'Ends', share: 2, cell: ({ until }) => <Time at={until} /> },
];

function Ending({ standing: { grantsEndingSoon } }: { readonly standing: Standing }): ReactNode {
  return (
    <Section title="Grants that end this week">
      <Rows
        label="Grants that end this week"
        columns={endingColumns}
        rows={grantsEndingSoon.items}
        keyOf={({ id }) => id}
        empty={<Empty title="None ends within seven days." />}
      />
      {grantsEndingSoon.count > grantsEndingSoon.items.length && <Link href={endingPlace}>All of them</Link>}
    </Section>
  );
}

const refusalColumns: readonly Column<AuditEvent>[] = [
  { title: 'When', share: 2, cell: ({ at }) => <Time at={at} /> },
  { title: 'Who', share: 3, cell: ({ actor }) => <Name>{actor.name}</Name> },
  {
    title: 'What',
    share: 4,
    cell: ({ event, details, destination }) => <Name isWhole>{refusalWords(event, details, destination?.name)}</Name>,
  },
];

function refusalWords(event: string, details: AuditEvent['details'], destination: string | undefined): string {
  const where = destination === undefined ? '' : ` at ${destination}`;
  const what = 'verb' in details ? `${details.verb} ${details.path}` : event;
  const why = 'reason' in details && typeof details.reason === 'string' && details.reason !== '' ? `: ${details.reason}` : '';
  return `${what}${where}${why}`;
}

function Refusals({ standing: { refusals } }: { readonly standing: Standing }): ReactNode {
  const place = useRefusalsPlace();
  return (
    <Section title="Refused in the last hour">
      <Rows
        label="Refused in the last hour"
        columns={refusalColumns}
        rows={refusals.items}
        keyOf={({ id }) => id}
        empty={<Empty title="Nothing was refused." />}
      />
      {refusals.count > refusals.items.length && <Link href={place}>All of them</Link>}
    </Section>
  );
}
