import type { ReactNode } from 'react';
import type { Grant } from '../../../../shared/api/grants.ts';
import { Badge } from '../../parts/badge.tsx';
import { Sentence } from '../../parts/sentence.tsx';
import { Time } from '../../parts/time.tsx';
import styles from './access.module.css';

const tones = { applied: 'good', pending: 'warn', failed: 'alarm' } as const;

/** How the destination's connector got on with a grant, with its reason where it could not. */
export const GrantState = ({
  of: { state, reason, at },
  isWhole = false,
}: {
  readonly of: Grant['state'];
  /** Since when, too. */
  readonly isWhole?: boolean;
}): ReactNode => (
  <span className={styles.state}>
    <span>
      <Badge tone={tones[state]}>{state}</Badge>
      {isWhole && at !== null && (
        <>
          {' '}
          since <Time at={at} />
        </>
      )}
    </span>
    {reason !== null && (
      <span className={styles.quiet}>
        <Sentence>{reason}</Sentence>
      </span>
    )}
    {isWhole && state === 'pending' && reason === null && <span className={styles.quiet}>Its connector has not told of it yet.</span>}
  </span>
);
