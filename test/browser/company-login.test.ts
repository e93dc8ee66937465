/** The whole way with nothing played: a company's Keycloak, the person's browser, infra, a cluster and kubectl. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { accessibilityFaults, type BrowserContext, closeBrowser, newBrowser, type Page } from '../support/chromium.ts';
import { controlPlane } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { newRealm, type Realm } from '../support/keycloak.ts';
import { startKubectl } from '../support/long-kubectl.ts';
import { adminEmail, adminPassword } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

interface Person {
  readonly email: string;
  readonly password: string;
}

describe('login with a company’s own sign-in', function () {
  this.timeout(240_000);
  let guarded: GuardedCluster;
  let realm: Realm;
  let admin: Terminal;
  const ana = { email: 'ana@example.com', password: 'the tide comes in twice', groups: ['platform', 'on-call'] };
  const eve = { email: 'eve@example.com', password: 'a door left on the latch' };

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'company' });
    realm = await newRealm();
    await realm.addUser(ana);
    await realm.addUser({ ...eve, isEmailVerified: false });
    admin = newTerminal();
    const login = ['login', guarded.server.url, '--ca', guarded.server.caFile, '--user', adminEmail, '--password-stdin'];
    expect((await admin.infra(login, `${adminPassword}\n`)).code).to.equal(0);
  });
  after(async () => {
    await closeBrowser();
    await realm.remove();
    await guarded.stop();
  });

  /** Types `infra login`, opens what it opens, and signs in there. Gives the page where that ended. */
  async function logIn(terminal: Terminal, browser: BrowserContext, { email, password }: Person) {
    const noting = notingBrowser();
    const login = startBrowserLogin({ terminal, server: guarded.server, browser: noting, args: ['--timeout', '2m'] });
    const page = await browser.newPage();
    await page.goto((await noting.firstOpened()).href);
    if (page.url().startsWith(realm.issuer)) await signIn(page, email, password);
    return { login, page, openedCount: () => noting.opened().length };
  }

  it('is connected by one command, which says what to register there', async () => {
    const added = await admin.infra(
      [
        ...['providers', 'add', 'oidc', 'keycloak', '--issuer', realm.issuer, '--client-id', realm.clientId],
        ...['--groups-claim', 'groups', '--email-domains', 'example.com', '--format', 'json'],
      ],
      `${realm.clientSecret}\n`,
    );
    expect(added.code, added.stderr).to.equal(0);
    const { redirectUri } = JSON.parse(added.stdout) as { redirectUri: string };
    expect(added.stderr).to.include(redirectUri);
    expect(added.stdout + added.stderr).to.not.include(realm.clientSecret);
    await realm.allowRedirectTo(redirectUri);
    const tested = await admin.infra(['providers', 'test', 'keycloak']);
    expect(tested.code, tested.stderr + tested.stdout).to.equal(0);
  });

  it('brings the person’s groups, and a grant to one of them opens the cluster to kubectl; the group gone there, it is gone at the next login', async () => {
    const [terminal, browser] = [newTerminal(), await newBrowser()];
    const first = await logIn(terminal, browser, ana);
    await first.page.waitForURL('**/login/done');
    expect(await first.page.getByRole('heading').innerText()).to.equal('You are logged in');
    expect(await accessibilityFaults(first.page)).to.deep.equal([]);
    expect(await first.login.ended, first.login.stderr()).to.equal(0);
    expect(first.openedCount()).to.equal(1);
    const groups = async (): Promise<string[]> => {
      const { stdout } = await terminal.infra(['whoami', '--format', 'json']);
      return (JSON.parse(stdout) as { groups: { name: string }[] }).groups.map(({ name }) => name);
    };
    expect(await groups()).to.have.members(['keycloak/platform', 'keycloak/on-call']);

    const { connector, namespace } = guarded;
    const resource = `${connector.destination.name}.${namespace}`;
    const granted = await admin.infra(['grants', 'add', 'group:keycloak/platform', '--role', 'view', resource, '--wait']);
    expect(granted.code, granted.stderr).to.equal(0);
    expect((await terminal.infra(['use', connector.destination.name])).code).to.equal(0);
    const read = async () => terminal.kubectl('get', 'configmaps', '-n', namespace);
    await waitFor(async () => (await read()).code === 0, { within: 20, what: 'kubectl to be let in' });

    await realm.leaveGroup(ana.email, 'platform');
    // Keycloak still knows the browser: nobody types a password again.
    const second = await logIn(terminal, browser, ana);
    await second.page.waitForURL('**/login/done');
    expect(await second.login.ended, second.login.stderr()).to.equal(0);
    expect(await groups()).to.deep.equal(['keycloak/on-call']);
    await waitFor(async () => (await read()).code !== 0, { within: 20, what: 'kubectl to be refused' });
    await browser.close();
  });

  it('tells a wrong password at the provider, waits on, and ends in words when the person gives up there', async () => {
    const browser = await newBrowser();
    const { login, page } = await logIn(newTerminal(), browser, { ...ana, password: 'not this one' });
    await page.getByText('Invalid username or password.').waitFor();
    expect(login.hasEnded()).to.equal(false);
    expect(await login.end('SIGINT')).to.equal(1);
    expect(login.stderr()).to.include('interrupted; nothing was changed');
    await browser.close();
  });

  it('refuses in words whom the provider has not verified, on the page and in the terminal', async () => {
    const browser = await newBrowser();
    const { login, page } = await logIn(newTerminal(), browser, eve);
    await page.waitForURL('**/login/failed?error=login.email-unverified');
    expect(await page.getByRole('alert').innerText()).to.match(/has not verified your email/);
    expect(await accessibilityFaults(page)).to.deep.equal([]);
    expect(await login.ended).to.equal(4);
    expect(login.stderr()).to.match(/^infra: .*verif/m);
    await browser.close();
  });

  it('follows what Keycloak says between logins: a group gone takes its access, somebody disabled is out, acknowledged by the connector', async () => {
    const ben = { email: 'ben@example.com', password: 'four winds and a compass', groups: ['platform'] };
    await realm.addUser(ben);
    const [terminal, browser] = [newTerminal(), await newBrowser()];
    const { login, page } = await logIn(terminal, browser, ben);
    await page.waitForURL('**/login/done');
    expect(await login.ended, login.stderr()).to.equal(0);
    await browser.close();
    const { connector, namespace } = guarded;
    expect((await terminal.infra(['use', connector.destination.name])).code).to.equal(0);
    const read = async (): Promise<number | null> => (await terminal.kubectl('get', 'configmaps', '-n', namespace)).code;
    await waitFor(async () => (await read()) === 0, { within: 20, what: 'kubectl to be let in by the group' });

    await realm.leaveGroup(ben.email, 'platform');
    expect((await admin.infra(['providers', 'sync', 'keycloak'])).code).to.equal(0);
    await waitFor(async () => (await read()) !== 0, { within: 20, what: 'kubectl to be refused' });
    expect((await terminal.infra(['whoami'])).code).to.equal(0);

    const resource = `${connector.destination.name}.${namespace}`;
    expect((await admin.infra(['grants', 'add', ben.email, '--role', 'view', resource, '--wait'])).code).to.equal(0);
    const watch = startKubectl(terminal, 'get', 'configmaps', '-n', namespace, '--watch');
    await waitFor(() => watch.stdout().includes('kube-root-ca.crt'), { within: 20, what: 'the watch to begin' });
    await realm.setEnabled(ben.email, false);
    expect((await admin.infra(['providers', 'sync', 'keycloak'])).code).to.equal(0);
    await waitFor(() => watch.hasEnded(), { within: 20, what: 'the watch to end with the account' });
    const whoami = await terminal.infra(['whoami']);
    expect([whoami.code, whoami.stderr]).to.satisfy(([code, words]: [number, string]) => code === 3 && words.includes('infra login'));
    const [ended] = (await guarded.call(api.audit.list, { query: { event: 'account.ended' } })).items;
    expect(ended?.details).to.deep.include({ reason: 'keycloak says that this login is over', sessionsEnded: 1 });
    await waitFor(
      async () => {
        const { items } = await guarded.call(api.audit.list, { query: { event: 'change.enforced', since: ended?.at } });
        return items.some(({ event, details }) => event === 'change.enforced' && details.streamsClosed > 0);
      },
      { within: 20, what: 'the connector to say what it closed' },
    );
  });

  it('ends in words when the person does not consent there', async () => {
    await realm.askForConsent();
    const browser = await newBrowser();
    const { login, page } = await logIn(newTerminal(), browser, ana);
    await page.getByRole('button', { name: 'No' }).click();
    await page.waitForURL('**/login/failed?error=login.denied');
    expect(await login.ended).to.equal(4);
    expect(login.stderr()).to.match(/^infra: [^A-Z]/m);
    await browser.close();
  });

  it('lets nobody in who is disabled there', async () => {
    await realm.setEnabled(ana.email, false);
    const browser = await newBrowser();
    const { login, page } = await logIn(newTerminal(), browser, ana);
    await page.getByText('Account is disabled, contact your administrator.').waitFor();
    expect(await login.end('SIGINT')).to.equal(1);
    await browser.close();
  });

  it('shows what ends with the provider, asks, and ends it', async () => {
    const refused = await admin.infra(['providers', 'remove', 'keycloak']);
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.include('ana@example.com').and.include('keycloak/platform').and.include('nothing was changed');
    const removed = await admin.infra(['providers', 'remove', 'keycloak', '--yes']);
    expect(removed.code, removed.stderr).to.equal(0);
    const { providers } = await guarded.server.client()(api.server.info, {});
    expect(providers).to.deep.equal([]);
  });
});

async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('Username or email').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign In' }).click();
}
