import type { ReactNode } from 'react';
import { Badge } from '../../parts/badge.tsx';
import { Name } from '../../parts/name.tsx';
import styles from './settings.module.css';

interface Step {
  readonly step: string;
  readonly outcome: 'ok' | 'failed' | 'unknown';
  readonly detail: string;
}

const tones = { ok: 'good', failed: 'alarm', unknown: 'plain' } as const;

export const Steps = ({ of, label }: { readonly of: readonly Step[]; readonly label: string }): ReactNode => (
  <ol className={styles.list} aria-label={label}>
    {of.map(({ step, outcome, detail }) => (
      <li key={step} className={styles.step}>
        <strong>{step.replaceAll('-', ' ')}</strong>
        <span>
          <Badge tone={tones[outcome]}>{outcome}</Badge>
        </span>
        <Name isWhole>{detail}</Name>
      </li>
    ))}
  </ol>
);
