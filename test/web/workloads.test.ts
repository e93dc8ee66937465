/** Workloads in the web UI: their ways in, what they may reach, and taking it back. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { closeBrowser } from '../support/chromium.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/doubles/token-issuer.ts';
import { loginWithToken } from '../support/trusted-workload.ts';
import { openWeb, type Web } from '../support/web.ts';
import { hostile, setStage, viewer, type Stage } from './people-stage.ts';
import { changesNothing, confirm, isOver } from './taking-back.ts';

describe('workloads in the web UI', function () {
  this.timeout(180_000);
  let stage: Stage;
  let issuer: TokenIssuer;
  let web: Web;
  before(async () => {
    stage = await setStage();
    issuer = await startTokenIssuer();
    web = await openWeb(stage.server, { path: '/workloads' });
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await issuer.stop();
    await stage.stop();
  });

  const button = (name: string | RegExp) => web.page.getByRole('button', { name });
  const dialog = () => web.page.getByRole('dialog');
  const toWorkload = async (name: string): Promise<string> => {
    const { items } = await stage.admin(api.workloads.list, { query: { name } });
    const id = items[0]?.id ?? '';
    await web.goTo(`/workloads/${id}`, name);
    return id;
  };

  it('are added, and found by name', async () => {
    await web.goTo('/workloads', 'Workloads');
    await web.page.getByText('There is no workload yet').waitFor();
    await web.expectAccessible('no workloads');
    await button('Add a workload').click();
    await dialog().getByLabel('Name').fill('Deploy!');
    await dialog().getByRole('button', { name: 'Add', exact: true }).click();
    await dialog().getByRole('alert').filter({ hasText: 'lower-case letters' }).waitFor();
    await dialog().getByLabel('Name').fill('deploy');
    await dialog().getByText('infra workloads add deploy').waitFor();
    await dialog().getByRole('button', { name: 'Add', exact: true }).click();
    await web.page.getByRole('heading', { level: 1, name: 'deploy' }).waitFor();
    await web.page.getByText('No token signs in as it').waitFor();
    await web.expectAccessible('a new workload');
    await web.goTo('/workloads', 'Workloads');
    await web.page.getByRole('searchbox').fill('ploy');
    await web.page.getByRole('row', { name: /deploy/ }).waitFor();
  });

  it('take a trust rule of a platform in its own words, and the command says the same', async () => {
    await toWorkload('deploy');
    await button('Add a trust rule').click();
    await dialog().getByRole('button', { name: 'Add', exact: true }).click();
    await dialog().getByText('Name the repository, such as acme/shop').waitFor();
    await dialog().getByLabel('Repository').fill('acme/shop');
    await dialog()
      .getByText(
        'infra trust-rules add deploy --issuer https://token.actions.githubusercontent.com --claim repository=acme/shop --claim ref=refs/heads/main',
      )
      .waitFor();
    await web.expectAccessible('a trust rule for GitHub');
    await dialog().getByLabel('Platform').selectOption('gitlab');
    await dialog().getByText('--claim project_path=acme/shop --claim ref=main --claim ref_protected=true').waitFor();
    await dialog().getByLabel('Platform').selectOption('kubernetes');
    await dialog().getByLabel('Issuer').fill('https://kubernetes.default.svc.cluster.local');
    await dialog().getByLabel('Namespace').fill('ci');
    await dialog().getByLabel('Service account').fill('deploy');
    await dialog().getByText('--claim sub=system:serviceaccount:ci:deploy').waitFor();
    await dialog().getByLabel('Keys (JSON Web Key Set)').fill(JSON.stringify(issuer.jwks()));
    await dialog().getByRole('button', { name: 'Add', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    await web.page
      .getByRole('row', { name: /kubernetes\.default.*keys given with the rule.*sub=system:serviceaccount:ci:deploy/ })
      .waitFor();
    await web.expectAccessible('a workload with a trust rule');
  });

  it('are let in by a rule made here, and out again with what it opened', async () => {
    await toWorkload('deploy');
    await button('Add a trust rule').click();
    await dialog().getByLabel('Platform').selectOption('other');
    await dialog().getByLabel('Issuer').fill(issuer.issuer);
    await dialog().getByLabel('Claims').fill(`repository=acme/shop\nnote=${hostile.markup}`);
    await dialog().getByRole('button', { name: 'Add', exact: true }).click();
    await dialog().waitFor({ state: 'detached' });
    await web.page.getByText(`note=${hostile.markup}`).waitFor();
    const token = await issuer.token({
      ...{ iss: issuer.issuer, aud: stage.server.url, sub: 'a job', repository: 'acme/shop', note: hostile.markup, jti: 'one' },
      ...{ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300 },
    });
    const { secret } = await loginWithToken(stage.server, token);
    const job = stage.server.client(secret);
    await web.page
      .getByRole('table', { name: 'Sessions' })
      .getByRole('row', { name: /token of its platform/ })
      .waitFor();
    const [rule] = (await stage.admin(api.trustRules.list, { query: {} })).items.filter((each) => each.issuer === issuer.issuer);
    await button(`Remove the trust rule ${rule?.id ?? ''}`).click();
    await confirm(web, 'Close');
    expect(await isOver(job)).to.equal(true);
    await web.page.getByText('No session is open').waitFor();
  });

  it('have the chain behind every right', async () => {
    const id = await toWorkload('deploy');
    const [oncall] = (await stage.admin(api.groups.list, { query: { name: 'oncall' } })).items;
    await stage.admin(api.groups.addMember, { params: { id: oncall?.id ?? '' }, body: { identity: 'workload:deploy' } });
    await stage.admin(api.grants.create, { body: { subject: 'workload:deploy', role: 'edit', resource: 'prod.shop' } });
    await web.goTo(`/workloads/${id}`, 'deploy');
    const chain = web.page.getByRole('list', { name: 'edit on prod.web' });
    await chain.getByRole('link', { name: 'oncall' }).waitFor();
    await web.page.getByText('infra:workload:deploy').waitFor();
    await button('Remove edit on prod.shop from deploy').click();
    await confirm(web, 'Close');
    await button('Remove edit on prod.shop from deploy').waitFor({ state: 'detached' });
  });

  it('get an access key that is shown once', async () => {
    await toWorkload('deploy');
    await button('Make an access key').click();
    await dialog().getByLabel('Name').fill('nightly');
    await dialog().getByLabel('Good for').selectOption('7d');
    await dialog().getByText('infra keys add nightly --for workload:deploy --expires-in 7d').waitFor();
    await dialog().getByRole('button', { name: 'Make the key' }).click();
    const key = (await dialog().getByRole('group', { name: 'Access key' }).getByRole('code').textContent()) ?? '';
    await web.expectAccessible('an access key was made');
    const opened = await stage.server.client()(api.login.accessKey, { body: { key } });
    await dialog().getByRole('button', { name: 'Done' }).click();
    await button('Remove the access key nightly of deploy').click();
    await confirm(web, 'Close');
    expect(await isOver(stage.server.client(opened.secret))).to.equal(true);
  });

  it('a viewer sees them and has no control that changes anything', async () => {
    const seen = await openWeb(stage.server, { ...viewer, path: '/workloads' });
    expect(await changesNothing(seen)).to.deep.equal([]);
    await seen.page.getByRole('link', { name: 'deploy' }).click();
    await seen.page.getByRole('table', { name: 'Trust rules' }).waitFor();
    expect(await changesNothing(seen)).to.deep.equal([]);
    await seen.close();
  });

  it('are removed for good, after which one is back at the list', async () => {
    await toWorkload('deploy');
    await button('Remove the workload deploy').click();
    await dialog().getByText('infra workloads remove deploy --wait').waitFor();
    await confirm(web, 'Close');
    await web.page.getByRole('heading', { level: 1, name: 'Workloads' }).waitFor();
  });
});
