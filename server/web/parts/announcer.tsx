/** Tells screen readers, and everybody else in a line at the bottom, what just happened. */
import { useSyncExternalStore, type ReactNode } from 'react';
import styles from './announcer.module.css';

let said = { text: '', count: 0 };
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function say(text: string): void {
  said = { text, count: said.count + 1 };
  listeners.forEach((listener) => listener());
}

export function announce(text: string): void {
  clearTimeout(timer);
  say(text);
  timer = setTimeout(() => say(''), 6000);
}

export function Announcer(): ReactNode {
  const { text, count } = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => said,
  );
  return (
    <div className={styles.announcer} role="status" aria-live="polite">
      {text !== '' && (
        <p key={count} className={styles.said}>
          {text}
        </p>
      )}
    </div>
  );
}
