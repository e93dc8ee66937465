import type { ReactNode } from 'react';
import type { Destination } from '../../../../shared/api/destinations.ts';
import type { Grant } from '../../../../shared/api/grants.ts';
import { api } from '../../../../shared/api/index.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import { safeText } from '../../../../shared/safe-text.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge, type Tone } from '../../parts/badge.tsx';
import { shellWord } from '../../parts/command.tsx';
import { FilterBar, FilterSelect, useFilters } from '../../parts/filters.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import type { Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { subjectPlace } from './destination-rules.ts';
import styles from './destinations.module.css';
import { FirstRows, rowsAtFirst } from './first-rows.tsx';

const tones: Readonly<Record<Grant['state']['state'], Tone>> = { applied: 'good', pending: 'plain', failed: 'alarm' };

const columnsToView: readonly Column<Grant>[] = [
  { title: 'Who', share: 3, cell: ({ subject }) => <NameLink href={subjectPlace(subject)}>{formatSubjectName(subject)}</NameLink> },
  { title: 'Role', share: 2, cell: ({ id, role }) => <NameLink href={`/access/${id}`}>{role}</NameLink> },
  { title: 'On', share: 2, cell: ({ resource }) => <Name>{resource}</Name> },
  { title: 'Until', cell: ({ until }) => <Time at={until} otherwise="no end" /> },
  { title: 'State', share: 4, cell: stateCell },
];

function stateCell({ state }: Grant): ReactNode {
  return (
    <>
      <Badge tone={tones[state.state]}>{state.state}</Badge>
      {state.reason !== null && (
        <p className={styles.why}>
          <Name isWhole>{state.reason}</Name>
        </p>
      )}
    </>
  );
}

const removeColumn: Column<Grant> = {
  title: 'Take back',
  share: 2,
  cell: ({ id, subject, role, resource }) => (
    <TakeBack
      title={`Remove ${safeText(role)} on ${resource} from ${safeText(formatSubjectName(subject))}`}
      text="Remove"
      impact={{ grant: id }}
      act={api.grants.remove}
      input={{ params: { id } }}
      changeOf={({ change }) => change}
      command={`infra grants remove ${id} --wait`}
    />
  ),
};

const columnsToChange = [...columnsToView, removeColumn];

const states = [
  { value: 'applied', text: 'Applied' },
  { value: 'pending', text: 'Pending' },
  { value: 'failed', text: 'Failed' },
] as const;

export function Grants({ destination: { id, name } }: { readonly destination: Destination }): ReactNode {
  const mayChange = useMay('admin');
  const filters = useFilters(['state']);
  const { state } = filters.values;
  const grants = usePages(api.grants.list, { destination: id, state, limit: rowsAtFirst });
  return (
    <Section
      title="Grants on it"
      intro="Each with what its connector made of it."
      command={`infra grants list --destination ${shellWord(name)}`}
      actions={
        <FilterBar label="Grants on it">
          <FilterSelect label="State" name="state" filters={filters} choices={states} />
        </FilterBar>
      }
    >
      <FirstRows
        label="Grants"
        of={grants}
        columns={mayChange ? columnsToChange : columnsToView}
        keyOf={(grant) => grant.id}
        empty={
          filters.isAny ? (
            <Empty title="No grant is in that state." />
          ) : (
            <Empty title="Nobody is granted anything here.">So nobody gets in.</Empty>
          )
        }
        all={{ text: 'All of them in Access', href: `/access?resource=${encodeURIComponent(name)}` }}
      />
    </Section>
  );
}
