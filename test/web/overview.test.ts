/** The overview in the web UI: first steps where nothing is connected, then figures that lead to their lists, and what wants a hand. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { closeBrowser } from '../support/chromium.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { tellingConnector } from '../support/telling-connector.ts';
import { openWeb, type Web } from '../support/web.ts';

describe('the web UI: overview', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let admin: Call;
  let web: Web;
  before(async () => {
    server = await startServer();
    admin = await server.admin();
    web = await openWeb(server);
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await server.stop();
  });

  const figure = (name: string) => web.page.getByRole('list', { name: 'Figures' }).getByRole('link', { name });

  it('says what to do first where nothing is connected, in place of zeros', async () => {
    await web.goTo('/', 'Overview');
    for (const name of ['Connect a cluster', 'Let people sign in', 'Grant access'])
      await web.page.getByRole('heading', { level: 3, name }).waitFor();
    expect(await web.page.getByRole('list', { name: 'Figures' }).count()).to.equal(0);
    await web.page.getByText(`infra login ${server.url}`).waitFor();
    await web.expectAccessible('first steps');
    await web.page.getByRole('main').getByRole('link', { name: 'Connect a cluster' }).click();
    await web.page.getByRole('heading', { level: 1, name: 'Connect a cluster' }).waitFor();
  });

  it('counts what there is, without being asked again', async () => {
    await web.goTo('/', 'Overview');
    await tellingConnector(server, 'prod');
    await figure('1 Destinations online').waitFor();
    await admin(api.destinations.create, { body: { name: 'lab' } });
    await figure('1 Without a connector yet').waitFor();
    await newPerson(server, 'ana@example.com');
    const until = new Date(Date.now() + 86_400_000).toISOString();
    await admin(api.grants.create, { body: { subject: 'ana@example.com', role: 'view', resource: 'prod.web', until } });
    await figure('1 Grants that end this week').waitFor();
    await web.page.getByRole('row', { name: /ana@example.com view on prod.web (in|tomorrow)/ }).waitFor();
    await web.expectAccessible('overview');
  });

  it('shows what was refused within the last hour', async () => {
    const bob = await newPerson(server, 'bob@example.com');
    await refusal(bob.call(api.users.list, {}));
    await web.page.getByRole('row', { name: /bob@example.com access.refused: needs view on infra/ }).waitFor();
    await figure('1 Refused in the last hour').waitFor();
    expect(await figure('Refused in the last hour').getAttribute('href')).to.match(/^\/audit\?outcome=refused&since=20/);
  });

  it('each figure leads to the list behind it', async () => {
    await web.goTo('/', 'Overview');
    await figure('Without a connector yet').click();
    await web.page.getByRole('row', { name: /lab no connector yet/ }).waitFor();
    expect(await web.page.getByRole('row', { name: /prod/ }).count()).to.equal(0);
    await web.goTo('/', 'Overview');
    await figure('Destinations online').click();
    await web.page.getByRole('row', { name: /prod online/ }).waitFor();
    await web.goTo('/', 'Overview');
    await figure('People active now').click();
    await web.page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
    await web.goTo('/', 'Overview');
    expect(await figure('Grants that end this week').getAttribute('href')).to.equal('/access?endsBefore=7d');
  });

  it('says what wants a hand, what to do about it, and leads there', async () => {
    await web.goTo('/', 'Overview');
    const wants = web.page.getByRole('region', { name: 'Wants a hand' });
    const lab = wants.getByRole('listitem').filter({ has: web.page.getByRole('link', { name: 'lab' }) });
    await lab.getByText('infra destinations token lab').waitFor();
    const long = 'a-name-as-long-as-names-may-be-'.padEnd(63, 'x');
    await admin(api.destinations.create, { body: { name: long } });
    await wants.getByRole('link', { name: long }).waitFor();
    await web.expectAccessible('a long name');
    await lab.getByRole('link', { name: 'lab' }).click();
    await web.page.getByRole('heading', { level: 1, name: 'lab' }).waitFor();
  });

  it('shows the same to the role view, without what only admins do', async () => {
    const { password } = await newPerson(server, 'viewer@example.com');
    await admin(api.grants.create, { body: { subject: 'viewer@example.com', role: 'view', resource: 'infra' } });
    const viewer = await openWeb(server, { email: 'viewer@example.com', password });
    await viewer.page.getByRole('link', { name: '1 Destinations online' }).waitFor();
    const main = viewer.page.getByRole('main');
    expect(await main.getByRole('button').count()).to.equal(await main.getByRole('button', { name: /^Copy / }).count());
    await viewer.close();
  });
});
