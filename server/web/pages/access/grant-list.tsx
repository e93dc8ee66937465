import { useEffect, useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Grant } from '../../../../shared/api/grants.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import type { Pages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Button } from '../../parts/button.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { GrantState } from './grant-state.tsx';
import { grantPath, grantSentence, removeCommand, secondFactorText } from './grant-words.ts';
import { createSelection, SelectionContext, useChosen, useIsChosen, useSelection, type Selection } from './selection.ts';
import styles from './access.module.css';

const columns: readonly Column<Grant>[] = [
  { title: 'Who', share: 3, cell: ({ id, subject }) => <NameLink href={grantPath(id)}>{formatSubjectName(subject)}</NameLink> },
  { title: 'Role', share: 1.5, cell: ({ role }) => <Name>{role}</Name> },
  { title: 'Resource', share: 1.75, cell: ({ resource }) => <Name>{resource}</Name> },
  { title: 'Until', share: 1.25, cell: ({ until }) => <Time at={until} otherwise="no end" /> },
  { title: 'Second factor', share: 1.25, cell: ({ mfaSeconds }) => secondFactorText(mfaSeconds) },
  { title: 'State', share: 1.75, cell: ({ state }) => <GrantState of={state} /> },
  { title: 'Given by, why', share: 2.75, cell: given },
];

const columnsToChooseFrom: readonly Column<Grant>[] = [
  { title: 'Select', share: 0.6, cell: (grant) => <Tick grant={grant} /> },
  ...columns,
];

function given({ createdBy, reason }: Grant): ReactNode {
  return (
    <span className={styles.state}>
      <Name>{createdBy}</Name>
      {reason !== null && (
        <span className={styles.quiet}>
          <Name isWhole>{reason}</Name>
        </span>
      )}
    </span>
  );
}

function Tick({ grant }: { readonly grant: Grant }): ReactNode {
  const selection = useSelection();
  const isChosen = useIsChosen(grant.id);
  return (
    <input
      type="checkbox"
      className={styles.tick}
      aria-label={`Select ${grantSentence(grant)}`}
      checked={isChosen}
      onChange={(event) => selection.set([grant], event.target.checked)}
    />
  );
}

export interface GrantListProps {
  readonly of: Pages<Grant>;
  /** What it is narrowed by: what was chosen by another question is chosen no longer. */
  readonly question: string;
  readonly empty: ReactNode;
}

export function GrantList({ of, question, empty }: GrantListProps): ReactNode {
  const mayChange = useMay('admin');
  const [selection] = useState(createSelection);
  useEffect(() => selection.clear(), [selection, question]);
  return (
    <SelectionContext value={selection}>
      {mayChange && <Chosen selection={selection} rows={of.rows ?? []} />}
      <List label="Grants" of={of} columns={mayChange ? columnsToChooseFrom : columns} keyOf={({ id }) => id} empty={empty} />
    </SelectionContext>
  );
}

/** As many as the server takes at once. */
const mostAtOnce = 200;

function Chosen({ selection, rows }: { readonly selection: Selection; readonly rows: readonly Grant[] }): ReactNode {
  const chosen = [...useChosen(selection).values()];
  if (rows.length === 0 && chosen.length === 0) return null;
  const offered = rows.slice(0, mostAtOnce);
  return (
    <div className={styles.chosen} role="group" aria-label="Selection">
      <span role="status">{chosen.length === 0 ? 'Nothing is selected' : `${counted(chosen.length, 'grant')} selected`}</span>
      <Button kind="quiet" onClick={() => selection.set(offered, true)}>
        Select {rows.length <= mostAtOnce ? `all ${rows.length} shown` : `the first ${mostAtOnce}`}
      </Button>
      {chosen.length > 0 && (
        <Button kind="quiet" onClick={selection.clear}>
          Select none
        </Button>
      )}
      {chosen.length > mostAtOnce && <span>{counted(mostAtOnce, 'grant')} can be removed at once at most.</span>}
      {chosen.length > 0 && chosen.length <= mostAtOnce && <RemoveChosen chosen={chosen} onDone={selection.clear} />}
    </div>
  );
}

function RemoveChosen({ chosen, onDone }: { readonly chosen: readonly Grant[]; readonly onDone: () => void }): ReactNode {
  const ids = chosen.map(({ id }) => id);
  const title = `Remove ${counted(chosen.length, 'grant')}`;
  return (
    <TakeBack
      title={title}
      says={<WhatEnds grants={chosen} />}
      act={api.grants.removeMany}
      input={{ body: { ids } }}
      changeOf={({ change }) => change}
      command={removeCommand(ids)}
      onDone={onDone}
    />
  );
}

function WhatEnds({ grants }: { readonly grants: readonly Grant[] }): ReactNode {
  const subjects = new Set(grants.map(({ subject }) => subject.id)).size;
  const places = new Set(grants.map(({ resource }) => resource)).size;
  return (
    <div className={styles.ends}>
      <p>
        {counted(grants.length, 'grant')} of {counted(subjects, 'subject')} on {counted(places, 'resource')} end, all of them or none. What
        is open by them alone is closed.
      </p>
      <ul className={styles.endsList} tabIndex={0} aria-label="What ends">
        {grants.map((grant) => (
          <li key={grant.id}>
            <Name isWhole>{grantSentence(grant)}</Name>
          </li>
        ))}
      </ul>
    </div>
  );
}
