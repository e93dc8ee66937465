/** Pages that stand alone, before and after a session. */
import { useEffect, type ReactNode } from 'react';
import { uiLoginUrl } from '../../../shared/api/ui-login.ts';
import { tellSignedIn } from '../api/sign-in-state.ts';
import { ButtonLink } from '../parts/button.tsx';
import { Page } from '../parts/page.tsx';
import styles from './shell.module.css';

/** The end of a sign-in from a tab whose session had ended: that one goes on by itself. */
export function SignedInAgain(): ReactNode {
  useEffect(tellSignedIn, []);
  return (
    <main className={styles.alone}>
      <Page title="You are signed in" intro="The tab that you came from goes on by itself. You may close this one.">
        <p>
          <ButtonLink href="/">Go to infra here</ButtonLink>
        </p>
      </Page>
    </main>
  );
}

/** Not the page to sign in at: where a provider still knows the browser, that would let it in again at once. */
export const SignedOutByOneself = (): ReactNode => (
  <main className={styles.alone}>
    <Page title="You are signed out" intro="The session has ended, with the credentials that it obtained.">
      <p>
        <a className={styles.primary} href={uiLoginUrl({ next: '/' })}>
          Sign in
        </a>
      </p>
    </Page>
  </main>
);
