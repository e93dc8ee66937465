import { expect } from 'chai';
import { accessibilityFaults, closeBrowser, newBrowser } from '../support/chromium.ts';
import { newRealm, type Realm } from '../support/keycloak.ts';

/** Tests of logins are worth what their provider and their browser are worth. */
describe('the test environment for logins', function () {
  this.timeout(240_000);
  let realm: Realm;
  const person = { email: 'ana@example.com', password: 'the tide comes in twice', groups: ['platform'] };
  before(async () => {
    realm = await newRealm();
    await realm.addUser(person);
    await realm.allowRedirectTo('http://127.0.0.1/arrived');
  });
  after(async () => {
    await closeBrowser();
    await realm.remove();
  });

  it('has a Keycloak that publishes where and how it signs people in (OpenID Connect Discovery §4)', async () => {
    const response = await fetch(`${realm.issuer}/.well-known/openid-configuration`);
    const document = (await response.json()) as Record<string, unknown>;
    expect(document['issuer']).to.equal(realm.issuer);
    expect(document['code_challenge_methods_supported']).to.include('S256');
    expect(document['authorization_response_iss_parameter_supported']).to.equal(true);
  });

  it('has a Chromium in which a person signs in there: a wrong password is told from the right one', async () => {
    const browser = await newBrowser();
    const page = await browser.newPage();
    await page.goto(authorizationUrl(realm));
    await page.getByLabel('Username or email').fill(person.email);
    await page.getByRole('textbox', { name: 'Password' }).fill('not this one');
    await page.getByRole('button', { name: 'Sign In' }).click();
    await page.getByText('Invalid username or password.').waitFor();
    await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
    const arrival = page.waitForRequest((request) => request.url().startsWith('http://127.0.0.1/arrived'));
    await page.getByRole('button', { name: 'Sign In' }).click();
    const { searchParams } = new URL((await arrival).url());
    expect(searchParams.get('state')).to.equal('a-state');
    expect(searchParams.get('code')).to.be.a('string');
    await browser.close();
  });

  it('tells no redirect to anybody who was not registered for it', async () => {
    const url = authorizationUrl(realm).replace('arrived', 'elsewhere');
    expect((await fetch(url, { redirect: 'manual' })).status).to.equal(400);
  });

  it('has an axe that sees what a screen reader would miss', async () => {
    const browser = await newBrowser();
    const page = await browser.newPage();
    await page.setContent('<!doctype html><html lang="en"><title>form</title><main><h1>form</h1><input></main></html>');
    expect((await accessibilityFaults(page)).map((fault) => fault.split(':')[0])).to.deep.equal(['label']);
    await browser.close();
  });
});

function authorizationUrl({ issuer, clientId }: Realm): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: 'http://127.0.0.1/arrived',
    scope: 'openid',
    state: 'a-state',
  });
  return `${issuer}/protocol/openid-connect/auth?${query.toString()}`;
}
