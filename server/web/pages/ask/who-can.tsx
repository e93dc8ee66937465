import { useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { Holder } from '../../../../shared/api/explanations.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Form } from '../../parts/form.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Empty, Failed, Loading } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { counted, figure } from '../../parts/words.ts';
import { commandOf, grantPath, newGrantPath, orWord, secondFactorText, subjectPath } from '../access/grant-words.ts';
import { refusalsByField } from '../access/refusals.ts';
import { useQuestion } from './asked.ts';
import { ResourceField, RoleField } from './question-fields.tsx';
import styles from './ask.module.css';

export interface WhoCanAsked {
  readonly role: string;
  readonly resource: string;
}

export function WhoCan({ asked }: { readonly asked: WhoCanAsked }): ReactNode {
  const { typed, set, ask } = useQuestion(asked);
  const [isIncomplete, setIncomplete] = useState(false);
  const isAsked = asked.role !== '' && asked.resource !== '';
  const found = useRead(api.explanations.whoCan, { query: asked }, { enabled: isAsked });
  const refusals = refusalsByField(isAsked ? found.error : null);
  const missing = (value: string): string | undefined => (isIncomplete && value.trim() === '' ? 'Say which.' : undefined);
  return (
    <>
      <Form
        onSubmit={() => {
          const isWhole = typed.role.trim() !== '' && typed.resource.trim() !== '';
          setIncomplete(!isWhole);
          if (isWhole) ask();
        }}
      >
        <div className={styles.fields}>
          <ResourceField
            value={typed.resource}
            onChange={(resource) => set({ resource })}
            refusal={refusals.get('resource') ?? missing(typed.resource)}
          />
          <RoleField
            value={typed.role}
            onChange={(role) => set({ role })}
            resource={typed.resource}
            hint="Such as view, admin or role/NAME; whoever holds more counts too"
            refusal={refusals.get('role') ?? missing(typed.role)}
            isRequired
          />
        </div>
        <div className={styles.act}>
          <Button kind="main" submits>
            Ask
          </Button>
        </div>
      </Form>
      {isAsked && refusals.size === 0 && (
        <Section title="Answer">
          {found.error !== null ? (
            <Failed error={found.error} onRetry={() => void found.refetch()} />
          ) : found.data === undefined || found.isPlaceholderData ? (
            <Loading what="Answer" />
          ) : (
            <Answer asked={asked} count={found.data.count} holders={found.data.holders} />
          )}
        </Section>
      )}
      <Command
        text={commandOf('infra who-can', orWord(typed.role, 'ROLE'), orWord(typed.resource, 'RESOURCE'))}
        label="The same on the command line"
      />
    </>
  );
}

const columns: readonly Column<Holder>[] = [
  { title: 'Who', share: 3, cell: ({ identity }) => <NameLink href={subjectPath(identity)}>{formatSubjectName(identity)}</NameLink> },
  { title: 'Status', cell: ({ identity }) => (identity.status === 'active' ? 'active' : <Badge tone="alarm">disabled</Badge>) },
  { title: 'Through', share: 2, cell: ({ group }) => (group === null ? 'their own grant' : <Name>{`group:${group}`}</Name>) },
  {
    title: 'Grant',
    share: 2.5,
    cell: ({ grant: { id, role, resource } }) => (
      <Link href={grantPath(id)}>
        <Name>{`${role} on ${resource}`}</Name>
      </Link>
    ),
  },
  { title: 'Until', share: 1.25, cell: ({ grant: { until } }) => <Time at={until} otherwise="no end" /> },
  { title: 'Second factor', share: 1.25, cell: ({ grant: { mfaSeconds } }) => secondFactorText(mfaSeconds) },
];

function heldBy(who: number, isCut: boolean): string {
  if (who === 0) return 'Nobody holds';
  const words = counted(who, 'identity holds', 'identities hold');
  return isCut ? `At least ${words}` : words;
}

interface AnswerProps {
  readonly asked: WhoCanAsked;
  readonly count: number;
  readonly holders: readonly Holder[];
}

function Answer({ asked: { role, resource }, count, holders }: AnswerProps): ReactNode {
  const mayChange = useMay('admin');
  const who = new Set(holders.map(({ identity }) => identity.id)).size;
  return (
    <>
      <p role="status" className={styles.sentence}>
        {heldBy(who, count > holders.length)} <Name>{role}</Name> on <Name>{resource}</Name>, or what includes it.
      </p>
      {count > holders.length && (
        <p>
          The first {figure(holders.length)} of {figure(count)} ways to it are shown: ask about a part of it.
        </p>
      )}
      <Rows
        label="Who can"
        columns={columns}
        rows={holders}
        keyOf={({ identity, grant, group }) => `${identity.id} ${grant.id} ${group ?? ''}`}
        empty={
          <Empty title="No grant gives it to anybody.">
            {mayChange ? <ButtonLink href={newGrantPath({ role, resource })}>Grant it</ButtonLink> : 'An admin adds grants.'}
          </Empty>
        }
      />
    </>
  );
}
