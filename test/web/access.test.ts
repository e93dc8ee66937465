/** Grants in the web UI: found, seen as a matrix, made with their effect told beforehand, changed, and taken back with the connector's word. */
import { expect } from 'chai';
import type { Locator } from 'playwright-core';
import { api } from '../../shared/api/index.ts';
import type { Grant } from '../../shared/api/grants.ts';
import { accessStage, viewerPassword, type AccessStage } from '../support/access-stage.ts';
import { closeBrowser } from '../support/chromium.ts';
import { openWeb, type Web } from '../support/web.ts';

describe('access in the web UI', function () {
  this.timeout(120_000);
  let stage: AccessStage;
  let web: Web;
  const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
  let team: Grant;
  let broken: Grant;

  before(async () => {
    stage = await accessStage();
    team = await stage.grant({ subject: 'group:platform', role: 'edit', resource: 'prod', reason: 'on call' });
    broken = await stage.grant({ subject: 'ana@example.com', role: 'debugger', resource: 'prod.web', until: inDays(2.5) });
    await stage.grant({ subject: 'workload:deploy', role: 'admin', resource: 'staging' });
    await report();
    web = await openWeb(stage.server, { path: '/access' });
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await stage.server.stop();
  });
  const report = async (): Promise<void> =>
    stage.report([
      { grant: team, reason: null },
      { grant: broken, reason: 'There is no ClusterRole debugger here: make one.' },
    ]);

  const row = (name: string | RegExp): Locator => web.page.getByRole('row', { name });
  const field = (label: string): Locator => web.page.getByLabel(label, { exact: true });
  /** What is said of a field, as a screen reader hears it. */
  const saidAt = async (label: string): Promise<string> => {
    const ids = ((await field(label).getAttribute('aria-describedby')) ?? '').split(' ').filter((id) => id !== '');
    return (await Promise.all(ids.map(async (id) => web.page.locator(`[id="${id}"]`).innerText()))).join(' ');
  };
  const inForce = async (): Promise<string[]> =>
    (await stage.admin(api.grants.list, { query: {} })).items.map(({ subject, role, resource }) => `${subject.name} ${role} ${resource}`);

  it('lists grants with their state and its reason, and narrows them in the address', async () => {
    await web.goTo('/access', 'Access');
    await row(/group:platform.*edit.*prod.*applied.*on call/).waitFor();
    await row(/ana@example.com.*failed.*There is no ClusterRole debugger here/).waitFor();
    await web.expectAccessible('grants');

    await web.page.getByRole('searchbox').fill('deploy');
    await web.page.waitForURL(/search=deploy/);
    await row(/workload:deploy/).waitFor();
    await row(/group:platform/).waitFor({ state: 'detached' });

    await web.goTo('/access', 'Access');
    await web.page.getByLabel('Resource').selectOption('prod');
    await row(/workload:deploy/).waitFor({ state: 'detached' });
    await row(/prod\.web/).waitFor();
    await web.page.getByLabel('Ends within').selectOption('7d');
    await row(/group:platform/).waitFor({ state: 'detached' });
    await web.page.getByText('infra grants list --destination prod').waitFor();
    expect(web.page.url()).to.match(/\?resource=prod&endsBefore=7d$/);
    await web.page.reload();
    await row(/ana@example.com.*debugger/).waitFor();
    expect(await web.page.getByRole('row').count()).to.equal(2);

    await web.goTo('/access?state=failed&role=debugger&resource=prod.web', 'Access');
    await row(/ana@example.com/).waitFor();
    await web.goTo('/access?search=nobody-at-all', 'Access');
    await web.page.getByText('No grant is found by that.').waitFor();
    await web.goTo('/access?resource=nowhere', 'Access');
    await web.page.getByText('There is no such destination.').waitFor();
    await web.expectAccessible('an unknown destination');
  });

  it('shows them as a matrix, a table whose cells are reached by keys', async () => {
    await web.goTo('/access', 'Access');
    await web.page.getByRole('button', { name: 'Matrix' }).click();
    const table = web.page.getByRole('table');
    await table.getByRole('columnheader', { name: 'prod.web' }).waitFor();
    expect(await table.getByRole('columnheader').allTextContents()).to.deep.equal(['Who', 'infra', 'prod', 'prod.web', 'staging']);
    const ana = table.getByRole('row', { name: /ana@example.com/ });
    expect(await ana.getByRole('cell').nth(2).innerText()).to.match(/debugger[\s\S]*failed[\s\S]*ends in 2 days/);
    await web.expectAccessible('the matrix');

    const focused = async (): Promise<unknown> => web.page.evaluate('document.activeElement.textContent');
    await table
      .getByRole('row', { name: /admin@example.com/ })
      .getByRole('link', { name: 'admin', exact: true })
      .focus();
    await web.page.keyboard.press('ArrowDown');
    expect(await focused(), 'the next in the column of infra, past a line without one').to.equal('view');
    await web.page.keyboard.press('ArrowRight');
    expect(await focused(), 'there is none further to the right').to.equal('view');
    await table.getByRole('link', { name: 'edit' }).focus();
    await web.page.keyboard.press('Enter');
    await web.page.getByRole('heading', { level: 1, name: 'edit on prod' }).waitFor();
    await web.page.goBack();
    await table.waitFor();
    expect(web.page.url()).to.match(/\?view=matrix$/);
  });

  it('tells what a new grant would change for whom, makes it, and follows the connector’s word', async () => {
    await web.goTo('/access', 'Access');
    await web.page.getByRole('link', { name: 'New grant' }).click();
    await web.page.getByRole('heading', { level: 1, name: 'New grant' }).waitFor();
    await web.expectAccessible('an empty form');
    await field('Who').fill('group:pl');
    await offered('Who', 'group:platform');
    await field('Who').fill('group:platform');
    await field('Resource').fill('prod.w');
    await offered('Resource', 'prod.web');
    await field('Resource').fill('prod.web');
    await offered('Role', 'role/restart');
    await field('Role').fill('view');
    await web.page.getByText('Nobody gains by it.').waitFor();
    await field('Role').fill('role/restart');
    await web.page.getByText('2 identities gain by it.').waitFor();
    await web.page.getByRole('list', { name: 'Who gains' }).getByRole('link', { name: 'bob@example.com' }).waitFor();
    await field('Until').selectOption('8h');
    await field('Second factor').selectOption('900');
    await field('Reason').fill("it's on <b>call</b>");
    await web.page
      .getByText(`infra grants add group:platform --role role/restart prod.web --for 8h --mfa 15m --reason 'it'\\''s on <b>call</b>'`)
      .waitFor();
    await web.page.getByText('no second factor yet').waitFor();
    await web.expectAccessible('a foreseen grant');
    await web.page.getByRole('button', { name: 'Add the grant' }).click();

    await web.page.getByRole('heading', { level: 1, name: 'role/restart on prod.web' }).waitFor();
    await web.page.getByText('Waiting for 1 connector of 1.').waitFor();
    await web.page.getByText("it's on <b>call</b>").waitFor();
    await web.page.getByText('Its connector has not told of it yet.').waitFor();
    await web.expectAccessible('a grant that is on its way');
    await stage.acknowledge();
    await web.page.getByText('It holds at every connector (1).').waitFor();
    await web.page.getByText(/acknowledged in \d+ ms/).waitFor();
    const made = (await stage.admin(api.grants.list, { query: { role: 'role/restart' } })).items[0]!;
    expect(made.mfaSeconds).to.equal(900);
    expect(Date.parse(made.until ?? '') - Date.now()).to.be.within(7.9 * 3_600_000, 8 * 3_600_000);
    await stage.report([{ grant: made, reason: null }]);
    await web.page.getByText(/applied since/).waitFor();
    await web.page.getByRole('row', { name: /bob@example.com/ }).waitFor();
    await report();
  });

  async function offered(label: string, value: string): Promise<void> {
    const list = await field(label).getAttribute('list');
    await web.page.locator(`datalist[id="${list ?? ''}"] option[value="${value}"]`).waitFor({ state: 'attached' });
  }

  it('says a refusal at its field, and keeps what was typed', async () => {
    await web.goTo('/access/new?subject=nobody@example.com&role=view&resource=prod', 'New grant');
    await field('Reason').fill('because');
    const submit = web.page.getByRole('button', { name: 'Add the grant' });
    await submit.click();
    await web.page.getByRole('alert').getByText('There is no user nobody@example.com').waitFor();
    expect(await saidAt('Who')).to.contain('There is no user nobody@example.com');
    expect(await field('Who').getAttribute('aria-invalid')).to.equal('true');
    await web.expectAccessible('a refused grant');

    await field('Who').fill('group:platform');
    await field('Role').fill('edit');
    await web.page.getByRole('link', { name: 'Open that grant' }).waitFor();
    await submit.click();
    await web.page.getByRole('alert').getByText(`This grant stands already as ${team.id}`).waitFor();
    expect(await saidAt('Role')).to.contain('This grant stands already');

    await field('Role').fill('admin');
    await field('Until').selectOption('at');
    await submit.click();
    await web.page.getByRole('alert').getByText('Choose a time, or no end.').waitFor();
    await field('Ends at').fill('2020-01-01T00:00');
    await submit.click();
    await web.page.getByRole('alert').getByText('is in the past').waitFor();
    expect(await saidAt('Ends at')).to.contain('is in the past');

    await field('Until').selectOption('none');
    await field('Resource').fill('nowhere');
    await submit.click();
    await web.page.getByRole('alert').getByText('There is no destination nowhere').waitFor();
    expect(await saidAt('Resource')).to.contain('There is no destination nowhere');
    expect(await field('Who').inputValue()).to.equal('group:platform');
    expect(await field('Reason').inputValue()).to.equal('because');
    expect(await inForce()).not.to.include('platform admin prod');
  });

  it('changes an end, a reason and a second factor, and shows the command for that', async () => {
    const grant = await stage.grant({ subject: 'eve@example.com', role: 'view', resource: 'prod', until: inDays(1), mfaSeconds: 900 });
    await web.goTo(`/access/${grant.id}`, 'view on prod');
    await web.page.getByRole('button', { name: 'Change' }).click();
    const dialog = web.page.getByRole('dialog', { name: 'Change the grant' });
    await dialog.getByRole('button', { name: 'Change it' }).click();
    await dialog.getByText('Nothing is changed yet.').waitFor();
    await dialog.getByLabel('Until').selectOption('none');
    await dialog.getByLabel('Second factor').selectOption('');
    await dialog.getByLabel('Reason').fill('stays');
    await dialog.getByText(`infra grants change ${grant.id} --no-end --mfa none --reason stays`).waitFor();
    await web.expectAccessible('a grant that is changed');
    await dialog.getByRole('button', { name: 'Change it' }).click();
    await dialog.waitFor({ state: 'detached' });
    await web.page.getByText('stays').waitFor();
    await web.page.getByText('Waiting for 1 connector of 1.').waitFor();
    const now = await stage.admin(api.grants.get, { params: { id: grant.id } });
    expect([now.until, now.mfaSeconds, now.reason]).to.deep.equal([null, null, 'stays']);
  });

  it('takes a grant back: says what ends, then shows the connector’s word', async () => {
    const grant = await stage.grant({ subject: 'bob@example.com', role: 'admin', resource: 'prod' });
    await web.goTo(`/access/${grant.id}`, 'admin on prod');
    await web.page.getByRole('button', { name: 'Remove the grant' }).click();
    const dialog = web.page.getByRole('dialog', { name: 'Remove the grant' });
    await dialog.getByText(/1 destination hears of it/).waitFor();
    await dialog.getByText(`infra grants remove ${grant.id} --wait`).waitFor();
    await web.expectAccessible('the question before a removal');
    await dialog.getByRole('button', { name: 'Yes, do it' }).click();
    await dialog.getByText('Waiting for 1 connector of 1.').waitFor();
    await stage.acknowledge();
    await dialog.getByText('It holds at every connector (1).').waitFor();
    await dialog.getByText('2 streams closed').waitFor();
    await web.page.getByText('This grant has ended.').waitFor({ state: 'attached' });
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await web.page.getByRole('heading', { level: 1, name: 'Access' }).waitFor();
    await row(/bob@example.com/).waitFor({ state: 'detached' });
  });

  it('removes several at once after one question that names them', async () => {
    for (const role of ['view', 'edit', 'admin']) await stage.grant({ subject: 'eve@example.com', role, resource: 'staging' });
    await web.goTo('/access?search=eve&resource=staging', 'Access');
    await web.page.getByRole('checkbox', { name: 'Select eve@example.com: edit on staging' }).check();
    await web.page.getByText('1 grant selected').waitFor();
    await web.page.getByRole('button', { name: 'Select all 3 shown' }).click();
    await web.page.getByRole('checkbox', { name: 'Select eve@example.com: view on staging' }).uncheck();
    await web.page.getByRole('button', { name: 'Remove 2 grants' }).click();
    const dialog = web.page.getByRole('dialog', { name: 'Remove 2 grants' });
    await dialog.getByText('2 grants of 1 subject on 1 resource end').waitFor();
    expect((await dialog.getByRole('list', { name: 'What ends' }).getByRole('listitem').allTextContents()).sort()).to.deep.equal([
      'eve@example.com: admin on staging',
      'eve@example.com: edit on staging',
    ]);
    await web.expectAccessible('the question before a removal of several');
    await dialog.getByRole('button', { name: 'Yes, do it' }).click();
    await dialog.getByText('It holds now. No connector needs to know of it.').waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
    await web.page.getByText('Nothing is selected').waitFor();
    await row(/eve@example.com.*view/).waitFor();
    expect(await web.page.getByRole('row').count()).to.equal(2);
    expect((await inForce()).filter((grant) => grant.includes('staging'))).to.have.members([
      'deploy admin staging',
      'eve@example.com view staging',
    ]);
  });

  it('an address of no grant says so', async () => {
    await web.goTo('/access/nothing', 'No such grant');
    await web.goTo('/access/grt_00000000000000000000000000', 'Grant');
    await web.page.getByText('There is no such grant in force').waitFor();
    await web.expectAccessible('no such grant');
  });

  it('who may only look sees all of it, and has no control that changes anything', async () => {
    const auditor = await openWeb(stage.server, { email: 'auditor@example.com', password: viewerPassword, path: '/access' });
    const controls = /new grant|add|change|remove|select (all|the|eve|ana)/i;
    const nothingChanges = async (): Promise<void> => {
      for (const role of ['button', 'link', 'checkbox'] as const)
        expect(await auditor.page.getByRole(role, { name: controls }).count(), role).to.equal(0);
    };
    await auditor.page.getByRole('row', { name: /group:platform.*edit/ }).waitFor();
    await nothingChanges();
    await auditor.expectAccessible('grants for an auditor');
    await auditor.goTo('/access?view=matrix', 'Access');
    await auditor.page.getByRole('table').getByRole('link', { name: 'debugger' }).waitFor();
    await nothingChanges();
    await auditor.goTo(`/access/${team.id}`, 'edit on prod');
    await auditor.page.getByRole('row', { name: /ana@example.com/ }).waitFor();
    await nothingChanges();
    await auditor.expectAccessible('a grant for an auditor');
    await auditor.goTo('/access/new?subject=eve@example.com&role=admin&resource=infra', 'New grant');
    await auditor.page.getByText('This is not for your role').waitFor();
    await auditor.page.getByText('infra grants add eve@example.com --role admin infra').waitFor();
    await nothingChanges();
    await auditor.close();
  });
});
