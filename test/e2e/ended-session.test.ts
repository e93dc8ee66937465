/** kubectl when the session is over, at a real cluster: one tab for however many there are, and never one that nobody asked for. */
import { expect } from 'chai';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { obtainKubectl } from '../../scripts/kubernetes/obtain-assets.ts';
import { api } from '../../shared/api/index.ts';
import { atTerminal, endTerminals } from '../support/at-terminal.ts';
import { newBrowser } from '../support/browser.ts';
import { askLoopback, notingBrowser, startBrowserLogin } from '../support/browser-login.ts';
import { controlPlane } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { waitFor } from '../support/wait-for.ts';

describe('kubectl when the session is over', function () {
  this.timeout(180_000);
  let guarded: GuardedCluster;
  let company: OidcProvider;
  let kubectl: string;

  before(async () => {
    kubectl = await obtainKubectl();
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'ended-session' });
    company = await startOidcProvider([`${guarded.server.url}/login/callback/company`]);
    const { issuer, clientId, clientSecret } = company;
    await guarded.call(api.identityProviders.create, {
      body: { name: 'company', kind: 'okta', issuer, clientId, clientSecret, emailDomains: ['example.com'] },
    });
  });
  after(async () => {
    await guarded.stop();
    await company.stop();
  });

  afterEach(endTerminals);

  /** The person does at the browser what was opened there. */
  async function signIn(opened: URL): Promise<void> {
    const { url } = await newBrowser(guarded.server).walk(opened.href);
    const { pathname, search, port } = new URL(url);
    expect((await askLoopback(port, { target: `${pathname}${search}` })).status).to.equal(303);
  }

  /** Somebody whose session has just been ended, with nothing left in the cache. */
  async function expired(name: string): Promise<Terminal> {
    company.people.set(name, { email: `${name}@example.com`, email_verified: true, groups: [] });
    company.signIn(name);
    const terminal = newTerminal();
    const browser = notingBrowser();
    const login = startBrowserLogin({ terminal, server: guarded.server, browser });
    await signIn(await browser.firstOpened());
    expect(await login.ended, login.stderr()).to.equal(0);
    const resource = `${guarded.connector.destination.name}.${guarded.namespace}`;
    await guarded.call(api.grants.create, { body: { subject: `${name}@example.com`, role: 'view', resource } });
    expect((await terminal.infra(['use', guarded.connector.destination.name])).code).to.equal(0);
    await waitFor(async () => (await terminal.kubectl('get', 'configmaps', '-n', guarded.namespace)).code === 0, {
      within: 20,
      what: 'kubectl to be let in',
    });
    const { items } = await guarded.call(api.sessions.list, { query: { all: 'true', live: 'true', limit: 1000 } });
    for (const { id, identity } of items)
      if (identity.name === `${name}@example.com`) await guarded.call(api.sessions.revoke, { params: { id } });
    const credentials = join(terminal.home, 'credentials');
    for (const profile of readdirSync(credentials))
      for (const file of readdirSync(join(credentials, profile)))
        if (file.endsWith('.kube-credential')) rmSync(join(credentials, profile, file));
    return terminal;
  }
  const get = (): string => `${kubectl} get configmaps -n ${guarded.namespace}`;
  const times = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

  it('fifty at once open one browser tab, and all go on after one login', async () => {
    const terminal = await expired('many');
    const browser = notingBrowser();
    const many = atTerminal(`for i in $(seq 50); do (${get()}; echo "code=$?") & done; wait`, {
      ...terminal.env,
      BROWSER: browser.program,
    });
    // As many programs start before one of them gets so far.
    await signIn(await browser.firstOpened(120));
    expect(await many.ended, many.screen()).to.equal(0);
    expect(times(many.screen(), /code=0/g), many.screen()).to.equal(50);
    expect(browser.opened()).to.have.length(1);
  });

  it('with no display none waits: each says in one line what to run', async () => {
    const terminal = await expired('nodisplay');
    const none = atTerminal(`for i in 1 2 3 4 5; do (${get()}; echo "code=$?") & done; wait`, {
      ...terminal.env,
      BROWSER: '',
      DISPLAY: '',
    });
    expect(await none.ended).to.equal(0);
    expect(times(none.screen(), /infra: .*run: infra login https:/g), none.screen()).to.equal(5);
    expect(times(none.screen(), /failed with exit code 3/g), none.screen()).to.equal(5);
    expect(times(none.screen(), /code=1/g)).to.equal(5);
  });

  it('a tab that was closed is not opened again by the next one, and the line says what to run', async () => {
    const terminal = await expired('closer');
    const browser = notingBrowser();
    const twice = atTerminal(`${get()}; ${get()}; true`, { ...terminal.env, BROWSER: browser.program, INFRA_PLUGIN_LOGIN: '2s' });
    expect(await twice.ended).to.equal(0);
    expect(twice.screen()).to.include('no answer came from the browser within 2s');
    expect(times(twice.screen(), /failed with exit code/g), twice.screen()).to.equal(2);
    expect(browser.opened()).to.have.length(1);
  });

  it('an identity provider that is closed by then is told in one line, without a word of something unexpected', async () => {
    const terminal = await expired('closed');
    const { items } = await guarded.call(api.identityProviders.list, { query: {} });
    const params = { id: items[0]!.id };
    await guarded.call(api.identityProviders.disable, { params });
    const browser = notingBrowser();
    const closed = atTerminal(`${get()}; true`, { ...terminal.env, BROWSER: browser.program });
    await closed.ended;
    await guarded.call(api.identityProviders.enable, { params });
    expect(closed.screen())
      .to.match(/infra: .*(?:identity provider|--user EMAIL)/)
      .and.not.include('unexpected');
    expect(browser.opened()).to.deep.equal([]);
  });

  for (const [what, command] of [
    ['a pipe', (): string => `${get()} | cat`],
    ['a completion', (): string => `x=$(${kubectl} __complete get configmaps -n ${guarded.namespace} '' 2>/dev/null)`],
    ['a prompt', (): string => `PS1="$(${get()})"`],
    ['a script without input', (): string => `${get()} </dev/null`],
  ] as const)
    it(`${what} opens none`, async () => {
      const terminal = await expired(what.replaceAll(' ', '-'));
      const browser = notingBrowser();
      const quiet = atTerminal(`${command()}; true`, { ...terminal.env, BROWSER: browser.program, INFRA_PLUGIN_LOGIN: '2s' });
      await quiet.ended;
      expect(browser.opened()).to.deep.equal([]);
    });
});
