/** What stands around every page: going by keys, the box that goes anywhere, the end of a session, and a server that is away. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { closeBrowser } from '../support/chromium.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { narrow, openWeb, signIn, wide, type Web } from '../support/web.ts';

describe('the web UI', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let web: Web;
  before(async () => {
    server = await startServer();
    web = await openWeb(server, { path: '/people' });
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await server.stop();
  });
  beforeEach(async () => {
    await web.page.setViewportSize(wide);
    await web.goTo('/people', 'People');
  });

  const heading = async (name: string): Promise<void> => web.page.getByRole('heading', { level: 1, name }).waitFor();

  const focused = async (): Promise<string> => web.page.evaluate('document.activeElement.textContent');

  it('goes to pages by keys, and its heading has the focus then', async () => {
    await web.page.keyboard.press('g');
    await web.page.keyboard.press('g');
    await heading('Groups');
    expect(await focused()).to.equal('Groups');
    expect(await web.page.title()).to.equal('Groups · infra');
  });

  it('searches with /, and keys that are typed there are text', async () => {
    await web.page.keyboard.press('/');
    await web.page.keyboard.type('g p?');
    expect(await web.page.getByRole('searchbox').inputValue()).to.equal('g p?');
    await web.page.waitForURL(/search=g\+p%3F/);
    await web.page.getByText('Nobody is found by that').waitFor();
  });

  it('shows its keys with ?, and gives the focus back', async () => {
    await web.page.getByRole('link', { name: 'Groups' }).focus();
    await web.page.keyboard.press('?');
    await web.page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await web.expectAccessible('keys');
    await web.page.keyboard.press('Escape');
    await web.page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).to.equal('Groups');
  });

  it('goes anywhere with Ctrl-K', async () => {
    await newPerson(server, 'somebody@example.com');
    await web.page.keyboard.press('Control+k');
    await web.page.getByRole('combobox', { name: /^Page, person/ }).fill('somebody');
    await web.page.getByRole('option', { name: /somebody@example.com/ }).waitFor();
    await web.expectAccessible('go anywhere');
    await web.page.keyboard.press('Enter');
    await heading('somebody@example.com');
  });

  it('folds its rail away on a narrow screen', async () => {
    await web.page.setViewportSize(narrow);
    expect(await web.page.getByRole('link', { name: 'Audit' }).isVisible()).to.equal(false);
    await web.page.getByRole('button', { name: 'Menu' }).click();
    await web.page.getByRole('link', { name: 'Groups' }).click();
    await heading('Groups');
    expect(await web.page.getByRole('link', { name: 'Audit' }).isVisible()).to.equal(false);
  });

  it('says of an address that leads nowhere that it does', async () => {
    await web.goTo('/people/no/such/thing', 'Nothing is here');
    await web.expectAccessible('nowhere');
  });

  it('says when the server does not answer, keeps what is shown, and goes on by itself', async () => {
    await web.page.getByText(adminEmail).first().waitFor();
    await server.stop();
    await web.page.getByText('The server does not answer').waitFor();
    await web.page.getByRole('row', { name: new RegExp(adminEmail) }).waitFor();
    await web.expectAccessible('offline');
    await server.start();
    await web.page.getByText('The server does not answer').waitFor({ state: 'detached', timeout: 30_000 });
  });

  it('a session that is ended elsewhere sends every tab to sign in, and what was typed is still there', async () => {
    const other = await web.context.newPage();
    await other.goto(`${server.url}/people`);
    await other.getByRole('heading', { level: 1, name: 'People' }).waitFor();
    await web.page.getByRole('searchbox').fill('half a thou');
    const admin = await server.admin();
    const { identity } = await admin(api.sessions.current, {});
    const { items } = await admin(api.sessions.list, { query: { identity: identity.id, live: 'true' } });
    for (const { id } of items.filter(({ userAgent }) => userAgent.includes('Chrom'))) await admin(api.sessions.revoke, { params: { id } });
    for (const tab of [web.page, other]) await tab.getByRole('dialog', { name: 'You are signed out' }).waitFor();
    await web.expectAccessible('signed out');

    const link = other.getByRole('link', { name: 'Sign in again' });
    const opened = web.context.waitForEvent('page');
    await link.click();
    const again = await opened;
    await signIn(again, server, { email: adminEmail, password: adminPassword, path: '/signed-in' });
    for (const tab of [web.page, other]) await tab.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await web.page.getByRole('searchbox').inputValue()).to.equal('half a thou');
    await again.close();
    await other.close();
  });

  it('signs out here and in every other tab', async () => {
    const leaving = await openWeb(server, { path: '/people' });
    await leaving.page.getByRole('button', { name: 'Sign out' }).click();
    await leaving.page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await leaving.expectAccessible('signed out by oneself');
    expect((await leaving.context.cookies()).filter(({ name }) => name.includes('session'))).to.deep.equal([]);
    await leaving.page.goto(`${server.url}/groups`);
    await leaving.page.waitForURL(/\/login\?next=%2Fgroups/);
    await leaving.close();
  });
});
