import type { ReactNode } from 'react';
import { Link } from 'wouter';
import styles from './button.module.css';

export interface ButtonLook {
  /** `main`: what most people are here for, one a place · `danger`: takes something away. */
  readonly kind?: 'main' | 'plain' | 'danger' | 'quiet';
}

export interface ButtonProps extends ButtonLook {
  readonly children: ReactNode;
  readonly onClick?: () => void;
  readonly submits?: boolean;
  /** It works on it: pressed once is enough, and the focus stays where it is. */
  readonly isBusy?: boolean;
  readonly isDisabled?: boolean;
  /** Where the text alone does not say what it is about. */
  readonly label?: string;
}

export function Button({
  children,
  onClick,
  kind = 'plain',
  submits = false,
  isBusy = false,
  isDisabled = false,
  label,
}: ButtonProps): ReactNode {
  const isOff = isBusy || isDisabled;
  return (
    <button
      type={submits ? 'submit' : 'button'}
      className={[styles.button, styles[kind]].join(' ')}
      aria-disabled={isOff ? true : undefined}
      aria-label={label}
      onClick={(event) => {
        // Not `disabled`, which would take the focus away.
        if (isOff) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}

/** Goes to another page, and looks like what it is: an action. */
export const ButtonLink = ({
  href,
  children,
  kind = 'plain',
}: ButtonLook & { readonly href: string; readonly children: ReactNode }): ReactNode => (
  <Link href={href} className={[styles.button, styles[kind]].join(' ')}>
    {children}
  </Link>
);
