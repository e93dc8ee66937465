/** Things that somebody should see to: what is the matter, what to do, and where. */
import type { ReactNode } from 'react';
import type { Overview, Want } from '../../../../shared/api/overview.ts';
import { Badge } from '../../parts/badge.tsx';
import { Command } from '../../parts/command.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { exactTime, relativeTime, useNow } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import styles from './overview.module.css';

/** Where one sees to it. */
function placeOf({ kind, id }: Want['subject']): string {
  switch (kind) {
    case 'destination':
      return `/destinations/${id}`;
    case 'grant':
      return `/access/${id}`;
    case 'provider':
      return `/settings/providers/${id}`;
    case 'scim-token':
      return '/settings/providers';
    case 'access-key':
      return '/settings/keys';
    case 'authority':
    case 'server':
      return '/settings/server';
  }
}

const nouns: Readonly<Record<Want['subject']['kind'], string>> = {
  destination: 'Destination',
  grant: 'Grant of',
  provider: 'Provider',
  'scim-token': 'SCIM token of',
  'access-key': 'Access key',
  authority: 'Authority',
  server: 'Server',
};

/** "Try it: infra providers test okta" ends with something to copy. */
function inTwo(remedy: string): readonly [words: string, command: string | undefined] {
  const [, words, command] = /^(.*): (infra(?:-server|-connector)? .+)$/su.exec(remedy) ?? [];
  return words === undefined ? [remedy, undefined] : [`${words}:`, command];
}

export function Wants({ standing: { wants, wantsCount } }: { readonly standing: Overview }): ReactNode {
  if (wants.length === 0)
    return (
      <Section title="Wants a hand">
        <Empty title="Nothing does. All is as it should be." />
      </Section>
    );
  return (
    <Section
      title="Wants a hand"
      intro={wantsCount > wants.length ? `The first ${wants.length} of ${counted(wantsCount, 'thing')}.` : undefined}
    >
      <ul className={styles.wants}>
        {wants.map((want) => (
          <Wish key={`${want.kind} ${want.subject.kind} ${want.subject.id}`} want={want} />
        ))}
      </ul>
    </Section>
  );
}

function Wish({ want: { severity, subject, sentence, remedy } }: { readonly want: Want }): ReactNode {
  const [words, command] = inTwo(remedy);
  return (
    <li className={styles.want}>
      <div className={styles.subject}>
        <Badge tone={severity === 'now' ? 'alarm' : 'warn'}>{severity}</Badge>
        <span>
          {nouns[subject.kind]} <NameLink href={placeOf(subject)}>{subject.name}</NameLink>
        </span>
      </div>
      <p>
        <Sentence text={sentence} />
      </p>
      <p className={styles.name}>
        <Name isWhole>{words}</Name>
      </p>
      {command !== undefined && <Command text={command} />}
    </li>
  );
}

/** With its times as the reader's clock has them. */
function Sentence({ text }: { readonly text: string }): ReactNode {
  const now = useNow();
  return text.split(/(\d{4}-\d\d-\d\dT[\d:.]+Z)/).map((part, index) =>
    index % 2 === 0 ? (
      // Parts of one sentence have no other name than their place in it.
      <Name key={index} isWhole>
        {part}
      </Name>
    ) : (
      <time key={index} dateTime={part} title={relativeTime(part, now)}>
        {exactTime(part)}
      </time>
    ),
  );
}
