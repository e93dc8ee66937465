import { useState, type ReactNode } from 'react';
import { announce } from './announcer.tsx';
import styles from './copy.module.css';

/** Puts `text` on the clipboard, and says so. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): ReactNode {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      announce(`${what} copied`);
      setTimeout(() => setDone(false), 2000);
    } catch {
      announce(`The browser does not let this page copy: select the text and copy it yourself`);
    }
  };
  return (
    <button type="button" className={styles.copy} aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={() => void copy()}>
      <Icon isDone={isDone} />
    </button>
  );
}

const Icon = ({ isDone }: { readonly isDone: boolean }): ReactNode => (
  <svg className={styles.icon} viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5">
    {isDone ? <path d="m3 8.5 3.5 3.5L13 4.5" /> : <path d="M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8z" />}
  </svg>
);

/** Something to be copied as it stands: an id, an address, a fingerprint. */
export function Copyable({ text, what }: { readonly text: string; readonly what: string }): ReactNode {
  return (
    <span className={styles.copyable}>
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
}
