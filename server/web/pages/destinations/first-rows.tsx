/** A list in the middle of a page: its first rows, more when asked for, and where all of it is. It never grows by itself and pushes away what follows. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Pages } from '../../api/reads.ts';
import { Button } from '../../parts/button.tsx';
import { Rows, type RowsProps } from '../../parts/rows.tsx';
import { Failed, Loading } from '../../parts/states.tsx';
import styles from './destinations.module.css';

export const rowsAtFirst = 20;

export interface FirstRowsProps<Row> extends Omit<RowsProps<Row>, 'rows'> {
  readonly of: Pages<Row>;
  readonly all?: { readonly text: string; readonly href: string };
}

export function FirstRows<Row>({ of, all, ...look }: FirstRowsProps<Row>): ReactNode {
  if (of.rows === undefined) return of.error === null ? <Loading what={look.label} /> : <Failed error={of.error} onRetry={of.retry} />;
  return (
    <>
      <Rows {...look} rows={of.rows} />
      {of.error !== null && <Failed error={of.error} onRetry={of.retry} />}
      {of.isOutdated && (
        <p role="status">
          Something has changed since this was read. <Button onClick={of.retry}>Read it anew</Button>
        </p>
      )}
      {(of.hasMore || all !== undefined) && (
        <div className={styles.below}>
          {of.hasMore && (
            <Button onClick={of.loadMore} isBusy={of.isFetching} label={`Show more: ${look.label}`}>
              Show more
            </Button>
          )}
          {all !== undefined && <Link href={all.href}>{all.text}</Link>}
        </div>
      )}
    </>
  );
}
