/** What a person reads and fills in who signs in on our own pages. */
import type { Page, PasskeyForm } from '../http/page.ts';
import { newPasswordPath, passkeyPath, passwordPath, type FormOf } from './login-form-rules.ts';
import { answerTo, type ArrivingPurpose } from './login-purpose-rules.ts';
import type { Asked } from './page-login-service.ts';
import type { PasskeyQuestion } from './passkey-sign-in.ts';
import { minimumPasswordLength } from './password-strength-rules.ts';
import { secondFactorPage } from './second-factor-page.ts';

export function askingPage(asked: Asked, form: FormOf): Page {
  switch (asked.kind) {
    case 'password':
      return passwordPage(asked, form);
    case 'second-factor':
      return secondFactorPage(asked, form);
    case 'new-password':
      return newPasswordPage(asked, form);
  }
}

/** Whoever was sent the link of somebody else should notice. */
const whatFor: Readonly<Record<ArrivingPurpose['kind'], string>> = {
  cli: 'For infra login on this machine. If you did not run it, close this page.',
  device: 'To decide about the code that you typed. Nothing is let in yet.',
  ui: 'To use its pages in this browser.',
};

const forgotten = 'Forgotten? Get a mail with a link to choose a new one; on your machine, run: infra reset-password EMAIL';

/** Whoever it is, nobody is named: in place of email, password and second factor. */
export const passkeyAloneForm = (state: string, { step, options }: PasskeyQuestion): PasskeyForm => ({
  action: passkeyPath,
  hidden: { login: state, step },
  button: 'Sign in with a passkey',
  options,
  isQuiet: true,
});

function passwordPage({ email, passkey, refusal }: Asked & { readonly kind: 'password' }, { state, purpose, canReset }: FormOf): Page {
  const isEmailKept = email !== '';
  return {
    title: 'Log in to infra',
    says: refusal === undefined ? [whatFor[purpose.kind]] : [refusal.message, ...(canReset && isEmailKept ? [forgotten] : [])],
    isFailure: refusal !== undefined,
    form: {
      action: passwordPath,
      hidden: { login: state },
      fields: [
        { name: 'email', label: 'Email', type: 'email', autocomplete: 'username', value: email, autofocus: isEmailKept ? undefined : true },
        {
          name: 'password',
          label: 'Password',
          type: 'password',
          autocomplete: 'current-password',
          autofocus: isEmailKept ? true : undefined,
        },
      ],
      buttons: [{ text: 'Log in' }],
    },
    passkey: passkey === undefined ? undefined : passkeyAloneForm(state, passkey),
  };
}

function newPasswordPage({ changeToken, email, refusal }: Asked & { readonly kind: 'new-password' }, { state }: FormOf): Page {
  const hint = `At least ${minimumPasswordLength} characters; a few words in a row are good.`;
  return {
    title: 'Choose a new password',
    says: [
      refusal === undefined ? 'The one you gave was for one time. From now on you log in with the one you choose here.' : refusal.message,
    ],
    isFailure: refusal !== undefined,
    form: {
      action: newPasswordPath,
      hidden: { login: state, step: changeToken },
      fields: [
        // For password managers: whose it is.
        { name: 'email', label: 'Email', type: 'email', autocomplete: 'username', value: email, readonly: true },
        { name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', hint, autofocus: true },
        { name: 'again', label: 'New password again', type: 'password', autocomplete: 'new-password' },
      ],
      buttons: [{ text: 'Log in with it' }],
    },
  };
}

/** The last page of ours: from here the browser takes the code to whatever the login is for. */
export function arrivedPage(purpose: ArrivingPurpose, code: string): Page {
  const goesTo = answerTo(purpose, { code });
  return {
    title: 'You have shown who you are',
    says: [whereTo[purpose.kind]],
    goesTo,
    links: [{ text: 'Go on, if nothing happens', href: goesTo }],
  };
}

const whereTo: Readonly<Record<ArrivingPurpose['kind'], string>> = {
  cli: 'Back to infra on this machine …',
  device: 'On to the question about the code …',
  ui: 'On to the page that you asked for …',
};

export function waitPage(seconds: number): Page {
  const minutes = Math.ceil(seconds / 60);
  const wait = minutes > 90 ? `${Math.ceil(minutes / 60)} hours` : minutes === 1 ? 'a minute' : `${minutes} minutes`;
  return {
    title: 'Too many attempts',
    says: [`Wait ${wait}. Then begin the login again where you began this one.`, 'Until then no attempt is looked at, right or wrong.'],
    isFailure: true,
  };
}

export const formAlonePage: Page = {
  title: 'Log in to infra',
  says: ['This address belongs to a form. Begin the login again where you began it; on your machine, run: infra login'],
  isFailure: true,
};
