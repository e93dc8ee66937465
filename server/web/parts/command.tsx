import type { ReactNode } from 'react';
import { CopyButton } from './copy.tsx';
import styles from './command.module.css';

/** The command that does the same, or that somebody is to run. */
export function Command({ text, label }: { readonly text: string; readonly label?: string }): ReactNode {
  return (
    <div className={styles.command}>
      {label !== undefined && <span className={styles.label}>{label}</span>}
      <pre className={styles.text} tabIndex={0} role="group" aria-label={label ?? 'Command'}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} what={label === undefined ? 'the command' : `the command (${label})`} />
    </div>
  );
}

/** A word of a command line, quoted for a POSIX shell where it needs that. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
