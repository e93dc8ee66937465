/** The main job as an admin does it in the web UI, with the real parts: a cluster is connected, a person let in, their kubectl seen, and all of it taken back. */
import { expect } from 'chai';
import { join } from 'node:path';
import { newConnectorAccount } from '../support/connector-account.ts';
import { api } from '../../shared/api/index.ts';
import { closeBrowser } from '../support/chromium.ts';
import { controlPlane } from '../support/clusters.ts';
import { loginWithPassword, newTerminal } from '../support/infra.ts';
import { freePort } from '../support/ports.ts';
import { startProgram } from '../support/program.ts';
import { addSecondFactor } from '../support/second-factor.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { openWeb, type Web } from '../support/web.ts';

describe('the main job in the web UI', function () {
  this.timeout(180_000);
  let server: RunningServer;
  let web: Web;
  const ends: (() => Promise<unknown>)[] = [];
  before(async () => {
    server = await startServer();
    ends.push(async () => server.stop());
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    for (const end of ends.reverse()) await end();
  });

  it('is done by role and name, from signing in with a second factor to the acknowledgement that kubectl is shut out', async () => {
    const { call } = await server.login(adminEmail, adminPassword);
    const { app } = await addSecondFactor(call);
    web = await openWeb(server, { path: '/', code: app.next() });
    const { page } = web;

    // A cluster.
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByRole('link', { name: 'Connect a cluster' }).first().click();
    await page.getByRole('textbox', { name: 'Name' }).fill('berlin');
    await page.getByRole('button', { name: 'Add it and show the join token' }).click();
    await startConnector(await page.getByText(/^infra_join_/).innerText());
    await page.getByRole('status').getByText('online', { exact: true }).waitFor({ timeout: 30_000 });

    // A person.
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('button', { name: 'Add a person' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a person' });
    await dialog.getByLabel('Email').fill('ana@example.com');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    const oneTimePassword = await dialog.getByRole('group', { name: 'One-time password' }).getByRole('code').innerText();
    await dialog.getByRole('button', { name: 'Done' }).click();

    // A grant, and kubectl with it.
    await web.goTo('/access/new?resource=berlin', 'New grant');
    await page.getByLabel('Who').fill('ana@example.com');
    await page.getByLabel('Role').fill('view');
    await page.getByText('1 identity gains by it.').waitFor();
    await page.getByRole('button', { name: 'Add the grant' }).click();
    await page.getByText('It holds at every connector (1).').waitFor();
    await page.getByText(/applied since/).waitFor();
    const kubectl = await newPasswordAndTerminal(oneTimePassword);
    const seen = await kubectl('get', 'configmaps', '--namespace', 'kube-system');
    expect(seen.code, seen.stderr).to.equal(0);

    // Seen as it happens, and taken back.
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('link', { name: 'ana@example.com listed configmaps in kube-system at berlin: 200' }).waitFor();
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('link', { name: 'ana@example.com' }).click();
    await page.getByRole('heading', { level: 1, name: 'ana@example.com' }).waitFor();
    await page.getByRole('list', { name: 'view on berlin' }).waitFor();
    await page.getByRole('button', { name: 'Revoke everything' }).click();
    const question = page.getByRole('dialog');
    await question.getByText(/1 session and 1 credential/).waitFor();
    await question.getByRole('button', { name: 'Yes, do it' }).click();
    await question.getByText(/acknowledged in \d+ ms/).waitFor();
    const refused = await kubectl('get', 'configmaps', '--namespace', 'kube-system');
    expect(refused.code).not.to.equal(0);
  });

  async function startConnector(token: string): Promise<void> {
    const account = await newConnectorAccount(await controlPlane(), `web-main-job-${process.pid}`);
    ends.push(async () => account.remove());
    const connector = startProgram({
      program: 'connector',
      env: {
        INFRA_CONNECTOR_SERVER: server.url,
        INFRA_CONNECTOR_TOKEN: token,
        INFRA_CONNECTOR_STATE_DIR: join(tempDir('infra-connector'), 'state'),
        INFRA_CONNECTOR_KUBECONFIG: account.kubeconfig,
        INFRA_CONNECTOR_NAMESPACE: account.namespace,
        INFRA_CONNECTOR_RELAY_ONLY: 'on',
        INFRA_CONNECTOR_HEALTH_LISTEN: `127.0.0.1:${await freePort()}`,
      },
    });
    ends.push(async () => connector.end('SIGKILL'));
  }

  async function newPasswordAndTerminal(oneTimePassword: string) {
    const email = 'ana@example.com';
    const password = 'a lantern in the harbour';
    const stranger = server.client();
    const begun = await stranger(api.login.password, { body: { email, password: oneTimePassword } });
    if (begun.status !== 'password-change-required') throw new Error(`a one-time password opened a ${begun.status}`);
    const { secret } = await stranger(api.login.changePassword, { body: { changeToken: begun.changeToken, newPassword: password } });
    await server.client(secret)(api.sessions.logout, {});
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email, password });
    const used = await terminal.infra(['use', 'berlin']);
    expect(used.code, used.stderr).to.equal(0);
    await waitFor(async () => (await terminal.kubectl('version')).code === 0, { within: 20, what: 'a tunnel' });
    return async (...args: readonly string[]) => terminal.kubectl(...args);
  }
});
