/** Questions about rights in the web UI: who can, why, and why not, as a picture of the chain; an answer is an address. */
import { expect } from 'chai';
import type { Locator } from 'playwright-core';
import { api } from '../../shared/api/index.ts';
import { accessStage, viewerPassword, type AccessStage } from '../support/access-stage.ts';
import { closeBrowser } from '../support/chromium.ts';
import { openWeb, type Web } from '../support/web.ts';

describe('asking in the web UI', function () {
  this.timeout(120_000);
  let stage: AccessStage;
  let web: Web;
  before(async () => {
    stage = await accessStage();
    await stage.grant({ subject: 'group:platform', role: 'edit', resource: 'prod', reason: 'on call' });
    await stage.grant({ subject: 'eve@example.com', role: 'view', resource: 'prod.web', mfaSeconds: 900 });
    const over = await stage.grant({ subject: 'eve@example.com', role: 'admin', resource: 'prod' });
    await stage.admin(api.grants.remove, { params: { id: over.id } });
    web = await openWeb(stage.server, { path: '/ask' });
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await stage.server.stop();
  });

  const field = (label: string): Locator => web.page.getByLabel(label, { exact: true });
  const ask = async (): Promise<void> => web.page.getByRole('button', { name: 'Ask' }).click();

  it('who can: everybody who holds the role or more, through what, at an address of its own', async () => {
    await web.goTo('/ask', 'Ask');
    await web.expectAccessible('no question yet');
    await ask();
    await web.page.getByText('Say which.').first().waitFor();
    await field('Resource').fill('prod');
    await field('Role').fill('view');
    await field('Role').press('Enter');
    await web.page.waitForURL(/\/ask\?role=view&resource=prod$/);
    await web.page.getByText('2 identities hold view on prod, or what includes it.').waitFor();
    await web.page.getByRole('row', { name: /ana@example.com.*active.*group:platform.*edit on prod/ }).waitFor();
    await web.page.getByText('infra who-can view prod').waitFor();
    await web.expectAccessible('who can');
    await web.page.reload();
    await web.page.getByRole('row', { name: /bob@example.com/ }).waitFor();
    expect(await field('Role').inputValue()).to.equal('view');

    await field('Role').fill('cluster-admin');
    await ask();
    await web.page.getByText('Nobody holds cluster-admin on prod').waitFor();
    await web.page.getByRole('link', { name: 'Grant it' }).click();
    await web.page.getByRole('heading', { level: 1, name: 'New grant' }).waitFor();
    expect(await field('Role').inputValue()).to.equal('cluster-admin');
    await web.page.goBack();
    await web.page.getByText('Nobody holds cluster-admin on prod').waitFor();
    await web.page.goBack();
    await web.page.getByRole('row', { name: /bob@example.com/ }).waitFor();
    expect(await field('Role').inputValue()).to.equal('view');
  });

  it('why: the chain from the person over the group and the grant to the place', async () => {
    await web.goTo('/ask', 'Ask');
    await web.page.getByRole('link', { name: 'Why, or why not?' }).click();
    await field('Who').fill('ana@example.com');
    await field('Resource').fill('prod');
    await ask();
    await web.page.getByText('ana@example.com is let in at prod').waitFor();
    await field('Role').fill('view');
    await ask();
    await web.page.getByText('ana@example.com holds view on prod: edit on prod through group platform.').waitFor();
    const links = web.page.getByRole('list', { name: 'edit on prod' }).getByRole('listitem');
    expect((await links.allInnerTexts()).map((text) => text.split('\n').slice(0, 2).join(' '))).to.deep.equal([
      'person ana@example.com',
      'group platform',
      'grant by admin@example.com',
      'role edit',
      'place prod',
    ]);
    await web.page.getByText('infra explain ana@example.com view prod').waitFor();
    await web.expectAccessible('why');
  });

  it('why not: where the chain breaks, what ended, and what to do', async () => {
    await web.goTo('/ask?subject=eve@example.com&role=view&resource=prod.web', 'Ask');
    await web.page.getByText('eve@example.com is granted it, but needs a second factor').waitFor();
    await web.page.getByText('grant · does not hold').waitFor();
    await web.page.getByText('does not count now').waitFor();
    await web.expectAccessible('why not, for want of a second factor');

    await web.goTo('/ask?subject=eve@example.com&role=admin&resource=prod', 'Ask');
    await web.page.getByText(/has no grant that gives admin on prod/).waitFor();
    await web.page.getByRole('heading', { name: 'Grants that ended' }).waitFor();
    await web.page.getByRole('link', { name: 'Grant it' }).waitFor();
    await web.expectAccessible('why not, after a grant that ended');

    const { items } = await stage.admin(api.users.list, { query: { email: 'bob@example.com' } });
    await stage.admin(api.users.disable, { params: { id: items[0]!.id } });
    await web.goTo('/ask?subject=bob@example.com&resource=prod', 'Ask');
    await web.page.getByText('person · does not hold').waitFor();
    await stage.admin(api.users.enable, { params: { id: items[0]!.id } });
    await web.page.getByText('person · does not hold').waitFor({ state: 'detached' });
  });

  it('a question that cannot be answered says so at its field, and keeps what was typed', async () => {
    await web.goTo('/ask?subject=nobody@example.com&resource=prod', 'Ask');
    await web.page.getByRole('alert').getByText('There is no user nobody@example.com').waitFor();
    await field('Who').fill('ana@example.com');
    await field('Resource').fill('nowhere');
    await ask();
    await web.page.getByRole('alert').getByText('There is no destination nowhere').waitFor();
    expect(await field('Who').inputValue()).to.equal('ana@example.com');
    await field('Resource').fill('two words');
    await ask();
    await web.page.getByRole('alert').getByText('must be DESTINATION or DESTINATION.NAMESPACE').waitFor();
    await web.expectAccessible('a refused question');
  });

  it('what an address says is text: no markup, nothing that turns it around', async () => {
    const evil = '<img src=x onerror=document.title=1>\u202Eevil';
    await web.goTo(`/ask?${new URLSearchParams({ subject: evil, role: evil, resource: evil }).toString()}`, 'Ask');
    await web.page.getByRole('alert').first().waitFor();
    expect(await web.page.locator('main img').count()).to.equal(0);
    expect(await web.page.locator('main').innerText()).not.to.contain('\u202E');
    expect(await web.page.title()).to.equal('Ask · infra');
  });

  it('who may only look asks the same, and is offered no change', async () => {
    const auditor = await openWeb(stage.server, {
      ...{ email: 'auditor@example.com', password: viewerPassword },
      path: '/ask?subject=eve@example.com&role=admin&resource=prod',
    });
    await auditor.page.getByText(/has no grant that gives admin on prod/).waitFor();
    expect(await auditor.page.getByRole('link', { name: 'Grant it' }).count()).to.equal(0);
    await auditor.close();
  });

  it('without a role on infra one asks about oneself alone', async () => {
    const ana = await openWeb(stage.server, {
      ...{ email: 'ana@example.com', password: viewerPassword },
      path: '/ask?subject=ana@example.com&resource=prod',
    });
    await ana.page.getByText('ana@example.com is let in at prod').waitFor();
    await ana.goTo('/ask?subject=eve@example.com&resource=prod', 'Ask');
    await ana.page.getByText('you need the role view on infra').waitFor();
    await ana.expectAccessible('a question about somebody else');
    await ana.close();
  });
});
