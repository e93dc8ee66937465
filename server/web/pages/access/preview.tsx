/** What a grant would change for whom, before it is made. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { GrantPreview } from '../../../../shared/api/grants.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import { Name } from '../../parts/name.tsx';
import { Sentence } from '../../parts/sentence.tsx';
import { counted, figure } from '../../parts/words.ts';
import { grantPath, subjectPath } from './grant-words.ts';
import styles from './access.module.css';

export interface PreviewProps {
  readonly of: GrantPreview;
  /** Fields that say for themselves what is wrong with them. */
  readonly fields: readonly string[];
  /** Of what was typed before: the answer to what is typed now is on its way. */
  readonly isOlder: boolean;
}

export function Preview({ of: preview, fields, isOlder }: PreviewProps): ReactNode {
  const { problems, warnings, identities, gains, subject } = preview;
  const elsewhere = problems.filter(({ field }) => field === null || !fields.includes(field));
  return (
    <div className={isOlder ? `${styles.preview} ${styles.older}` : styles.preview}>
      <p role="status" className={styles.sum}>
        {isOlder ? 'Looking what it would change …' : sumOf(preview)}
      </p>
      {elsewhere.length > 0 && (
        <ul className={styles.warnings}>
          {elsewhere.map(({ code, message }) => (
            <li key={code} className={styles.problem}>
              <Sentence>{message}</Sentence> <Standing message={message} />
            </li>
          ))}
        </ul>
      )}
      {subject?.kind === 'group' && identities.count > 0 && (
        <p>
          <Name>{formatSubjectName(subject)}</Name> has {counted(identities.count, 'member')}; {alreadyHoldIt(preview)}
        </p>
      )}
      <People of={gains} />
      {warnings.length > 0 && (
        <ul className={styles.warnings} aria-label="What speaks against it">
          {warnings.map(({ kind, sentence }) => (
            <li key={kind} className={styles.warning}>
              <Sentence>{sentence}</Sentence>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** A grant that stands already is one to look at. */
function Standing({ message }: { readonly message: string }): ReactNode {
  const id = /\bgrt_[0-9a-zA-Z]+/.exec(message)?.[0];
  return id === undefined ? null : <Link href={grantPath(id)}>Open that grant</Link>;
}

function alreadyHoldIt({ alreadyHold, identities: { count } }: GrantPreview): string {
  if (alreadyHold === 0) return 'none of them can do all of it yet.';
  return `${alreadyHold === count ? 'all' : figure(alreadyHold)} of them can do all of it already.`;
}

function sumOf({ valid, gains, identities }: GrantPreview): string {
  if (!valid) return 'It would be refused.';
  if (gains.count > 0) return `${counted(gains.count, 'identity gains', 'identities gain')} by it.`;
  return identities.count === 0 ? 'Nobody gains by it yet.' : 'Nobody gains by it.';
}

function People({ of: { count, sample } }: { readonly of: GrantPreview['gains'] }): ReactNode {
  if (sample.length === 0) return null;
  return (
    <ul className={styles.people} aria-label="Who gains">
      {sample.map(({ id, kind, name }) => (
        <li key={id}>
          <Link href={subjectPath({ kind, id })}>
            <Name>{formatSubjectName({ kind, name })}</Name>
          </Link>
        </li>
      ))}
      {count > sample.length && <li className={styles.quiet}>and {figure(count - sample.length)} more</li>}
    </ul>
  );
}
