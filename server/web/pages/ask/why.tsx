import { useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Chain, Explanation } from '../../../../shared/api/explanations.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { ChainPicture } from '../../parts/chain.tsx';
import { Command } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Form } from '../../parts/form.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Sentence } from '../../parts/sentence.tsx';
import { Failed, Loading } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { commandOf, newGrantPath, orWord } from '../access/grant-words.ts';
import { refusalsByField } from '../access/refusals.ts';
import { useQuestion } from './asked.ts';
import { chainLinks } from './chain-links.tsx';
import { ResourceField, RoleField, SubjectField } from './question-fields.tsx';
import styles from './ask.module.css';

export interface WhyAsked {
  readonly subject: string;
  readonly role: string;
  readonly resource: string;
}

export function Why({ asked }: { readonly asked: WhyAsked }): ReactNode {
  const { typed, set, ask } = useQuestion(asked, { question: 'why' });
  const [isIncomplete, setIncomplete] = useState(false);
  const { subject, role, resource } = asked;
  const isAsked = subject !== '' && resource !== '';
  const query = { subject, resource, ...(role === '' ? {} : { role }) };
  const found = useRead(api.explanations.explain, { query }, { enabled: isAsked });
  const refusals = refusalsByField(isAsked ? found.error : null);
  const missing = (value: string, what: string): string | undefined => (isIncomplete && value.trim() === '' ? what : undefined);
  return (
    <>
      <Form
        onSubmit={() => {
          const isWhole = typed.subject.trim() !== '' && typed.resource.trim() !== '';
          setIncomplete(!isWhole);
          if (isWhole) ask();
        }}
      >
        <div className={styles.fields}>
          <SubjectField
            value={typed.subject}
            onChange={(changed) => set({ subject: changed })}
            refusal={refusals.get('subject') ?? missing(typed.subject, 'Say who.')}
          />
          <ResourceField
            value={typed.resource}
            onChange={(changed) => set({ resource: changed })}
            refusal={refusals.get('resource') ?? missing(typed.resource, 'Say where.')}
          />
          <RoleField
            value={typed.role}
            onChange={(changed) => set({ role: changed })}
            resource={typed.resource}
            hint="Left out: whatever may be done there"
            refusal={refusals.get('role')}
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
            <Answer of={found.data} asked={asked} />
          )}
        </Section>
      )}
      <Command text={explainCommand(typed)} label="The same on the command line" />
    </>
  );
}

const explainCommand = ({ subject, role, resource }: WhyAsked): string =>
  commandOf(
    'infra explain',
    orWord(subject, 'SUBJECT'),
    role.trim() === '' ? undefined : orWord(role, 'ROLE'),
    orWord(resource, 'RESOURCE'),
  );

function Answer({ of: explanation, asked }: { readonly of: Explanation; readonly asked: WhyAsked }): ReactNode {
  const mayChange = useMay('admin');
  const { allowed, sentence, clusterUser, chains, ended } = explanation;
  return (
    <>
      <div className={styles.answer}>
        <Badge tone={allowed ? 'good' : 'alarm'}>{allowed ? 'yes' : 'no'}</Badge>
        <p role="status" className={styles.sentence}>
          <Sentence>{sentence}</Sentence>
        </p>
      </div>
      {clusterUser !== null && (
        <p className={styles.quiet}>
          The cluster sees the user <Name isWhole>{clusterUser}</Name>.
        </p>
      )}
      {!allowed && mayChange && (
        <div>
          <ButtonLink href={newGrantPath(asked)}>Grant it</ButtonLink>
        </div>
      )}
      {chains.length > 0 && (
        <ul className={styles.chains} aria-label={counted(chains.length, 'chain')}>
          {chains.map((chain) => (
            <li key={`${chain.grant.id} ${chain.group?.name ?? ''}`} className={styles.chain}>
              <span>
                <Weight of={chain} />
              </span>
              <ChainPicture label={`${chain.grant.role} on ${chain.grant.resource}`} links={chainLinks(chain, explanation.subject)} />
            </li>
          ))}
        </ul>
      )}
      {ended.length > 0 && <Ended of={ended} />}
    </>
  );
}

/** What a chain comes to, in a word or two. */
function Weight({ of: { counts, gives, state } }: { readonly of: Chain }): ReactNode {
  if (!counts) return <Badge tone="alarm">does not count now</Badge>;
  if (state.state === 'failed') return <Badge tone="alarm">counts, but is not in place</Badge>;
  if (gives === 'part') return <Badge tone="warn">gives a part of it</Badge>;
  return <Badge tone="good">counts</Badge>;
}

const Ended = ({ of: ended }: { readonly of: Explanation['ended'] }): ReactNode => (
  <div className={styles.ended}>
    <h3>Grants that ended</h3>
    <ul className={styles.endedList}>
      {ended.map(({ id, role, resource, endedAt, reason }) => (
        <li key={id} className={styles.endedOne}>
          <Name isWhole>{`${role} on ${resource}`}</Name>
          <span className={styles.quiet}>
            <Name>{reason ?? 'ended'}</Name> <Time at={endedAt} />
          </span>
          <Copyable text={id} what="the grant’s id" />
        </li>
      ))}
    </ul>
  </div>
);
