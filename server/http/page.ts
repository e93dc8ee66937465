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
  readonly links?: readonly { readonly text: string; readonly href: string }[];
}

export function renderPage(page: Page): string {
  const paragraphs = page.says.map(
    (text, index) => `<p${page.isFailure === true && index === 0 ? ' role="alert"' : ''}>${escapeHtml(text)}</p>`,
  );
  const links = page.links?.map(({ text, href }) => `<li><a href="${escapeHtml(href)}">${escapeHtml(text)}</a></li>`) ?? [];
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <title>${escapeHtml(page.title)} · infra</title>
    <link rel="stylesheet" href="/assets/tokens.css" />
  </head>
  <body>
    <main>
      <h1>${escapeHtml(page.title)}</h1>
      ${paragraphs.join('\n      ')}
      ${links.length === 0 ? '' : `<ul class="choices">${links.join('')}</ul>`}
    </main>
  </body>
</html>
`;
}

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export function sendPage(response: Response, status: number, page: Page): void {
  response.setHeader('Cache-Control', 'no-store');
  response.status(status).type('text/html; charset=utf-8').send(renderPage(page));
}

export type PageHandler = (request: Request, response: Response) => Promise<void>;

/** Mounts a page at an exact path, for GET alone. What goes wrong becomes a page too: a person reads it, not a program. */
export function pageRoute(router: Router, logger: Logger, path: string, handler: PageHandler): void {
  router.get(path, async (request, response) => {
    try {
      // Express answers HEAD by GET's handler; a look must not use anything up.
      if (request.method !== 'GET') response.status(405).setHeader('Allow', 'GET').end();
      else await handler(request, response);
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
  });
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
