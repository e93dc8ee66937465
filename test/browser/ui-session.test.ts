/** A real browser signs in to the web UI, its pages call the API by the cookie alone, and other origins try to make use of it. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { closeBrowser, newBrowser, type BrowserContext, type Page } from '../support/chromium.ts';
import { newCodeApp } from '../support/second-factor.ts';
import { protectedPerson, type Protected } from '../security/page-login-stage.ts';
import { startServer, type RunningServer } from '../support/server.ts';

const cookieName = '__Host-infra-session';

describe('the session of a browser', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let ana: Protected;
  let browser: BrowserContext;
  let page: Page;
  before(async () => {
    server = await startServer();
    ana = await protectedPerson(server, 'ana');
    browser = await newBrowser();
    page = await browser.newPage();
    await page.goto(`${server.url}/login?next=/?from=login`);
    await page.getByLabel('Email').fill(ana.email);
    await page.getByLabel('Password').fill(ana.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your second factor', level: 1 }).waitFor();
    await page.locator('input:focus').fill(newCodeApp(ana.secret).codeAt(Date.now() + 30_000));
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server.url}/?from=login`);
  });
  after(async () => {
    await closeBrowser();
    await server.stop();
  });

  /** What a script on the page gets: the status and the code of a problem. */
  const ask = async (from: Page, path: string, init: object = {}): Promise<string> =>
    from.evaluate(
      async ([url, options]: readonly [string, object]) =>
        fetch(url, options).then(
          async (answer) => `${answer.status} ${((await answer.json()) as { code?: string }).code ?? ''}`.trim(),
          (error: unknown) => (error instanceof Error ? error.name : 'failed'),
        ),
      [server.url + path, init] as const,
    );
  const ours = { headers: { 'infra-ui': '1' } };
  const isSignedIn = async (): Promise<boolean> => (await ask(page, '/api/v1/whoami', ours)) === '200';

  it('password and code lead to the page, and its scripts call the API with nothing but a header', async () => {
    expect(await ask(page, '/api/v1/whoami', ours)).to.equal('200');
    expect(await ask(page, '/api/v1/logout/others', { ...ours, method: 'POST' })).to.equal('200');
    expect(await ask(page, '/api/v1/whoami')).to.equal('403 access.denied');
  });

  it('no script reads the cookie, and no other is left of the sign-in', async () => {
    expect(await page.evaluate('document.cookie')).to.equal('');
    const cookies = await browser.cookies();
    expect(cookies.map(({ name, httpOnly, secure, sameSite, path }) => ({ name, httpOnly, secure, sameSite, path }))).to.deep.equal([
      { name: cookieName, httpOnly: true, secure: true, sameSite: 'Strict', path: '/' },
    ]);
  });

  for (const [what, origin] of [
    ['another site', 'https://evil.example'],
    ['another port of the same host', 'https://localhost:4999'],
  ] as const)
    it(`row 29: ${what} makes no use of it, by fetch or by form`, async () => {
      const evil = await browser.newPage();
      const asked: string[] = [];
      evil.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
      await evil.route(`${origin}/**`, async (route) => route.fulfill({ contentType: 'text/html', body: '<title>prize</title>' }));
      await evil.goto(`${origin}/prize`);
      const included = { credentials: 'include' };
      for (const init of [
        { ...included, ...ours, method: 'POST' },
        { ...included, ...ours },
        { ...included, method: 'POST' },
        { ...included, method: 'POST', mode: 'no-cors' },
        { ...included, ...ours, method: 'POST', mode: 'no-cors' },
      ]) {
        const path = 'method' in init ? '/api/v1/logout' : '/api/v1/whoami';
        // Refused before it was asked, or an answer that it does not get to read.
        expect(await ask(evil, path, init), JSON.stringify(init)).to.be.oneOf(['TypeError', 'SyntaxError']);
      }
      await evil.setContent(`<form method="post" action="${server.url}/api/v1/logout"><button>Get it</button></form>`);
      await evil.getByRole('button').click();
      await evil.waitForURL(`${server.url}/api/v1/logout`);
      expect(asked).to.include('POST /api/v1/logout');
      expect(await isSignedIn()).to.equal(true);
      await evil.close();
    });

  it('a link from another site leads to the page, which is signed in all the same', async () => {
    const other = await browser.newPage();
    await other.route('https://mail.example/**', async (route) =>
      route.fulfill({ contentType: 'text/html', body: `<a href="${server.url}/">the audit, please look</a>` }),
    );
    await other.goto('https://mail.example/');
    await other.getByRole('link').click();
    await other.waitForURL(`${server.url}/`);
    expect(await ask(other, '/api/v1/whoami', ours)).to.equal('200');
    await other.close();
  });

  it('ended elsewhere, the next question says so; a logout takes the cookie away', async () => {
    const call = await server.admin();
    const { items } = await call(api.sessions.list, { query: { all: 'true', live: 'true' } });
    const [mine] = items.filter(({ client }) => client === 'browser');
    expect(mine?.identity.name).to.equal(ana.email);
    expect(mine?.userAgent).to.include('Chrome');
    expect(await ask(page, '/api/v1/logout', { ...ours, method: 'POST' })).to.equal('200');
    expect(await browser.cookies()).to.deep.equal([]);
    expect(await ask(page, '/api/v1/whoami', ours)).to.equal('401 session.missing');
  });
});
