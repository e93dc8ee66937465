/** What a person reads in the browser while logging in. */
import { ownProvider } from '../../shared/api/browser-login.ts';
import type { Page } from '../http/page.ts';
import { uiLoginUrl } from '../../shared/api/ui-login.ts';
import { signInHref, type ArrivingPurpose } from './login-purpose-rules.ts';

export const choicePage = (providers: readonly { readonly name: string }[], purpose: ArrivingPurpose, isFresh = false): Page => ({
  title: 'Log in to infra',
  says: ['With which account?'],
  links: [
    ...providers.map(({ name }) => ({ text: name, href: signInHref(purpose, name, isFresh) })),
    { text: 'Email and password', href: signInHref(purpose, ownProvider) },
  ],
});

const noProvider = 'There is no such identity provider here, or it is closed.';

export const unknownProviderPage = (purpose: ArrivingPurpose): Page => ({
  title: 'Log in to infra',
  isFailure: true,
  ...(purpose.kind === 'ui'
    ? { says: [noProvider], links: [{ text: 'Sign in another way', href: uiLoginUrl(purpose) }] }
    : { says: [`${noProvider} Without --provider you may choose among those that there are.`] }),
});

export const malformedPage: Page = {
  title: 'Log in to infra',
  says: ['This link is not one that infra login made, or it is not whole. On your machine, run: infra login'],
  isFailure: true,
};

export const donePage: Page = { title: 'You are logged in', says: ['You can close this page and go back to your terminal.'] };

/** Words by code, never text from the address: nobody else may write on our page. */
const failures: Readonly<Record<string, string>> = {
  'login.denied': 'The identity provider did not let you in, or you stopped there. Run infra login again if that was a slip.',
  'login.email-unverified': 'The identity provider has not verified your email, or does not tell it. Verify it there, then log in again.',
  'login.email-not-allowed': 'People with your email may not log in here through this identity provider. Ask an admin.',
  'login.user-unknown': 'You are not known here, and people are not added by themselves. Ask an admin for: infra users add EMAIL',
  'login.user-disabled': 'Your account here is disabled. Ask an admin.',
  'login.account-conflict': 'The user with your email logs in here in another way. Use that one, or ask an admin.',
  'login.account-unlinked': 'This account was taken off its user here. Ask an admin for: infra users relink EMAIL --provider NAME',
  'login.groups-unusable': 'The identity provider names too many groups for you. Ask an admin to let it send only those that matter here.',
  'login.groups-unavailable':
    'Your groups could not be asked for at the identity provider. Try again in a while, or ask an admin for: infra providers test NAME',
  'login.provider-failed': 'What the identity provider answered does not hold. Ask an admin for: infra providers test NAME',
  'login.expired': 'This login is over. Run infra login again.',
  'login.rate-limited': 'There were too many attempts. Wait a quarter of an hour, then run infra login again.',
  'provider.unreachable': 'The identity provider cannot be reached. Try again in a while.',
  'provider.disabled': 'The identity provider was closed or changed meanwhile. Run infra login again.',
  'token.invalid': 'The login took too long, or was finished already. Run infra login again.',
};

export const failureWords = (code: unknown): string =>
  (typeof code === 'string' && Object.hasOwn(failures, code) ? failures[code] : undefined) ?? 'The login failed.';

export const failedPage = (code: unknown): Page => ({
  title: 'You are not logged in',
  says: [failureWords(code), 'Your terminal says more. You can close this page.'],
  isFailure: true,
});

/** Where those differ that tell what to do next. */
const uiFailures: Readonly<Record<string, string>> = {
  'login.denied': 'The identity provider did not let you in, or you stopped there.',
  'login.expired': 'Your account was disabled or changed while you were signing in.',
  'login.rate-limited': 'There were too many attempts. Wait a quarter of an hour, then sign in again.',
  'provider.disabled': 'The identity provider was closed or changed meanwhile.',
};

export const uiRefusedPage = (code: unknown, next: string): Page => ({
  title: 'You are not signed in',
  says: [(typeof code === 'string' && Object.hasOwn(uiFailures, code) ? uiFailures[code] : undefined) ?? failureWords(code)],
  links: [{ text: 'Sign in again', href: uiLoginUrl({ next }) }],
  isFailure: true,
});

export const malformedUiPage: Page = {
  title: 'Log in to infra',
  says: ['This link is not whole.'],
  links: [{ text: 'Sign in', href: uiLoginUrl({ next: '/' }) }],
  isFailure: true,
};
