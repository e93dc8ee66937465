/** Somebody with a mail in front of them: the link, the page, the new password; and where the link is not to be found afterwards. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { closeBrowser, newBrowser, type Page } from '../support/chromium.ts';
import { linkIn, startMailingServer, startMailServer, type MailServer } from '../support/mail-server.ts';
import { newPerson, type RunningServer } from '../support/server.ts';

const chosen = 'a new lantern in the harbour';

describe('the page behind a mailed link', function () {
  this.timeout(60_000);
  let mail: MailServer;
  let server: RunningServer;
  before(async () => {
    mail = await startMailServer();
    server = await startMailingServer(mail);
  });
  after(async () => {
    await closeBrowser();
    await server.stop();
    await mail.stop();
  });

  const fill = async (page: Page, password: string, again = password): Promise<void> => {
    await page.getByLabel('New password', { exact: true }).fill(password);
    await page.getByLabel('New password again').fill(again);
    await page.getByRole('button', { name: 'Replace the password' }).click();
  };

  it('takes a new password that is good, says what is wrong with others, and shows the link to nobody', async () => {
    await newPerson(server, 'ana@example.com');
    await server.client()(api.login.requestReset, { body: { email: 'ana@example.com' } });
    const { url, token } = linkIn(await mail.next('ana@example.com', 0));
    const browser = await newBrowser();
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(`${request.url()} ${request.headers()['referer'] ?? ''}`));
    const faults: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) faults.push(message.text());
    });
    await page.goto(url.href);
    await fill(page, chosen, `${chosen} not`);
    await page.getByRole('alert').getByText('The two passwords differ.').waitFor();
    await fill(page, 'ana@example.com is me');
    await page.getByRole('alert').getByText('may not contain the email').waitFor();
    await fill(page, chosen);
    await page.getByRole('status').getByText(`Done. Now run: infra login ${server.url}`).waitFor();
    expect(page.url()).to.equal(`${server.url}/reset-password`);
    // The fragment is the browser's own: what it sent, and in what it named as where it came from, there is none.
    for (const line of asked) expect(line.replace(/#\S*/, ''), line).not.to.include(token);
    // One for the password that was refused.
    expect(faults).to.have.length(1);
    expect(faults[0]).to.include('400');
    expect(await browser.cookies()).to.deep.equal([]);
    await server.login('ana@example.com', chosen);

    await page.goto(url.href);
    await page.reload();
    await fill(page, `${chosen} again`);
    await page.getByRole('alert').getByText('This link does not hold').waitFor();
    await browser.close();
  });

  it('without its script sends the password nowhere in an address', async () => {
    const browser = await newBrowser({ javaScriptEnabled: false });
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    for (const path of ['/reset-password', '/setup']) {
      await page.goto(`${server.url}${path}#infra_reset_x`);
      for (const field of await page.locator('input').all())
        await field.fill((await field.getAttribute('type')) === 'email' ? 'ana@example.com' : chosen);
      const sent = page.waitForResponse((response) => response.request().method() === 'POST');
      await page.getByRole('button').click();
      expect((await sent).status()).to.equal(404);
    }
    expect(asked.join('\n')).not.to.include('lantern');
    await browser.close();
  });
});
