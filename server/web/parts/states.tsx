/** What stands where something could not be shown, or not yet. */
import type { ReactNode } from 'react';
import { refusalOf } from '../api/refusal.ts';
import { Button } from './button.tsx';
import { Command } from './command.tsx';
import styles from './states.module.css';

export function Loading({ what = 'Loading' }: { readonly what?: string }): ReactNode {
  return (
    <div className={styles.loading} role="status">
      <span className={styles.hidden}>{what} …</span>
      <span className={styles.bar} aria-hidden="true" />
      <span className={styles.bar} aria-hidden="true" />
      <span className={styles.bar} aria-hidden="true" />
    </div>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }): ReactNode {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className={styles.says}>{children}</div>}
    </div>
  );
}

export function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }): ReactNode {
  const refusal = refusalOf(error);
  if (refusal.kind === 'signed-out') return <Loading what="Signed out" />;
  const titles = {
    forbidden: 'This is not for your role',
    'not-found': 'There is no such thing here',
    offline: 'The server does not answer',
    failed: 'This did not work',
  } as const;
  // "…: infra grants add …" at the end of a sentence is something to copy.
  const [, sentence = refusal.sentence, command] = /^(.*?): (infra [^:]+)$/su.exec(refusal.sentence) ?? [];
  return (
    <div className={styles.state} role={refusal.kind === 'forbidden' ? undefined : 'alert'} data-refusal={refusal.kind}>
      <p className={styles.title}>{titles[refusal.kind]}</p>
      <p className={styles.says}>{sentence}</p>
      {command !== undefined && <Command text={command} />}
      {onRetry !== undefined && refusal.kind !== 'forbidden' && refusal.kind !== 'not-found' && (
        <Button onClick={onRetry}>Try again</Button>
      )}
    </div>
  );
}

/** A read that is drawn when it is there. What is already on the screen stays when the server is away. */
export function Await<Data>({
  of,
  children,
}: {
  readonly of: { readonly data: Data | undefined; readonly error: unknown; readonly refetch: () => unknown };
  readonly children: (data: Data) => ReactNode;
}): ReactNode {
  if (of.data !== undefined && (of.error === null || refusalOf(of.error).kind === 'offline')) return children(of.data);
  return of.error === null ? <Loading /> : <Failed error={of.error} onRetry={() => void of.refetch()} />;
}
