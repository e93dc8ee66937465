/** The few words the loopback port itself says to a browser, when the server's own pages are not to be had. Works without script and style. */
import type { ServerResponse } from 'node:http';

export interface LoopbackPage {
  readonly title: string;
  readonly sentence: string;
}

/** Nothing may be loaded, framed, kept, or told to others as where one came from. */
export const protectiveHeaders = {
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  connection: 'close',
} as const;

/** @param page fixed words of ours: nothing that came with a request. */
export function sendPage(response: ServerResponse, status: number, { title, sentence }: LoopbackPage): void {
  response.writeHead(status, { ...protectiveHeaders, 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} – infra</title>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      <p>${sentence}</p>
    </main>
  </body>
</html>
`);
}
