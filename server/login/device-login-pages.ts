/** What a person reads who lets a terminal in by its code. What that terminal says of itself is shown as its own word. */
import { devicePath } from '../../shared/api/device-login.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { formatDuration } from '../../shared/ttl.ts';
import type { Page } from '../http/page.ts';
import { choicePage, failureWords } from './browser-login-pages.ts';
import type { DeviceLogin } from './device-login-store.ts';
import { deviceApprovePath, type DevicePurpose } from './login-purpose-rules.ts';

const warning = 'Go on only if you asked for this yourself, a moment ago. A code that somebody else sent you would let them work as you.';

const codeForm = {
  title: 'Log in with a code',
  form: {
    action: devicePath,
    fields: [{ name: 'code', label: 'Code', type: 'text', autocomplete: 'off', hint: 'Eight letters, such as BCDF-GHJK.' }],
    buttons: [{ text: 'Go on' }],
  },
} as const;

export const codePage: Page = { ...codeForm, says: ['Type the code that your terminal shows.', warning] };

/** One answer, whatever is the matter with the code. */
export const wrongCodePage: Page = {
  ...codeForm,
  says: [
    'No login waits for this code. It may be mistyped, used, or older than ten minutes.',
    'Type it again, or have your terminal show a new one: infra login --device',
  ],
  isFailure: true,
};

/** A look at the question, from a browser at an address, at a time in milliseconds. */
export interface Look {
  readonly source: AuditSource;
  readonly now: number;
}

export const signInPage = (
  providers: readonly { readonly name: string }[],
  purpose: DevicePurpose,
  login: DeviceLogin,
  look: Look,
): Page => ({
  ...choicePage(providers, purpose),
  title: 'Log in with a code',
  says: ['This code was asked for as follows. Sign in to decide about it: with which account?', warning],
  facts: factsOf(login, look),
});

export const decisionPage = (login: DeviceLogin, who: string, code: string, look: Look): Page => ({
  title: 'Let this terminal in?',
  says: [`You are ${who}. Whoever sits at this terminal will work as you.`, warning],
  facts: factsOf(login, look),
  form: {
    action: deviceApprovePath,
    hidden: { code },
    buttons: [
      { text: 'Approve', name: 'decision', value: 'approved' },
      { text: 'Deny', name: 'decision', value: 'denied', isQuiet: true },
    ],
  },
});

export const approvedPage: Page = {
  title: 'You let the terminal in',
  says: ['It goes on within a few seconds. You can close this page.'],
};

export const deniedPage: Page = {
  title: 'You denied it',
  says: [
    'Nobody was let in. You can close this page.',
    'If somebody sent you the code, tell your admin: they tried to work as you. The audit says where it was asked from.',
  ],
};

/** Where the server's settings have closed it. */
export const closedPage: Page = {
  title: 'Logins by a code are closed',
  says: [
    'Whoever runs this server has closed logins by a code. Nobody was let in.',
    'In your terminal, log in where a browser can be opened (infra login), with a password (infra login --user EMAIL) or with an access key (infra login --key-stdin).',
    'If somebody sent you a code to type here, tell your admin: they may have tried to work as you.',
  ],
  isFailure: true,
};

export const deviceFailedPage = (code: unknown): Page => ({
  title: 'You are not signed in',
  says: [failureWords(code), 'Nothing was let in. The code can be typed again for as long as your terminal waits.'],
  links: [{ text: 'Type the code', href: devicePath }],
  isFailure: true,
});

function factsOf({ source, host, createdAt }: DeviceLogin, look: Look): NonNullable<Page['facts']> {
  const seconds = (look.now - Date.parse(createdAt)) / 1000;
  const itself = [...(host === null ? [] : [host]), productOf(source.userAgent)].filter((text) => text !== '');
  return [
    { name: 'Asked from the address', value: source.address },
    { name: 'Your own address', value: look.source.address },
    { name: 'Asked', value: `${formatDuration(seconds)} ago, at ${createdAt.slice(11, 19)} UTC` },
    { name: 'Says of itself, unchecked', value: itself.length === 0 ? 'nothing' : itself.join(', ') },
  ];
}

/** `infra-cli/1.2.3` of what a program calls itself in full: a sentence to whoever reads the page finds no room in it. */
const productOf = (userAgent: string): string => /^[A-Za-z0-9._-]{1,30}(?:\/[A-Za-z0-9._-]{1,30})?(?= |$)/.exec(userAgent)?.[0] ?? '';
