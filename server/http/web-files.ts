/** What browsers load: the web UI, and the few static pages behind links (to set up, to choose a password, to use a passkey). Read once, served by exact name. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Request, Response, Router } from 'express';
import { webAreas } from '../../shared/web-places.ts';

const pages: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/setup': { file: 'setup.html', type: 'text/html' },
  '/assets/setup.js': { file: 'setup.js', type: 'text/javascript' },
  '/reset-password': { file: 'reset-password.html', type: 'text/html' },
  '/assets/reset-password.js': { file: 'reset-password.js', type: 'text/javascript' },
  '/passkeys/new': { file: 'passkey.html', type: 'text/html' },
  '/passkeys/prove': { file: 'passkey.html', type: 'text/html' },
  '/assets/passkey.js': { file: 'passkey.js', type: 'text/javascript' },
  '/assets/passkey-login.js': { file: 'passkey-login.js', type: 'text/javascript' },
  '/assets/tokens.css': { file: 'tokens.css', type: 'text/css' },
  '/assets/pages.css': { file: 'pages.css', type: 'text/css' },
};

export function webFiles(router: Router): void {
  for (const [path, { file, type }] of Object.entries(pages)) {
    const content = readFileSync(new URL(`../pages/${file}`, import.meta.url));
    router.get(path, (_request, response) => {
      response.setHeader('Cache-Control', 'no-cache');
      response.type(`${type}; charset=utf-8`).send(content);
    });
  }
  webInterface(router, new URL('../web/', import.meta.url));
}

/** As the build left it: one page for every address of the UI, and what it loads, named by what is in it. */
function webInterface(router: Router, built: URL): void {
  const page = packedFile(new URL('index.html', built));
  const sendPage = (request: Request, response: Response): void => page.send(request, response, 'no-cache');
  for (const path of ['/', ...webAreas.flatMap((area) => [`/${area}`, `/${area}/*rest`])]) router.get(path, sendPage);
  const icon = packedFile(new URL('icon.svg', built));
  router.get('/icon.svg', (request, response) => icon.send(request, response, 'no-cache'));
  for (const name of readdirSync(new URL('ui/', built)).filter((each) => /\.(?:js|css)$/.test(each))) {
    const file = packedFile(new URL(`ui/${name}`, built));
    // Its name changes with its content.
    router.get(`/ui/${name}`, (request, response) => file.send(request, response, 'public, max-age=31536000, immutable'));
  }
}

const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' } as const;
type Extension = keyof typeof types;

interface PackedFile {
  send(request: Request, response: Response, cacheControl: string): void;
}

function packedFile(file: URL): PackedFile {
  const plain = readFileSync(file);
  const packed = { br: readFileSync(new URL(`${file.href}.br`)), gzip: readFileSync(new URL(`${file.href}.gz`)) };
  // Every file of the build has one of these ends.
  const type = types[file.pathname.slice(file.pathname.lastIndexOf('.') + 1) as Extension];
  return {
    send: (request, response, cacheControl) => {
      const encoding = request.acceptsEncodings(['br', 'gzip', 'identity']);
      response.setHeader('Cache-Control', cacheControl);
      response.setHeader('Vary', 'Accept-Encoding');
      response.type(`${type}; charset=utf-8`);
      if (encoding === 'br' || encoding === 'gzip') response.setHeader('Content-Encoding', encoding);
      response.send(encoding === 'br' || encoding === 'gzip' ? packed[encoding] : plain);
    },
  };
}
