/** Pages that the server renders: plain HTML that works without script, under the strict policy of `security-headers.ts`. */
import type { Request, Response, Router } from 'express';
import { DomainError } from '../../shared/api/problem.ts';
import type { Logger } from '../../shared/node/logger.ts';

export interface Page {
  readonly title: string;
  /** Paragraphs of text. */
  readonly says: readonly string[];
  /** A failure is announced as one. */
  readonly isFailure?: boolean;
  /** What the person is asked about, each by its name. */
  readonly facts?: readonly { readonly name: string; readonly value: string }[];
  readonly form?: Form;
  /** A second form, which the browser's authenticator fills in, by the script that comes with it. */
  readonly passkey?: PasskeyForm | undefined;
  readonly links?: readonly { readonly text: string; readonly href: string }[];
  /** Where the browser goes by itself, at once. A form's own redirect may not leave this server: `form-action` holds for it as well. */
  readonly goesTo?: string;
}

/** Sent to an address of our own, as POST; `formRoute` takes it there. */
export interface Form {
  readonly action: string;
  readonly fields?: readonly FormField[];
  /** What goes along unseen. */
  readonly hidden?: Readonly<Record<string, string>>;
  /** The first is what Enter presses; `name` and `value` say which it was, where there are several. */
  readonly buttons: readonly FormButton[];
}
export interface PasskeyForm extends Pick<Form, 'action' | 'hidden'> {
  readonly button: string;
  /** Not what most people are here for: it comes last. */
  readonly isQuiet?: boolean;
  /** For `navigator.credentials.get`, as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
}
export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'password';
  /** A token of HTML's autofill, or `off`. */
  readonly autocomplete: string;
  readonly inputmode?: 'text' | 'numeric' | 'email';
  readonly value?: string;
  /** Said below the field, and with it by a screen reader. */
  readonly hint?: string;
  /** Where one begins to type. */
  readonly autofocus?: true | undefined;
  /** Shown, sent along, and not to be changed. */
  readonly readonly?: true;
}
export interface FormButton {
  readonly text: string;
  readonly name?: string;
  readonly value?: string;
  /** Not what most people are here for. */
  readonly isQuiet?: boolean;
}

export function renderPage(page: Page): string {
  const paragraphs = page.says.map(
    (text, index) => `<p${page.isFailure === true && index === 0 ? ` id="${failureId}" role="alert"` : ''}>${escapeHtml(text)}</p>`,
  );
  const links = page.links?.map(({ text, href }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(text)}</a></li>`) ?? [];
  const goesTo =
    page.goesTo === undefined ? '' : `\n    <meta${attributes({ 'http-equiv': 'refresh', content: `0; url=${page.goesTo}` })} />`;
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>${escapeHtml(page.title)} · infra</title>
    <link rel="stylesheet" href="/assets/tokens.css" />
    <link rel="stylesheet" href="/assets/pages.css" />${goesTo}${page.passkey === undefined ? '' : passkeyScript}
  </head>
  <body>
    <main>
      <h1>${escapeHtml(page.title)}</h1>
      ${paragraphs.join('\n      ')}
      ${page.facts === undefined ? '' : renderFacts(page.facts)}
      ${page.passkey === undefined || page.passkey.isQuiet === true ? '' : renderPasskeyForm(page.passkey)}
      ${page.form === undefined ? '' : renderForm(page.form, page.isFailure === true ? failureId : undefined)}
      ${links.length === 0 ? '' : `<ul class="choices">${links.join('')}</ul>`}
      ${page.passkey?.isQuiet === true ? renderPasskeyForm(page.passkey) : ''}
    </main>
  </body>
</html>
`;
}

const renderFacts = (facts: NonNullable<Page['facts']>): string =>
  `<dl>${facts.map(({ name, value }) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`;

const passkeyScript = '\n    <script type="module" src="/assets/passkey-login.js"></script>';

/** Shown by the script: without it there is nobody who could fill it in. */
function renderPasskeyForm({ action, hidden = {}, button, isQuiet, options }: PasskeyForm): string {
  const parts = Object.entries({ ...hidden, passkey: '' }).map(
    ([name, value]) => `<input${attributes({ type: 'hidden', name, value })} />`,
  );
  const form = attributes({ method: 'post', action, hidden: true, 'data-passkey': JSON.stringify(options) });
  return `<form${form}>${parts.join('')}<button${attributes({ type: 'submit', class: isQuiet === true ? 'quiet' : undefined })}>${escapeHtml(button)}</button><p id="passkey-outcome" role="alert"></p></form>`;
}

const failureId = 'failure';

function renderForm({ action, fields = [], hidden = {}, buttons }: Form, failure: string | undefined): string {
  const parts = [
    ...Object.entries(hidden).map(([name, value]) => `<input${attributes({ type: 'hidden', name, value })} />`),
    ...fields.map((field) => renderField(field, field.autofocus === true ? failure : undefined)),
    ...buttons.map(
      ({ text, name, value, isQuiet }) =>
        `<button${attributes({ type: 'submit', name, value, class: isQuiet === true ? 'quiet' : undefined })}>${escapeHtml(text)}</button>`,
    ),
  ];
  return `<form${attributes({ method: 'post', action })}>\n        ${parts.join('\n        ')}\n      </form>`;
}

/**
 * Every field has to be filled in: a form here asks for nothing that may be left out. `failure`: the id of what went wrong, read with the field
 * that has the focus, for not every screen reader reads an alert that was there from the beginning.
 */
function renderField({ label, hint, ...field }: FormField, failure: string | undefined): string {
  const hintId = hint === undefined ? undefined : `${field.name}-hint`;
  const id = field.name;
  const describedBy = [failure, hintId].filter((each) => each !== undefined).join(' ') || undefined;
  const input = `<input${attributes({ id, ...field, 'aria-describedby': describedBy })} required spellcheck="false" autocapitalize="none" />`;
  const below = hint === undefined ? '' : `<small${attributes({ id: hintId })}>${escapeHtml(hint)}</small>`;
  return `<div class="field"><label${attributes({ for: id })}>${escapeHtml(label)}</label>${input}${below}</div>`;
}

const attributes = (values: Readonly<Record<string, string | true | undefined>>): string =>
  Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : value === true ? ` ${name}` : ` ${name}="${escapeHtml(value)}"`))
    .join('');

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export function sendPage(response: Response, status: number, page: Page): void {
  response.setHeader('Cache-Control', 'no-store');
  response.status(status).type('text/html; charset=utf-8').send(renderPage(page));
}

export type PageHandler = (request: Request, response: Response) => Promise<void>;

/** Mounts a page at an exact path, for GET alone. What goes wrong becomes a page too: a person reads it, not a program. */
export function pageRoute(router: Router, logger: Logger, path: string, handler: PageHandler): void {
  router.get(path, async (request, response) => {
    await answerWithPage(logger, request, response, async () => {
      // Express answers HEAD by GET's handler; a look must not use anything up.
      if (request.method !== 'GET') response.status(405).setHeader('Allow', 'GET').end();
      else await handler(request, response);
    });
  });
}

/** What a page's work threw becomes a page. */
export async function answerWithPage(logger: Logger, request: Request, response: Response, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const known = error instanceof DomainError ? error : undefined;
    if (known === undefined) logger.error({ err: error, path: request.path }, 'a page failed');
    if (known?.retryAfterSeconds !== undefined) response.setHeader('Retry-After', String(known.retryAfterSeconds));
    sendPage(response, known?.status ?? 500, {
      title: 'This did not work',
      says: [known?.message ?? 'The server failed. Its log says more; try again, and tell its operator if it stays.'],
      isFailure: true,
    });
  }
}

/** The value of a cookie that is there exactly once. */
export function readCookie(request: Request, name: string): string | undefined {
  const values = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}
