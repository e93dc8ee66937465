import type { ReactNode } from 'react';
import { Copyable } from './copy.tsx';
import styles from './once.module.css';

/** A secret that the server tells this once. */
export const Once = ({
  what,
  secret,
  children,
}: {
  /** "One-time password". */
  readonly what: string;
  readonly secret: string;
  /** What it is for, and what becomes of it. */
  readonly children: ReactNode;
}): ReactNode => (
  <div className={styles.once} role="group" aria-label={what}>
    <p className={styles.label}>{what}</p>
    <Copyable text={secret} what={`the ${what.toLowerCase()}`} />
    <p>{children}</p>
  </div>
);
