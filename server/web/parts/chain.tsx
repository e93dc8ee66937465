/** The chain behind a right, as a picture: provider → group → grant → role → place. Read out it is a list. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Name } from './name.tsx';
import styles from './chain.module.css';

export interface ChainLink {
  /** What kind of thing it is: "group", "grant". */
  readonly kind: string;
  readonly name: string;
  readonly href?: string;
  /** What is to be said of it: until when, by whom. */
  readonly note?: ReactNode;
  /** False: here it breaks. */
  readonly holds?: boolean;
}

export const ChainPicture = ({ label, links }: { readonly label: string; readonly links: readonly ChainLink[] }): ReactNode => (
  <ol className={styles.chain} aria-label={label}>
    {links.map(({ kind, name, href, note, holds = true }) => (
      <li key={`${kind} ${name}`} className={holds ? styles.link : `${styles.link} ${styles.broken}`}>
        <span className={styles.kind}>{holds ? kind : `${kind} · does not hold`}</span>
        <span className={styles.name}>{href === undefined ? <Name>{name}</Name> : <Link href={href}>{<Name>{name}</Name>}</Link>}</span>
        {note !== undefined && <span className={styles.note}>{note}</span>}
      </li>
    ))}
  </ol>
);
