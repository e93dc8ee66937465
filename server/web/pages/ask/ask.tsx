/** Questions about rights. What is asked stands in the address, so that an answer can be sent to somebody. */
import type { ReactNode } from 'react';
import { Link, useSearch } from 'wouter';
import { useMay } from '../../api/session.tsx';
import { Page } from '../../parts/page.tsx';
import { askPath, plainLine } from '../access/grant-words.ts';
import { WhoCan } from './who-can.tsx';
import { Why } from './why.tsx';
import styles from './ask.module.css';

/** Whoever is asked about makes it a why; `question` decides where nobody is. */
export function Ask(): ReactNode {
  const mayView = useMay('view');
  const params = new URLSearchParams(useSearch());
  const asked = {
    subject: plainLine(params.get('subject')),
    role: plainLine(params.get('role')),
    resource: plainLine(params.get('resource')),
  };
  // Without a role on infra one asks about oneself alone.
  const isWhy = asked.subject !== '' || params.get('question') === 'why' || !mayView;
  const { role, resource } = asked;
  return (
    <Page title="Ask" intro="Who can do something, and why somebody can or cannot: told from the grants as they are now.">
      {mayView && (
        <nav className={styles.questions} aria-label="Questions">
          <Link href={askPath({ role, resource })} className={styles.question} aria-current={isWhy ? undefined : 'page'}>
            Who can …?
          </Link>
          <Link href={askPath({ ...asked, question: 'why' })} className={styles.question} aria-current={isWhy ? 'page' : undefined}>
            Why, or why not?
          </Link>
        </nav>
      )}
      {isWhy ? <Why asked={asked} /> : <WhoCan asked={{ role, resource }} />}
    </Page>
  );
}
