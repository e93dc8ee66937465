/** Whose tokens open sessions of a workload. */
import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { TrustRule } from '../../../../shared/api/trust.ts';
import type { Workload } from '../../../../shared/api/workloads.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { shellWord } from '../../parts/command.tsx';
import { DialogButton } from '../../parts/dialog-button.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { AddTrustRule } from './add-trust-rule.tsx';
import styles from './trust-rules.module.css';

const columns: readonly Column<TrustRule>[] = [
  { title: 'Issuer', share: 3, cell: ({ issuer, keys }) => <Issuer issuer={issuer} keys={keys} /> },
  { title: 'Tokens must say', share: 3, cell: ({ claims }) => <Claims claims={claims} /> },
  { title: 'For', share: 1.5, cell: ({ audience }) => <Name>{audience}</Name> },
  {
    title: 'Opens',
    share: 1.5,
    cell: ({ sessionSeconds, reusable }) => `${reusable ? 'sessions' : 'one session'} of ${formatDuration(sessionSeconds)}`,
  },
  { title: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} otherwise="never" /> },
];

const columnsToChange: readonly Column<TrustRule>[] = [
  ...columns,
  {
    title: 'Take back',
    share: 1.5,
    cell: ({ id, issuer, workload }) => (
      <TakeBack
        title={`Remove the trust rule ${id}`}
        text="Remove"
        says={
          <>
            Tokens of <Name isWhole>{issuer}</Name> open no session of <Name>{workload.name}</Name> by it any more. Sessions that it opened
            end, and their credentials.
          </>
        }
        act={api.trustRules.remove}
        input={{ params: { id } }}
        changeOf={({ change }) => change}
        command={`infra trust-rules remove ${id} --wait`}
      />
    ),
  },
];

export function TrustRules({ workload }: { readonly workload: Workload }): ReactNode {
  const mayChange = useMay('admin');
  const rules = usePages(api.trustRules.list, { workload: workload.id });
  return (
    <Section
      title="Trust rules"
      intro="It signs in with a token that its platform makes, and no secret is stored."
      actions={
        mayChange && <DialogButton title="Add a trust rule">{(close) => <AddTrustRule workload={workload} onClose={close} />}</DialogButton>
      }
      command={`infra trust-rules list --of ${shellWord(workload.name)}`}
    >
      <List
        label="Trust rules"
        of={rules}
        columns={mayChange ? columnsToChange : columns}
        keyOf={({ id }) => id}
        empty={<Empty title="No token signs in as it.">Without a trust rule an access key is its only way in.</Empty>}
      />
    </Section>
  );
}

const Issuer = ({ issuer, keys }: Pick<TrustRule, 'issuer' | 'keys'>): ReactNode => (
  <>
    <Name isWhole>{issuer}</Name>
    {keys === 'given' && ' (keys given with the rule)'}
  </>
);

const Claims = ({ claims }: Pick<TrustRule, 'claims'>): ReactNode => (
  <ul className={styles.claims}>
    {Object.entries(claims).map(([name, value]) => (
      <li key={name}>
        <Name isWhole>{`${name}=${value}`}</Name>
      </li>
    ))}
  </ul>
);
