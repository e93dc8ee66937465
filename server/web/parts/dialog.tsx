/** The browser's own dialog: it keeps the focus inside, closes with Escape, and gives the focus back to where it was. */
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { Button } from './button.tsx';
import styles from './dialog.module.css';

export interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** Absent: it cannot be closed from here. */
  readonly onClose?: (() => void) | undefined;
  readonly isWide?: boolean;
}

export function Dialog({ title, children, onClose, isWide = false }: DialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    if (shown?.open === false) shown.showModal();
    return () => {
      shown?.close();
      // Where it was may have gone meanwhile, with what was taken back.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      else document.querySelector('main')?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isWide ? `${styles.dialog} ${styles.wide}` : styles.dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
    >
      <header className={styles.header}>
        <h2 id={id}>{title}</h2>
        {onClose !== undefined && (
          <Button kind="quiet" onClick={onClose} label="Close">
            ✕
          </Button>
        )}
      </header>
      <div className={styles.body}>{children}</div>
    </dialog>
  );
}

/** The buttons at the end of a dialog or a form; the last is what most people press. */
export const Actions = ({ children }: { readonly children: ReactNode }): ReactNode => <div className={styles.actions}>{children}</div>;
