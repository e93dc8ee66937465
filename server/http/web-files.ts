/** The few static pages until the admin UI comes: a welcome, and those behind links: to set up, to choose a password, to use a passkey. Read once, served by exact name. */
import { readFileSync } from 'node:fs';
import type { Router } from 'express';

const pages: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: 'welcome.html', type: 'text/html' },
  '/setup': { file: 'setup.html', type: 'text/html' },
  '/assets/setup.js': { file: 'setup.js', type: 'text/javascript' },
  '/reset-password': { file: 'reset-password.html', type: 'text/html' },
  '/assets/reset-password.js': { file: 'reset-password.js', type: 'text/javascript' },
  '/passkeys/new': { file: 'passkey.html', type: 'text/html' },
  '/passkeys/prove': { file: 'passkey.html', type: 'text/html' },
  '/assets/passkey.js': { file: 'passkey.js', type: 'text/javascript' },
  '/assets/passkey-login.js': { file: 'passkey-login.js', type: 'text/javascript' },
  '/assets/tokens.css': { file: 'tokens.css', type: 'text/css' },
};

export function webFiles(router: Router): void {
  for (const [path, { file, type }] of Object.entries(pages)) {
    const content = readFileSync(new URL(`../web/${file}`, import.meta.url));
    router.get(path, (_request, response) => {
      response.setHeader('Cache-Control', 'no-cache');
      response.type(`${type}; charset=utf-8`).send(content);
    });
  }
}
