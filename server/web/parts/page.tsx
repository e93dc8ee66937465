import { useEffect, useRef, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { Command } from './command.tsx';
import { Name } from './name.tsx';
import styles from './page.module.css';

export interface PageProps {
  readonly title: string;
  /** Where it belongs, one step up. */
  readonly up?: { readonly text: string; readonly href: string };
  readonly intro?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** One page: its heading takes the focus when somebody comes here, so that a screen reader begins to read there. */
export function Page({ title, up, intro, actions, children }: PageProps): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const [path] = useLocation();
  useEffect(() => {
    document.title = `${title} · infra`;
  }, [title]);
  useEffect(() => {
    // Not at the first load, and not where somebody already types.
    if (document.activeElement === document.body || document.activeElement?.closest('main') === null) heading.current?.focus();
  }, [path]);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <div className={styles.titles}>
          {up !== undefined && (
            <Link className={styles.up} href={up.href}>
              {up.text}
            </Link>
          )}
          <h1 ref={heading} tabIndex={-1} className={styles.title}>
            <Name isWhole>{title}</Name>
          </h1>
          {intro !== undefined && <div className={styles.intro}>{intro}</div>}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export interface SectionProps {
  readonly title: string;
  readonly intro?: ReactNode;
  readonly actions?: ReactNode;
  /** The command that shows or does the same. */
  readonly command?: string;
  readonly children: ReactNode;
}

export function Section({ title, intro, actions, command, children }: SectionProps): ReactNode {
  return (
    <section className={styles.section} aria-label={title}>
      <header className={styles.header}>
        <div className={styles.titles}>
          <h2>{title}</h2>
          {intro !== undefined && <div className={styles.intro}>{intro}</div>}
        </div>
        {actions !== undefined && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
      {command !== undefined && <Command text={command} label="The same on the command line" />}
    </section>
  );
}

export interface Fact {
  readonly name: string;
  readonly value: ReactNode;
}

/** What there is to know of a thing, each by its name. */
export const Facts = ({ of }: { readonly of: readonly Fact[] }): ReactNode => (
  <dl className={styles.facts}>
    {of.map(({ name, value }) => (
      <div key={name} className={styles.fact}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** Sections side by side where there is room. */
export const Columns = ({ children }: { readonly children: ReactNode }): ReactNode => <div className={styles.columns}>{children}</div>;
