/** One audit event, whole. */
import type { ReactNode } from 'react';
import { useParams } from 'wouter';
import type { AuditEvent } from '../../../../shared/api/audit.ts';
import { fromTime, toTime } from '../../../../shared/clock.ts';
import { api } from '../../../../shared/api/index.ts';
import { escapeInQuotes } from '../../../../shared/safe-text.ts';
import { useRead } from '../../api/reads.ts';
import { ButtonLink } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { Copyable, CopyButton } from '../../parts/copy.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Await } from '../../parts/states.tsx';
import { exactTime } from '../../parts/time.tsx';
import styles from './audit.module.css';
import { Detail, placeOf, wordsOf } from './detail.tsx';
import { Outcome, Sentence } from './sentence.tsx';

export const AuditEventPage = forView('Audit event', WholeAuditEventPage);

function WholeAuditEventPage(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const found = useRead(api.audit.get, { params: { id } });
  return (
    <Page
      title="Audit event"
      up={{ text: 'Audit', href: '/audit' }}
      intro={found.data !== undefined && <Sentence of={found.data} />}
      actions={found.data !== undefined && <Around of={found.data} />}
    >
      <Await of={found}>{(event) => <Whole of={event} />}</Await>
    </Page>
  );
}

function Around({ of: { actor, at } }: { readonly of: AuditEvent }): ReactNode {
  const [since, until] = [-300_000, 300_000].map((offset) => toTime(fromTime(at) + offset));
  const before = `since=${encodeURIComponent(since ?? at)}&until=${encodeURIComponent(until ?? at)}`;
  return (
    <>
      <ButtonLink href={`/audit?${before}`}>Five minutes around it</ButtonLink>
      {actor.name !== '' && <ButtonLink href={`/audit?actor=${encodeURIComponent(actor.id ?? actor.name)}`}>All of who did it</ButtonLink>}
    </>
  );
}

function Whole({ of }: { readonly of: AuditEvent }): ReactNode {
  const { id, at, event, outcome, actor, source, destination, details } = of;
  const json = JSON.stringify(of, null, 2);
  const actorPlace = placeOf(actor.id);
  return (
    <>
      <Section title="What is recorded">
        <Facts
          of={[
            { name: 'At', value: <time dateTime={at}>{exactTime(at)}</time> },
            { name: 'Event', value: <code>{event}</code> },
            { name: 'Outcome', value: <Outcome of={outcome} /> },
            {
              name: `Who (${actor.kind})`,
              value:
                actorPlace === undefined ? <Name isWhole>{actor.name || '–'}</Name> : <NameLink href={actorPlace}>{actor.name}</NameLink>,
            },
            { name: 'From', value: source === null ? '–' : <Name isWhole>{source.address}</Name> },
            { name: 'With', value: source === null ? '–' : <Name isWhole>{source.userAgent || '–'}</Name> },
            {
              name: 'Destination',
              value: destination === null ? '–' : <NameLink href={`/destinations/${destination.id}`}>{destination.name}</NameLink>,
            },
            { name: 'Id', value: <Copyable text={id} what="the id" /> },
          ]}
        />
      </Section>
      {Object.keys(details).length > 0 && (
        <Section title="Details">
          <Facts of={Object.entries(details).map(([key, value]) => ({ name: wordsOf(key), value: <Detail of={value as unknown} /> }))} />
        </Section>
      )}
      <Section title="The record as JSON" actions={<CopyButton text={json} what="the record" />}>
        <pre className={styles.json} tabIndex={0} role="group" aria-label="The record as JSON">
          <code>{escapeInQuotes(json)}</code>
        </pre>
        <Command
          text={`infra audit list --event ${event} --since ${at} --until ${toTime(fromTime(at) + 1)} --format json`}
          label="The same on the command line"
        />
      </Section>
    </>
  );
}
