/** People in the web UI: finding them, why they may do what they may, and taking it back. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { closeBrowser } from '../support/chromium.ts';
import { newLease } from '../support/lease.ts';
import { addSecondFactor } from '../support/second-factor.ts';
import { newPerson } from '../support/server.ts';
import { openWeb, type Web } from '../support/web.ts';
import { hostile, setStage, viewer, type Stage } from './people-stage.ts';
import { changesNothing, confirm, isOver } from './taking-back.ts';

describe('people in the web UI', function () {
  this.timeout(180_000);
  let stage: Stage;
  let web: Web;
  before(async () => {
    stage = await setStage();
    web = await openWeb(stage.server, { path: '/people' });
  });
  after(async () => {
    await web.close();
    await closeBrowser();
    await stage.stop();
  });

  const button = (name: string | RegExp) => web.page.getByRole('button', { name });
  const toPerson = async (email: string): Promise<void> => {
    const { items } = await stage.admin(api.users.list, { query: { email } });
    await web.goTo(`/people/${items[0]?.id ?? ''}`, email);
  };

  it('are found by part of the email, status, way in and group, and the address says so', async () => {
    await newPerson(stage.server, 'bea@example.com');
    await web.goTo('/people', 'People');
    await web.page.getByRole('searchbox').fill('ana@');
    await web.page.waitForURL(/search=ana%40/);
    await web.page.getByRole('row', { name: /bea@example.com/ }).waitFor({ state: 'detached' });
    await web.goTo('/people', 'People');
    await web.page.getByLabel('Signs in with').selectOption('acme');
    await web.page.waitForURL(/provider=acme/);
    await web.page.getByRole('row', { name: /bea@example.com/ }).waitFor({ state: 'detached' });
    await web.page.getByRole('row', { name: /ana@example.com/ }).waitFor();
    await web.goTo('/people', 'People');
    await web.page.getByLabel('In the group').fill('oncall');
    await web.page.waitForURL(/group=grp_/);
    await web.page.getByRole('row', { name: /bea@example.com/ }).waitFor({ state: 'detached' });
    await web.page.reload();
    await web.page.getByRole('row', { name: /ana@example.com/ }).waitFor();
    expect(await web.page.getByLabel('In the group').inputValue()).to.equal('oncall');
    await web.page.getByLabel('Status').selectOption('disabled');
    await web.page.getByText('Nobody is found by that').waitFor();
    await web.expectAccessible('people, none found');
  });

  it('are added with a one-time password that is shown once; what is wrong is said at the field', async () => {
    await web.goTo('/people', 'People');
    await button('Add a person').click();
    const dialog = web.page.getByRole('dialog', { name: 'Add a person' });
    await dialog.getByLabel('Email').fill('no email');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByRole('alert').filter({ hasText: 'is no email address' }).waitFor();
    await web.expectAccessible('adding a person, refused');
    await dialog.getByLabel('Email').fill('cleo@example.com');
    await dialog.getByText('infra users add cleo@example.com').waitFor();
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    const secret = (await dialog.getByRole('group', { name: 'One-time password' }).getByRole('code').textContent()) ?? '';
    await web.expectAccessible('a person was added');
    const opened = await stage.server.client()(api.login.password, { body: { email: 'cleo@example.com', password: secret } });
    expect(opened.status).to.equal('password-change-required');
    await dialog.getByRole('button', { name: 'Go to their page' }).click();
    await web.page.getByRole('heading', { level: 1, name: 'cleo@example.com' }).waitFor();
    expect(await web.page.getByText(secret).count()).to.equal(0);
  });

  it('have the chain behind every right, and what the cluster sees of it', async () => {
    await toPerson('ana@example.com');
    const links = async (label: string) => {
      const chain = web.page.getByRole('list', { name: label, exact: true });
      await chain.waitFor();
      return chain.getByRole('listitem').allInnerTexts();
    };
    const shown = (await links('view on prod')).map((link) => link.split('\n').slice(0, 2).join(' '));
    expect(shown.map((link) => link.replace(/grt_…\w+/, 'ID'))).to.deep.equal([
      'provider acme',
      'group acme/platform',
      'grant ID',
      'role view',
      'resource prod',
      'binding infra:view@*',
    ]);
    expect((await links('edit on prod.web')).join(' '))
      .to.contain('second factor of the last 15m')
      .and.to.contain('infra:edit@web');
    await web.page.getByText('infra:ana@example.com').waitFor();
    await web.page
      .getByRole('table', { name: 'Groups' })
      .getByRole('row', { name: /acme\/platform.*logins there/ })
      .waitFor();
    await web.page
      .getByRole('table', { name: 'Groups' })
      .getByRole('row', { name: /oncall.*local/ })
      .waitFor();
    await web.expectAccessible('a person');
  });

  it('are shown what a provider said of them as text, whatever it is', async () => {
    await toPerson('ana@example.com');
    await web.page.getByText(/What acme said last/).click();
    const text = await web.page.getByRole('region', { name: 'Accounts at identity providers' }).innerText();
    expect(text).to.contain(hostile.markup).and.to.contain('\\u001b[31mred').and.to.contain('\\u{202e}').and.to.contain(hostile.long);
    expect(text).to.not.contain('\u202e').and.to.not.contain('\u001b');
    await web.page.getByRole('table', { name: 'Grants held directly' }).getByText(hostile.markup).waitFor();
    expect(await web.page.locator('img').count()).to.equal(0);
    await web.expectAccessible('a person with texts that try to break out');
  });

  it('lose a grant by one question, and the connectors’ word follows', async () => {
    const { grant } = await stage.admin(api.grants.create, { body: { subject: 'ana@example.com', role: 'edit', resource: 'prod.spare' } });
    await toPerson('ana@example.com');
    await button('Remove edit on prod.spare from ana@example.com').click();
    const dialog = web.page.getByRole('dialog');
    await dialog.getByText(`infra grants remove ${grant.id}`).waitFor();
    await web.expectAccessible('taking a grant back');
    await confirm(web);
    await dialog.getByText('Waiting for 1 connector of 1').waitFor();
    await web.expectAccessible('a grant was taken back');
    // The row went meanwhile; what is told stays until it is closed.
    await button('Remove edit on prod.spare from ana@example.com').waitFor({ state: 'detached' });
    await dialog.getByText('Waiting for 1 connector of 1').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await dialog.waitFor({ state: 'detached' });
    expect(await web.page.evaluate('document.activeElement !== document.body')).to.equal(true);
  });

  it('lose one session, or one lease, and keep the others', async () => {
    const dan = await newPerson(stage.server, 'dan@example.com');
    const other = await stage.server.login('dan@example.com', dan.password);
    await stage.admin(api.grants.create, { body: { subject: 'dan@example.com', role: 'view', resource: 'prod' } });
    const { lease } = await newLease(other.call, stage.destinationId);
    const { session } = await dan.call(api.sessions.current, {});
    await toPerson('dan@example.com');
    await button(`Revoke the lease ${lease.id} of dan@example.com for prod`).click();
    await web.page.getByRole('dialog').getByText('1 credential of 1 person end').waitFor();
    await confirm(web, 'Close');
    await web.page.getByText('No credential is out').waitFor();
    await button(`End the session ${session.id} of dan@example.com`).click();
    await confirm(web, 'Close');
    await button(`End the session ${session.id} of dan@example.com`).waitFor({ state: 'detached' });
    expect(await isOver(dan.call)).to.equal(true);
    expect(await isOver(other.call)).to.equal(false);
  });

  it('lose everything that is open, are disabled and enabled', async () => {
    const eve = await newPerson(stage.server, 'eve@example.com');
    await toPerson('eve@example.com');
    await button('Revoke everything of eve@example.com').click();
    await web.page.getByRole('dialog').getByText('1 session of 1 person end').waitFor();
    await web.page.getByRole('dialog').getByText('infra revoke eve@example.com --wait').waitFor();
    await confirm(web, 'Close');
    expect(await isOver(eve.call)).to.equal(true);
    await button('Disable eve@example.com').click();
    await confirm(web, 'Close');
    await web.page.getByRole('note').filter({ hasText: 'This person is disabled' }).waitFor();
    await web.expectAccessible('a disabled person');
    await button('Enable eve@example.com').click();
    await confirm(web, 'Close');
    await web.page.getByRole('note').waitFor({ state: 'detached' });
    await stage.server.login('eve@example.com', eve.password);
  });

  it('get a one-time password, told which keys live on, and lose second factors', async () => {
    const fay = await newPerson(stage.server, 'fay@example.com');
    await addSecondFactor(fay.call);
    await fay.call(api.accessKeys.create, { body: { name: 'laptop-job' } });
    await toPerson('fay@example.com');
    await button('Reset second factors of fay@example.com').click();
    await confirm(web, 'Close');
    await web.page.getByText('the password alone opens the door').waitFor();
    await button('Give fay@example.com a one-time password').click();
    await confirm(web);
    const dialog = web.page.getByRole('dialog');
    const secret = (await dialog.getByRole('group', { name: 'One-time password' }).getByRole('code').textContent()) ?? '';
    await dialog.getByText(/1 access key lives on/).waitFor();
    await web.expectAccessible('a one-time password was given');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    const opened = await stage.server.client()(api.login.password, { body: { email: 'fay@example.com', password: secret } });
    expect(opened.status).to.equal('password-change-required');
    await button('Remove the access key laptop-job of fay@example.com').click();
    await confirm(web, 'Close');
    await web.page.getByText('There is no access key').waitFor();
  });

  it('lose the account at a provider after what ends with it was said, and get it back', async () => {
    await toPerson('ana@example.com');
    await button('Take off the account at acme of ana@example.com').click();
    const dialog = web.page.getByRole('dialog');
    await dialog.getByText('acme/platform').waitFor();
    await dialog.getByText('It is their only way in').waitFor();
    await web.expectAccessible('taking an account off');
    await confirm(web, 'Close');
    expect(await isOver(stage.ana)).to.equal(true);
    await web.page.getByText('opens nothing until it is linked again').waitFor();
    await button('Link again the account at acme of ana@example.com').click();
    await confirm(web, 'Close');
    await web.page.getByText('the next login there opens it again').waitFor();
  });

  it('are removed for good, after which one is back at the list', async () => {
    await newPerson(stage.server, 'gone@example.com');
    await toPerson('gone@example.com');
    await button('Remove gone@example.com').click();
    await confirm(web, 'Close');
    await web.page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
    await web.page.getByRole('row', { name: /gone@example.com/ }).waitFor({ state: 'detached' });
  });

  it('who are not there are said not to be', async () => {
    await web.page.goto(`${stage.server.url}/people/usr_00000000000000000000000000`);
    await web.page.getByText('There is no such thing here').waitFor();
    await web.expectAccessible('nobody');
  });

  it('the last who may administer cannot be disabled, and the question says why', async () => {
    await toPerson('admin@example.com');
    await button('Disable admin@example.com').click();
    await web.page.getByRole('button', { name: 'Yes, do it' }).click();
    await web.page.getByRole('dialog').getByRole('alert').waitFor();
    await web.page.getByRole('button', { name: 'Cancel' }).click();
  });

  it('a viewer sees all of it and has no control that changes anything', async () => {
    const seen = await openWeb(stage.server, { ...viewer, path: '/people' });
    expect(await changesNothing(seen)).to.deep.equal([]);
    await seen.goTo(`/people/${stage.anaId}`, 'ana@example.com');
    await seen.page.getByRole('list', { name: 'edit on prod.web' }).waitFor();
    await seen.page.getByRole('table', { name: 'Grants held directly' }).waitFor();
    expect(await changesNothing(seen)).to.deep.equal([]);
    // What a provider said of somebody is for admins alone.
    expect(await seen.page.getByText(/What acme said last/).count()).to.equal(0);
    await seen.expectAccessible('a person, as a viewer');
    await seen.close();
  });

  it('is closed to people without a role, in words', async () => {
    await newPerson(stage.server, 'plain@example.com', viewer.password);
    const plain = await openWeb(stage.server, { email: 'plain@example.com', password: viewer.password, path: '/people' });
    await plain.page.getByText('This is not for your role').waitFor();
    await plain.expectAccessible('forbidden');
    await plain.close();
  });
});
