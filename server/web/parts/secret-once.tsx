import type { ReactNode } from 'react';
import { Copyable } from './copy.tsx';
import styles from './secret-once.module.css';

/** A secret that the server told this once: whoever closes the page without it makes another. */
export const SecretOnce = ({ secret, what }: { readonly secret: string; readonly what: string }): ReactNode => (
  <div className={styles.secret} role="group" aria-label={what}>
    <Copyable text={secret} what={what} />
    <p className={styles.once}>It is shown this once. Keep it where only its owner gets at it.</p>
  </div>
);
