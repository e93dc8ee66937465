/** A list of things, drawn as rows where there is room and as cards where there is not; it asks for more by itself as somebody scrolls. */
import { memo, useEffect, useRef, type ReactNode } from 'react';
import type { Pages } from '../api/reads.ts';
import { Button } from './button.tsx';
import { Failed, Loading } from './states.tsx';
import styles from './rows.module.css';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Share of the width; 1 where nothing is said. */
  readonly share?: number;
}

export interface RowsProps<Row> {
  /** What the list is of, for whoever cannot see it. */
  readonly label: string;
  /** Defined once, outside of what draws: rows are drawn anew only when they change. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Instead of a list without rows. */
  readonly empty: ReactNode;
  /** Whether a row is new since the list was opened, so that it can be shown as such. */
  readonly isNew?: (row: Row) => boolean;
}

const LineOf = memo(function Line({
  row,
  columns,
  isNew,
}: {
  readonly row: unknown;
  readonly columns: readonly Column<never>[];
  readonly isNew: boolean;
}) {
  return (
    <div role="row" className={isNew ? `${styles.row} ${styles.fresh}` : styles.row}>
      {columns.map(({ title, cell }) => (
        <div role="cell" key={title} className={styles.cell}>
          <span className={styles.label} aria-hidden="true">
            {title}
          </span>
          <div className={styles.value}>{cell(row as never)}</div>
        </div>
      ))}
    </div>
  );
});

const widthsOf = (columns: readonly { readonly share?: number }[]): string =>
  columns.map(({ share = 1 }) => `minmax(0, ${share}fr)`).join(' ');

export function Rows<Row>({ label, columns, rows, keyOf, empty, isNew }: RowsProps<Row>): ReactNode {
  const table = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // By the object model, not by an attribute: the page's policy allows no inline styles.
    table.current?.style.setProperty('--columns', widthsOf(columns));
  });
  if (rows.length === 0) return empty;
  return (
    <div role="table" aria-label={label} className={styles.table} ref={table}>
      <div role="rowgroup" className={styles.head}>
        <div role="row" className={styles.row}>
          {columns.map(({ title }) => (
            <div role="columnheader" key={title} className={styles.cell}>
              {title}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup">
        {rows.map((row) => (
          <LineOf key={keyOf(row)} row={row} columns={columns as readonly Column<never>[]} isNew={isNew?.(row) ?? false} />
        ))}
      </div>
    </div>
  );
}

export interface ListProps<Row> extends Omit<RowsProps<Row>, 'rows'> {
  readonly of: Pages<Row>;
}

/** Pages of a list of the server's, with all the states they can be in. */
export function List<Row>({ of, ...look }: ListProps<Row>): ReactNode {
  if (of.rows === undefined) return of.error === null ? <Loading what={look.label} /> : <Failed error={of.error} onRetry={of.retry} />;
  return (
    <div className={styles.list}>
      {of.isOutdated && (
        <p className={styles.outdated} role="status">
          Something has changed since this was read. <Button onClick={of.retry}>Read it anew</Button>
        </p>
      )}
      <Rows {...look} rows={of.rows} />
      {of.error !== null && <Failed error={of.error} onRetry={of.retry} />}
      {of.hasMore && <More onMore={of.loadMore} isBusy={of.isFetching} />}
    </div>
  );
}

/** Comes into sight a screen before its turn. */
function More({ onMore, isBusy }: { readonly onMore: () => void; readonly isBusy: boolean }): ReactNode {
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (mark.current === null || isBusy) return undefined;
    const watch = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && onMore(), {
      rootMargin: '100% 0px',
    });
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [onMore, isBusy]);
  return (
    <div ref={mark} className={styles.more}>
      <Button kind="quiet" onClick={onMore} isBusy={isBusy}>
        {isBusy ? 'Loading more …' : 'Load more'}
      </Button>
    </div>
  );
}
