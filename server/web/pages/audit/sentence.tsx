import { Fragment, type ReactNode } from 'react';
import type { AuditEvent } from '../../../../shared/api/audit.ts';
import { Badge } from '../../parts/badge.tsx';
import { Name } from '../../parts/name.tsx';
import { exactTime } from '../../parts/time.tsx';
import { sentenceOf, type Phrase } from './audit-words.ts';

/** Of one name; the whole of it is among the facts of the event. */
const longest = 200;

function drawn(phrase: Phrase): ReactNode {
  if (typeof phrase === 'string') return phrase;
  if ('at' in phrase) return exactTime(phrase.at);
  return <Name isWhole>{phrase.name.length > longest ? `${phrase.name.slice(0, longest)} …` : phrase.name}</Name>;
}

export const Sentence = ({ of }: { readonly of: AuditEvent }): ReactNode => (
  <>
    {sentenceOf(of).map((phrase, index) => (
      <Fragment key={index}>{drawn(phrase)}</Fragment>
    ))}
  </>
);

export function Outcome({ of }: { readonly of: AuditEvent['outcome'] }): ReactNode {
  if (of === 'success') return 'success';
  return <Badge tone={of === 'refused' ? 'alarm' : 'warn'}>{of}</Badge>;
}
