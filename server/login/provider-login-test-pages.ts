/** What somebody reads in the browser who makes a login that tries a provider: before it what it is for, after it what came of it. */
import { loginTestBeginUrl } from '../../shared/api/browser-login.ts';
import type { Page } from '../http/page.ts';
import type { OpenLoginTest } from './provider-login-test-service.ts';
import { pageSentences } from './login-test-remedy-rules.ts';

/** Whoever was sent the link by somebody reads whose test it is, and who will read what, while they can still close the page. */
export const beforePage = ({ provider, begunBy, test }: OpenLoginTest, ticket: string): Page => {
  const { pathname, search } = new URL(loginTestBeginUrl('https://here.invalid', ticket));
  return {
    title: `A test of the identity provider ${provider.name}`,
    says: [
      `${begunBy} began this at ${test.createdAt} to see whether people can log in with ${provider.name}. Nobody is logged in to infra by it, and nothing is changed here.`,
      `If you go on, you sign in at ${provider.name} yourself, and ${begunBy} gets to read what ${provider.name} says of you: your email, your groups, and whatever else it sends.`,
      `If you are not ${begunBy}, and they did not ask you to do this, close this page.`,
    ],
    links: [{ text: `Sign in at ${provider.name}, and show ${begunBy} what it says of me`, href: pathname + search }],
  };
};

const kept =
  'Nobody was logged in to infra by this test, and nothing was changed here. At the identity provider you may be signed in still.';
const told = 'The admin who began it reads the rest in their terminal. You can close this page.';

export const afterPage = (refusal: unknown): Page =>
  refusal === undefined
    ? { title: 'The test went well', says: ['A login like this one would open a session.', kept, told] }
    : {
        title: 'The test came to a refusal',
        says: [...(pageSentences(refusal) ?? ['A login like this one would be refused.']), kept, told],
        isFailure: true,
      };

export const malformedPage: Page = {
  title: 'A test of an identity provider',
  says: ['This link is not whole. An admin makes one with: infra providers test NAME --login'],
  isFailure: true,
};
