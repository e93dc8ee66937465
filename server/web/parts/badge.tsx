import type { ReactNode } from 'react';
import styles from './badge.module.css';

export type Tone = 'plain' | 'good' | 'warn' | 'alarm' | 'accent';

/** A state in a word or two; the word says it, the colour only helps. */
export const Badge = ({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }): ReactNode => (
  <span className={[styles.badge, styles[tone]].join(' ')}>{children}</span>
);
