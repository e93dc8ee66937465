/** Grants that name somebody, or a group, as they are. */
import type { ReactNode } from 'react';
import type { Grant } from '../../../../shared/api/grants.ts';
import { api } from '../../../../shared/api/index.ts';
import { formatSubjectName, type SubjectName } from '../../../../shared/resource-name.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';

export interface GrantsOfProps {
  readonly subject: SubjectName;
  readonly title: string;
  readonly intro: ReactNode;
}

const columns: readonly Column<Grant>[] = [
  { title: 'Role', share: 2, cell: ({ role }) => <Name isWhole>{role}</Name> },
  { title: 'On', share: 2, cell: ({ resource, destinationId }) => <Where resource={resource} destinationId={destinationId} /> },
  { title: 'Until', share: 2, cell: ({ until, mfaSeconds }) => <Terms until={until} mfaSeconds={mfaSeconds} /> },
  { title: 'Why', share: 2, cell: ({ reason, createdBy }) => <Name>{reason ?? `by ${createdBy}`}</Name> },
  { title: 'At its connector', share: 2, cell: ({ state }) => <State state={state} /> },
];

const columnsToChange: readonly Column<Grant>[] = [
  ...columns,
  {
    title: 'Take back',
    share: 1.5,
    cell: ({ id, role, resource, subject }) => (
      <TakeBack
        title={`Remove ${role} on ${resource} from ${subject.name}`}
        text="Remove"
        impact={{ grant: id }}
        act={api.grants.remove}
        input={{ params: { id } }}
        changeOf={({ change }) => change}
        command={`infra grants remove ${id} --wait`}
      />
    ),
  },
];

export function GrantsOf({ subject, title, intro }: GrantsOfProps): ReactNode {
  const mayChange = useMay('admin');
  const name = formatSubjectName(subject);
  const grants = usePages(api.grants.list, { subject: name });
  return (
    <Section title={title} intro={intro} command={`infra grants list --subject ${shellWord(name)}`}>
      <List
        label={title}
        of={grants}
        columns={mayChange ? columnsToChange : columns}
        keyOf={({ id }) => id}
        empty={
          <Empty title="No grant names them.">
            {mayChange && <Command text={`infra grants add ${shellWord(name)} --role ROLE RESOURCE`} label="To grant something" />}
          </Empty>
        }
      />
    </Section>
  );
}

const Where = ({ resource, destinationId }: Pick<Grant, 'resource' | 'destinationId'>): ReactNode =>
  destinationId === null ? <Name>{resource}</Name> : <NameLink href={`/destinations/${destinationId}`}>{resource}</NameLink>;

const Terms = ({ until, mfaSeconds }: Pick<Grant, 'until' | 'mfaSeconds'>): ReactNode => (
  <>
    <Time at={until} otherwise="no end" />
    {mfaSeconds !== null && `, with a second factor of the last ${formatDuration(mfaSeconds)}`}
  </>
);

function State({ state: { state, reason } }: Pick<Grant, 'state'>): ReactNode {
  if (state === 'applied') return <Badge tone="good">applied</Badge>;
  if (state === 'pending') return <Badge tone="warn">not told yet</Badge>;
  return (
    <>
      <Badge tone="alarm">failed</Badge> {reason !== null && <Name isWhole>{reason}</Name>}
    </>
  );
}
