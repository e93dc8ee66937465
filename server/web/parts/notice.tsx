import type { ReactNode } from 'react';
import styles from './notice.module.css';

/** What has to be known before anything else on the page, or before one says yes. */
export const Notice = ({ tone = 'warn', children }: { readonly tone?: 'warn' | 'alarm'; readonly children: ReactNode }): ReactNode => (
  <div role="note" className={[styles.notice, styles[tone]].join(' ')}>
    {children}
  </div>
);
