/** What is to be done about a login that would be refused: for the admin who tries a provider, in the terminal and on the page. */
import type { ProblemCode } from '../../shared/api/problem.ts';

const remedies: { readonly [Code in ProblemCode]?: string } = {
  'login.denied': 'Sign in there to the end, with an account that is assigned to the application at NAME.',
  'login.email-unverified':
    'Let NAME verify the address, and send the claims email and email_verified (true, and not the text "true"); the scope is email.',
  'login.email-not-allowed': 'If people of that domain should come in: infra providers update NAME --email-domains DOMAINS',
  'login.user-unknown':
    'Add the person: infra users add EMAIL; or let people become users by themselves: infra providers update NAME --unknown-people create',
  'login.user-disabled': 'If the person should come in, enable them here (infra users enable EMAIL), or in the directory of NAME.',
  'login.account-conflict':
    'Let people with another way in share it: infra providers update NAME --other-users link; or remove the other user: infra users remove EMAIL',
  'login.account-unlinked': 'If the account should log in as that user again: infra users relink EMAIL --provider NAME',
  'login.groups-unusable': 'Let NAME send only the groups that matter here.',
  'login.groups-unavailable': 'The step directory of infra providers test NAME says what to switch on.',
  'login.provider-failed': 'Compare what is registered at NAME with: infra providers show NAME',
  'login.expired': 'Begin again: infra providers test NAME --login',
  'login.rate-limited': 'Wait a quarter of an hour, then begin again: infra providers test NAME --login',
  'provider.unreachable':
    'Let this server reach NAME (name, firewall, proxy, certificate), then begin again: infra providers test NAME --login',
  'provider.disabled': 'Its settings were changed while the test went on. Begin again: infra providers test NAME --login',
  'provider.not-found': 'It was removed while the test went on. See: infra providers list',
};
const otherwise = 'Begin again: infra providers test NAME --login; if it stays, the log of infra-server says more.';

export const remedyFor = (code: ProblemCode, provider: string): string => (remedies[code] ?? otherwise).replaceAll('NAME', provider);

/** On our page, by the code in its address: words of ours alone, with no name that an address could bring. */
const pageWords: { readonly [Code in ProblemCode]?: string } = {
  'login.denied': 'The identity provider did not let you in, or you stopped there.',
  'login.email-unverified': 'The identity provider has not verified your email, or does not tell it.',
  'login.email-not-allowed': 'Your email, or your organization, is not one that may log in through this identity provider.',
  'login.user-unknown': 'You are not known here, and people are not added by themselves.',
  'login.user-disabled': 'Your account here is disabled.',
  'login.account-conflict': 'The user with your email logs in here in another way.',
  'login.account-unlinked': 'This account was taken off its user here.',
  'login.groups-unusable': 'The identity provider names too many groups for you.',
  'login.groups-unavailable': 'Your groups could not be asked for at the identity provider.',
  'login.provider-failed': 'What the identity provider answered does not hold.',
  'login.expired': 'The test took longer than ten minutes.',
  'provider.unreachable': 'The identity provider cannot be reached.',
  'provider.disabled': 'The settings of the identity provider were changed while the test went on.',
};

/** Undefined: no code that a test can come to. */
export function pageSentences(code: unknown): readonly string[] | undefined {
  if (typeof code !== 'string' || !Object.hasOwn(pageWords, code)) return undefined;
  // It was just found to be one.
  const known = code as ProblemCode;
  return [pageWords[known] ?? '', `What to do: ${remedyFor(known, 'PROVIDER')}`];
}
