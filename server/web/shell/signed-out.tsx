import type { ReactNode } from 'react';
import { uiLoginUrl } from '../../../shared/api/ui-login.ts';
import { Actions, Dialog } from '../parts/dialog.tsx';
import { Name } from '../parts/name.tsx';
import styles from './shell.module.css';

/** The session ended, here or elsewhere. The page stays as it is below, with whatever was typed. */
export const SignedOut = ({ email }: { readonly email: string }): ReactNode => (
  <Dialog title="You are signed out">
    <p>
      Your session has ended. What you typed is still here: sign in again as <Name>{email}</Name> in a new tab, and go on where you were.
    </p>
    <Actions>
      <a className={styles.primary} href={uiLoginUrl({ next: '/signed-in' })} target="_blank" rel="noopener noreferrer">
        Sign in again
      </a>
    </Actions>
  </Dialog>
);
