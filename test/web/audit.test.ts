/** The audit: what comes in by itself, what the filters find, one event, and all of it as a file. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { newId } from '../../shared/id.ts';
import { closeBrowser, type Page } from '../support/chromium.ts';
import { enrolConnector, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { adminEmail, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { openWeb, type Web } from '../support/web.ts';

const hostile = '\u202e<img src=x onerror=alert(1)>\u001b[31m';

describe('the audit', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let connector: EnrolledConnector;
  let web: Web;
  let page: Page;
  let ana: string;
  before(async () => {
    server = await startServer();
    connector = await enrolConnector(server, 'prod');
    ana = (await newPerson(server, 'ana@example.com')).id;
    await tell({ verb: 'list' }, { verb: 'delete', name: 'web-1', phase: 'refused', status: 403, reason: 'no grant gives delete' });
    await tell({ verb: 'create', name: 'web-1', subresource: 'exec', phase: 'stream-opened' });
    web = await openWeb(server, { path: '/audit' });
    page = web.page;
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await server.stop();
  });

  /** Requests of ana's, as the connector saw them. */
  async function tell(...requests: readonly object[]): Promise<void> {
    const events = requests.map((request) => ({
      ...{ id: newId('auditEvent', Date.now()), at: new Date().toISOString(), phase: 'completed', identityId: ana, leaseId: null },
      ...{ impersonatedUser: 'infra:ana@example.com', impersonatedGroups: [], verb: 'get', path: '/api/v1/namespaces/web/pods' },
      ...{ apiGroup: '', resource: 'pods', subresource: '', namespace: 'web', name: '', status: 200, durationMilliseconds: 12 },
      ...{ reason: '', sourceAddress: '10.0.0.1', userAgent: 'kubectl', ...request },
    }));
    const body = JSON.stringify({ replica: 'r', events });
    const answer = await connector.send({ method: 'POST', path: '/api/v1/connector/audit-events', body });
    expect(answer.status, await answer.text()).to.equal(204);
  }

  const table = () => page.getByRole('table', { name: 'Audit events' });
  const rows = () => table().getByRole('row');

  it('says in sentences who did what', async () => {
    await web.goTo('/audit', 'Audit');
    await table().getByRole('link', { name: 'ana@example.com listed pods in web at prod: 200' }).waitFor();
    await table()
      .getByRole('link', { name: 'ana@example.com was refused to delete pods/web-1 in web at prod: 403: no grant gives delete' })
      .waitFor();
    await table().getByRole('link', { name: 'ana@example.com opened a stream to run a command in pods/web-1 in web at prod' }).waitFor();
    await table()
      .getByRole('link', { name: `${adminEmail} added ana@example.com` })
      .waitFor();
    await web.expectAccessible('the audit');
  });

  it('shows what happens by itself, at the top and marked as new', async () => {
    await tell({ verb: 'watch' });
    const fresh = rows().filter({ hasText: 'ana@example.com watched pods in web at prod: 200' });
    await fresh.waitFor();
    await fresh.getByText('new', { exact: true }).waitFor();
    expect(await rows().nth(1).textContent()).to.contain('watched pods');
  });

  it('stays where one has scrolled to while more comes in', async () => {
    await tell(...Array.from({ length: 60 }, (_, index) => ({ verb: 'get', name: `early-${index}` })));
    await table().getByText('early-59').first().waitFor();
    const seen = table().getByText('early-30').first();
    await seen.scrollIntoViewIfNeeded();
    const before = await seen.boundingBox();
    await tell(...Array.from({ length: 5 }, (_, index) => ({ verb: 'get', name: `late-${index}` })));
    await table().getByText('late-4').first().waitFor({ state: 'attached' });
    const after = await seen.boundingBox();
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? 1000))).to.be.lessThan(60);
    await page.evaluate('scrollTo(0, 0)');
  });

  it('stands still while it is paused, and goes on from there', async () => {
    await page.getByRole('button', { name: 'Pause new events' }).click();
    await page.getByText('Paused: what happens now').waitFor();
    await tell({ verb: 'patch', name: 'while-paused' });
    const admin = await server.admin();
    await waitFor(async () => (await admin(api.audit.list, { query: { verb: 'patch' } })).items.length > 0, {
      within: 10,
      what: 'the event',
    });
    // The browser hears of it as well, by a page that is not paused.
    const other = await web.context.newPage();
    await other.goto(`${server.url}/audit?verb=patch`);
    await other.getByText('while-paused').waitFor();
    await other.close();
    expect(await table().getByText('while-paused').count()).to.equal(0);
    await page.getByRole('button', { name: 'Go on with new events' }).click();
    await table().getByText('while-paused').waitFor();
  });

  it('is searched by what stands in the address, and says the same command', async () => {
    await page.getByLabel('Verb').selectOption('delete');
    await page.waitForURL(/verb=delete/);
    await page.getByLabel('Outcome').selectOption('refused');
    await page.getByLabel('Destination').selectOption({ label: 'prod' });
    await page.waitForURL(/destination=dst_/);
    await page.getByLabel('Who').fill('ana@example.com');
    await page.keyboard.press('Enter');
    await page.waitForURL(/actor=ana/);
    await waitFor(async () => (await rows().count()) === 2, { within: 10, what: 'the one event' });
    await page.getByText(/infra audit list --actor ana@example\.com --destination dst_\w+ --verb delete --outcome refused/).waitFor();
    await page.goto(`${server.url}/audit?event=grant&since=2020-01-01T00:00:00.000Z`);
    await table().getByText('granted').first().waitFor();
    expect(await page.getByLabel('From').inputValue()).to.match(/^2020-01-01T|^2019-12-31T/);
    await page.goto(`${server.url}/audit?search=there-is-no-such-thing`);
    await page.getByText('Nothing is found by that.').waitFor();
    await web.expectAccessible('nothing found');
    await page.goto(`${server.url}/audit?verb=NOT+A+VERB`);
    await page
      .getByRole('alert')
      .getByText(/must be a verb in lower case/)
      .waitFor();
  });

  it('shows one event whole, with ways to what it names, and its record to copy', async () => {
    await web.goTo('/audit?event=user.added&actor=' + adminEmail, 'Audit');
    await table()
      .getByRole('link', { name: `${adminEmail} added ana@example.com` })
      .click();
    await page.getByRole('heading', { level: 1, name: 'Audit event' }).waitFor();
    const details = page.getByRole('region', { name: 'Details' });
    expect(await details.getByRole('link', { name: 'ana@example.com' }).getAttribute('href')).to.equal(`/people/${ana}`);
    const record = await page.getByRole('group', { name: 'The record as JSON' }).textContent();
    expect(JSON.parse(record ?? '')).to.deep.include({ event: 'user.added', outcome: 'success' });
    await web.expectAccessible('one event');
    await page.goto(`${server.url}/audit/aud_none`);
    await page.getByText(/There is no such thing here|This did not work/).waitFor();
  });

  it('takes names of others for text', async () => {
    await tell({ verb: 'get', name: hostile.slice(0, 200), path: `/api/v1/${hostile}` });
    await web.goTo('/audit?search=onerror', 'Audit');
    await table().getByText('<img src=x onerror=alert(1)>').first().waitFor();
    const shown = await table().textContent();
    expect(shown).not.to.contain('\u202e').and.not.to.contain('\u001b');
    expect(await page.locator('img').count()).to.equal(0);
  });

  it('exports what the filters find, one event a line, and stops when told to', async () => {
    await web.goTo('/audit?event=request', 'Audit');
    await page.getByRole('button', { name: 'Export' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export audit events' });
    await dialog.getByText(/infra audit export --event request > infra-audit-/).waitFor();
    await web.expectAccessible('the export');
    await dialog.getByRole('button', { name: 'Begin' }).click();
    await dialog.getByText(/All [\d,]+ events that the filters find/).waitFor();
    const downloading = page.waitForEvent('download');
    await dialog.getByRole('link', { name: /^Save infra-audit/ }).click();
    const file = await (await downloading).path();
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { event: string });
    const { items } = await (await server.admin())(api.audit.list, { query: { event: 'request', limit: 1000 } });
    expect(events).to.deep.equal(items);
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await stopHalfway();
  });

  /** The second page does not come before it is stopped. */
  async function stopHalfway(): Promise<void> {
    const first = { items: [], nextCursor: 'MQ' };
    await page.route('**/api/v1/audit-events?*limit=1000*', async (route) => {
      if (route.request().url().includes('cursor=')) return;
      await route.fulfill({ json: first });
    });
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByRole('status').getByText('0 events so far').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped: 0 events were read.').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  }
});
