/** Destinations in the web UI: connecting a cluster with a real connector, what is seen of it, what is taken back there, and what is open now. */
import { expect } from 'chai';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { closeBrowser } from '../support/chromium.ts';
import { controlPlane } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newLease } from '../support/lease.ts';
import { startKubectl } from '../support/long-kubectl.ts';
import { freePort } from '../support/ports.ts';
import { startProgram } from '../support/program.ts';
import { newPerson } from '../support/server.ts';
import { stream, tellingConnector } from '../support/telling-connector.ts';
import { tempDir } from '../support/temp-dir.ts';
import { openWeb, type Web } from '../support/web.ts';

describe('the web UI: destinations', function () {
  this.timeout(120_000);
  let guarded: GuardedCluster;
  let web: Web;
  let ana: Person;
  let place: string;
  const stops: (() => Promise<unknown>)[] = [];

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'web' });
    place = `/destinations/${guarded.connector.destination.id}`;
    ana = await guarded.person('ana', { role: 'edit' });
    web = await openWeb(guarded.server, { path: '/destinations' });
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    for (const stop of stops) await stop();
    await guarded.stop();
  });

  const region = (name: string) => web.page.getByRole('region', { name, exact: true });
  const row = (within: string, name: RegExp) => region(within).getByRole('row', { name });
  const goToIt = async (): Promise<void> => web.goTo(place, guarded.connector.destination.name);

  it('connects a cluster: the token once, then waits until the connector is there, then leads to the first grant', async () => {
    await web.goTo('/destinations', 'Destinations');
    await web.page.getByRole('link', { name: 'Connect a cluster' }).click();
    const name = web.page.getByRole('textbox', { name: 'Name' });
    await name.fill('No Name');
    await web.page.getByRole('button', { name: 'Add it and show the join token' }).click();
    await web.page
      .getByRole('alert')
      .getByText(/must be 1–63 lower-case letters/)
      .waitFor();
    await web.expectAccessible('a name that is refused');
    await name.fill('berlin');
    await web.page.getByRole('button', { name: 'Add it and show the join token' }).click();
    await web.page.getByRole('status').getByText('waiting').waitFor();
    const token = await web.page.getByText(/^infra_join_/).innerText();
    await web.page.getByText(`infra-connector --server ${guarded.server.url} --token-file token`).waitFor();
    expect(web.page.url()).not.to.include(token);
    await web.expectAccessible('waiting for a connector');

    const connector = startProgram({
      program: 'connector',
      env: {
        INFRA_CONNECTOR_SERVER: guarded.server.url,
        INFRA_CONNECTOR_TOKEN: token,
        INFRA_CONNECTOR_STATE_DIR: join(tempDir('infra-connector'), 'state'),
        INFRA_CONNECTOR_KUBECONFIG: guarded.account.kubeconfig,
        INFRA_CONNECTOR_NAMESPACE: guarded.account.namespace,
        INFRA_CONNECTOR_RELAY_ONLY: 'on',
        INFRA_CONNECTOR_HEALTH_LISTEN: `127.0.0.1:${await freePort()}`,
      },
    });
    stops.push(async () => connector.end('SIGKILL'));
    await web.page.getByRole('status').getByText('online', { exact: true }).waitFor({ timeout: 30_000 });
    await web.page.getByText(/, Kubernetes v1\.\d+/).waitFor();
    await web.expectAccessible('a connector that is there');
    const grant = web.page.getByRole('link', { name: 'Make the first grant' });
    expect(await grant.getAttribute('href')).to.equal('/access/new?resource=berlin');
    expect(await web.page.getByText(token).count()).to.equal(0);
  });

  it('shows the token of a destination no second time, and makes another', async () => {
    await web.goTo('/destinations/connect', 'Connect a cluster');
    await web.page.getByRole('textbox', { name: 'Name' }).fill('hamburg');
    await web.page.getByRole('button', { name: 'Add it and show the join token' }).click();
    const token = await web.page.getByText(/^infra_join_/).innerText();
    await web.page.reload();
    await web.page.getByText('The join token of hamburg was shown once.').waitFor();
    await web.page.getByRole('button', { name: 'New join token' }).click();
    await web.page.getByRole('button', { name: 'Make a token' }).click();
    const dialog = web.page.getByRole('dialog', { name: 'New join token for hamburg' });
    expect(await dialog.getByText(/^infra_join_/).innerText()).not.to.equal(token);
    await web.expectAccessible('a new join token');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await dialog.waitFor({ state: 'detached' });
  });

  it('lists them with health and path, by name and by health, and the address says by what', async () => {
    await web.goTo('/destinations', 'Destinations');
    const table = web.page.getByRole('table', { name: 'Destinations' });
    await table.getByRole('row', { name: /berlin online relay, \d tunnels?/ }).waitFor();
    await table.getByRole('row', { name: /hamburg no connector yet none now/ }).waitFor();
    await web.expectAccessible('destinations');
    await web.page.getByLabel('Health').selectOption('never');
    await table.getByRole('row', { name: /berlin/ }).waitFor({ state: 'detached' });
    expect(web.page.url()).to.include('health=never');
    await web.page.getByLabel('Health').selectOption('');
    await web.page.getByRole('searchbox').fill('BERL');
    await table.getByRole('row', { name: /hamburg/ }).waitFor({ state: 'detached' });
    await table.getByRole('link', { name: 'berlin' }).click();
    await web.page.getByRole('heading', { level: 1, name: 'berlin' }).waitFor();
  });

  it('shows a connector with what it enforces and applies, and a grant that could not be applied with its reason', async () => {
    await ana.grant({ role: 'no-such-role' });
    await goToIt();
    await row('Connectors', /online not while in contact \d+ \d+/).waitFor();
    await row('Grants on it', /ana@example.com edit .* applied/).waitFor();
    await row('Grants on it', /ana@example.com no-such-role .* failed there is no ClusterRole no-such-role/).waitFor();
    await web.expectAccessible('a destination');
    await web.page.getByLabel('State', { exact: true }).selectOption('failed');
    await row('Grants on it', / edit /).waitFor({ state: 'detached' });
    await web.goTo('/destinations', 'Destinations');
    await web.page.getByRole('row', { name: new RegExp(`${guarded.connector.destination.name} online .* 1 grant`) }).waitFor();
  });

  it('finds namespaces and roles among those that the connector found', async () => {
    await goToIt();
    await region('What there is to grant').getByRole('searchbox').fill('cluster-adm');
    await region('What there is to grant').getByRole('heading', { name: 'Roles of the cluster 1 of' }).waitFor();
    await region('What there is to grant').getByText('cluster-admin', { exact: true }).waitFor();
    await region('What there is to grant')
      .getByRole('heading', { name: /^Namespaces 0 of/ })
      .waitFor();
  });

  it('changes settings by the rules of the server, and shows the connector’s word for it', async () => {
    await goToIt();
    await web.page.getByRole('button', { name: 'Change settings' }).click();
    const dialog = web.page.getByRole('dialog');
    await dialog.getByLabel('Life of a credential').fill('10s');
    await dialog.getByText('--lease-life 10s').waitFor();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').getByText('must be 5 minutes at least').waitFor();
    await web.expectAccessible('settings that are refused');
    await dialog.getByLabel('Life of a credential').fill('15m');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText(/It holds at every connector/).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await region('Settings').getByText('15m', { exact: true }).waitFor();
  });

  it('shows what is open now; to end it revokes its lease, and the connector says how many it closed', async () => {
    const terminal = await ana.terminal();
    const watch = startKubectl(terminal, '-n', guarded.namespace, 'get', 'configmaps', '--watch');
    await goToIt();
    const open = row('Open now', /ana@example.com watch configmaps \(namespace web-/);
    await open.waitFor();
    await web.expectAccessible('a destination with a stream');
    await open.getByRole('button', { name: /^End what ana@example.com has open/ }).click();
    const dialog = web.page.getByRole('dialog', { name: /^End what ana@example.com has open/ });
    await dialog.getByText(/infra leases revoke lse_\w+ --wait/).waitFor();
    await dialog.getByRole('button', { name: 'Yes, do it' }).click();
    await dialog.getByText(/acknowledged in \d+ ms/).waitFor();
    await dialog.getByText(/[1-9]\d* streams? closed/).waitFor();
    await watch.ended;
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await region('Open now').getByText('Nothing is open.').waitFor();
    await row('Recent requests', /ana@example.com watch .* stream closed/)
      .first()
      .waitFor();
  });

  it('takes back a grant, and its connector acknowledges it', async () => {
    await goToIt();
    await row('Grants on it', / no-such-role /)
      .getByRole('button', { name: /^Remove no-such-role on/ })
      .click();
    const dialog = web.page.getByRole('dialog', { name: /^Remove no-such-role on/ });
    await dialog.getByText(/1 destination hears of it at once/).waitFor();
    await web.expectAccessible('the question before a grant is removed');
    await dialog.getByRole('button', { name: 'Yes, do it' }).click();
    await dialog.getByText(/acknowledged in \d+ ms/).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await row('Grants on it', / no-such-role /).waitFor({ state: 'detached' });
  });

  it('row 29: names out of a cluster are text, whatever stands in them; and of an older connector it says what it does not tell', async () => {
    const odd = await tellingConnector(guarded.server, 'odd');
    await guarded.call(api.grants.create, { body: { subject: ana.email, role: 'view', resource: 'odd' } });
    await web.goTo(`/destinations/${odd.destinationId}`, 'odd');
    await region('Open now').getByText('Not told by this connector’s version.').waitFor();
    const { lease } = await newLease(ana.call, odd.destinationId);
    const name = '<img src=x onerror=alert(1)>\u202e\u001b[31m';
    await odd.tell({ total: 300, streams: [stream(lease.id, { name, path: `/${'long/'.repeat(90)}` })] });
    await region('Open now').getByText('exec in pod <img src=x onerror=alert(1)>\\u{202e}\\x1b[31m (namespace web)').waitFor();
    await region('Open now').getByText('The newest of 300 streams.').waitFor();
    await web.expectAccessible('odd names');
    await odd.leave();
    await region('Open now').getByText('Not known while no connector is in contact.').waitFor();
  });

  it('removes a destination after saying what ends, and goes back to the list', async () => {
    await web.goTo('/destinations', 'Destinations');
    await web.page.getByRole('link', { name: 'hamburg' }).click();
    await web.page.getByRole('button', { name: 'Remove hamburg' }).click();
    const dialog = web.page.getByRole('dialog', { name: 'Remove hamburg' });
    await dialog.getByText('infra destinations remove hamburg --wait').waitFor();
    await web.expectAccessible('the question before a destination is removed');
    await dialog.getByRole('button', { name: 'Yes, do it' }).click();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await web.page.getByRole('heading', { level: 1, name: 'Destinations' }).waitFor();
    await web.page.getByRole('row', { name: /berlin/ }).waitFor();
    expect(await web.page.getByRole('row', { name: /hamburg/ }).count()).to.equal(0);
  });

  it('says of a destination that is not there that it is not', async () => {
    await web.goTo('/destinations/dst_01kbzzzzzzzzzzzzzzzzzzzzzz', 'Destination');
    await web.page.getByText('There is no such thing here').waitFor();
    await web.expectAccessible('a destination that is not there');
  });

  it('shows everything to the role view, and nothing that changes', async () => {
    const { password } = await newPerson(guarded.server, 'viewer@example.com');
    await guarded.call(api.grants.create, { body: { subject: 'viewer@example.com', role: 'view', resource: 'infra' } });
    const viewer = await openWeb(guarded.server, { email: 'viewer@example.com', password, path: '/destinations' });
    await viewer.page.getByRole('row', { name: /berlin/ }).waitFor();
    expect(await viewer.page.getByRole('link', { name: 'Connect a cluster' }).count()).to.equal(0);
    await viewer.goTo(place, guarded.connector.destination.name);
    await viewer.page.getByRole('row', { name: /ana@example.com edit .* applied/ }).waitFor();
    const main = viewer.page.getByRole('main');
    expect(await main.getByRole('button').count()).to.equal(await main.getByRole('button', { name: /^(?:Copy|Show more:) / }).count());
    expect(await viewer.page.getByRole('link', { name: 'Grant access' }).count()).to.equal(0);
    await viewer.goTo('/destinations/connect', 'Connect a cluster');
    await viewer.page.getByText('To connect a cluster takes the role admin on infra.').waitFor();
    await viewer.close();
  });
});
