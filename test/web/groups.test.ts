/** Groups in the web UI: where they come from, who is in them, and what they give. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { closeBrowser } from '../support/chromium.ts';
import { newPerson } from '../support/server.ts';
import { openWeb, type Web } from '../support/web.ts';
import { setStage, viewer, type Stage } from './people-stage.ts';
import { changesNothing, confirm } from './taking-back.ts';

describe('groups in the web UI', function () {
  this.timeout(180_000);
  let stage: Stage;
  let web: Web;
  before(async () => {
    stage = await setStage();
    web = await openWeb(stage.server, { path: '/groups' });
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await stage.stop();
  });

  const button = (name: string | RegExp) => web.page.getByRole('button', { name });
  const toGroup = async (name: string): Promise<void> => {
    const { items } = await stage.admin(api.groups.list, { query: { name } });
    await web.goTo(`/groups/${items[0]?.id ?? ''}`, name);
  };

  it('are found by name and by where they come from', async () => {
    await web.goTo('/groups', 'Groups');
    await web.page.getByRole('row', { name: /acme\/platform.*logins there/ }).waitFor();
    await web.expectAccessible('groups');
    await web.page.getByLabel('Comes from').selectOption('local');
    await web.page.waitForURL(/provider=local/);
    await web.page.getByRole('row', { name: /acme\/platform/ }).waitFor({ state: 'detached' });
    await web.page.getByRole('row', { name: /oncall/ }).waitFor();
    await web.page.getByRole('searchbox').fill('nothing like it');
    await web.page.getByText('No group is found by that').waitFor();
  });

  it('are added; a name that cannot be one is refused at the field', async () => {
    await web.goTo('/groups', 'Groups');
    await button('Add a group').click();
    const dialog = web.page.getByRole('dialog', { name: 'Add a group' });
    await dialog.getByLabel('Name').fill('<b>Not one</b>');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByRole('alert').filter({ hasText: 'must be the name of a local group' }).waitFor();
    await web.expectAccessible('adding a group, refused');
    await dialog.getByLabel('Name').fill('night-shift');
    await dialog.getByText('infra groups add night-shift').waitFor();
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await web.page.getByRole('heading', { level: 1, name: 'night-shift' }).waitFor();
    await web.page.getByText('Nobody is in it').waitFor();
    await web.expectAccessible('an empty group');
  });

  it('take in people and workloads, and let them go', async () => {
    await newPerson(stage.server, 'bea@example.com');
    await stage.admin(api.workloads.create, { body: { name: 'deploy' } });
    await stage.admin(api.groups.create, { body: { name: 'shop' } });
    await toGroup('shop');
    const add = async (who: string): Promise<void> => {
      await button('Add a member').click();
      await web.page.getByRole('dialog').getByLabel('Who').fill(who);
      await web.page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
    };
    await add('bea@example.com');
    await web.page.getByRole('row', { name: /bea@example.com person/ }).waitFor();
    await add('workload:deploy');
    await web.page.getByRole('row', { name: /deploy workload/ }).waitFor();
    await add('nobody@example.com');
    await web.page.getByRole('dialog').getByRole('alert').filter({ hasText: 'There is no user nobody@example.com' }).waitFor();
    await web.expectAccessible('a member who is not there');
    await web.page.getByRole('button', { name: 'Cancel' }).click();
    await button('Take out of shop: bea@example.com').click();
    await web.page.getByRole('dialog').getByText('infra groups remove-member shop bea@example.com --wait').waitFor();
    await confirm(web, 'Close');
    await web.page.getByRole('row', { name: /bea@example.com/ }).waitFor({ state: 'detached' });
    await web.page.getByRole('link', { name: 'deploy' }).click();
    await web.page.getByRole('heading', { level: 1, name: 'deploy' }).waitFor();
  });

  it('of a provider are to be read, and the page says where they are changed', async () => {
    await toGroup('acme/platform');
    await web.page.getByText(/Who is in it is changed at acme/).waitFor();
    await web.page.getByRole('row', { name: /ana@example.com/ }).waitFor();
    expect(await button(/^(Add a member|Take |Remove the group)/).count()).to.equal(0);
    await button('Remove view on prod from acme/platform').waitFor();
    await web.expectAccessible('a provider’s group');
  });

  it('say what they give, and are removed with it', async () => {
    const { id } = await stage.admin(api.groups.create, { body: { name: 'leaving' } });
    await stage.admin(api.groups.addMember, { params: { id }, body: { identity: 'ana@example.com' } });
    await stage.admin(api.grants.create, { body: { subject: 'group:leaving', role: 'view', resource: 'prod.web' } });
    await toGroup('leaving');
    await web.page
      .getByRole('table', { name: 'Grants of the group' })
      .getByRole('row', { name: /view prod\.web/ })
      .waitFor();
    await button('Remove the group leaving').click();
    await web.page.getByRole('dialog').getByText('1 member loses what only this group gives').waitFor();
    await confirm(web, 'Close');
    await web.page.getByRole('heading', { level: 1, name: 'Groups' }).waitFor();
  });

  it('a viewer sees them and has no control that changes anything', async () => {
    const seen = await openWeb(stage.server, { ...viewer, path: '/groups' });
    expect(await changesNothing(seen)).to.deep.equal([]);
    await seen.page.getByRole('link', { name: 'oncall' }).click();
    await seen.page.getByRole('table', { name: 'Members' }).waitFor();
    await seen.page.getByRole('table', { name: 'Grants of the group' }).waitFor();
    expect(await changesNothing(seen)).to.deep.equal([]);
    await seen.close();
  });
});
