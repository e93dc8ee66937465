import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { safeText } from '../../../shared/safe-text.ts';
import styles from './name.module.css';

/** A name or text that others chose: it cannot turn the line around, hide in it, or push the rest away. */
export function Name({
  children,
  isWhole = false,
}: {
  readonly children: string;
  /** All of it, however long. */ readonly isWhole?: boolean;
}): ReactNode {
  const text = safeText(children);
  return (
    <bdi className={isWhole ? styles.whole : styles.name} title={!isWhole && text.length > 40 ? text.slice(0, 1000) : undefined}>
      {text}
    </bdi>
  );
}

export const NameLink = ({ href, children }: { readonly href: string; readonly children: string }): ReactNode => (
  <Link href={href} className={styles.link}>
    <Name>{children}</Name>
  </Link>
);
