/** Known at a provider by a key that is made here, instead of by a secret of the provider's. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import type { JWK } from 'jose';
import { api } from '../../../shared/api/index.ts';
import type { IdentityProvider } from '../../../shared/api/identity-providers.ts';
import type { Call } from '../../../shared/client.ts';
import { loginByBrowser } from '../../support/browser.ts';
import { directoryStage, type DirectoryStage } from '../../support/directory-stage.ts';
import { startOidcProvider, type OidcProvider } from '../../support/oidc-provider.ts';
import { refusal } from '../../support/refusal.ts';

describe('a provider that knows infra by a key', function () {
  this.timeout(120_000);
  let stage: DirectoryStage;
  let idp: OidcProvider;
  let admin: Call;
  before(async () => {
    stage = await directoryStage();
    admin = stage.admin;
    idp = await startOidcProvider([`${stage.server.url}/login/callback/keyed`]);
    idp.people.set('ana', { email: 'ana@example.com', email_verified: true });
    idp.signIn('ana');
  });
  after(async () => {
    await stage.stop();
    await idp.stop();
  });

  const wish = (change: object = {}) => ({
    ...{ name: 'keyed', kind: 'oidc' as const, issuer: idp.issuer, clientId: idp.clientId, emailDomains: ['example.com'] },
    clientAuthentication: 'private-key' as const,
    ...change,
  });
  const published = async ({ clientKeysUri }: IdentityProvider): Promise<readonly JWK[]> => {
    const answer = await stage.server.request(new URL(clientKeysUri ?? '').pathname);
    return ((await answer.json()) as { keys: JWK[] }).keys;
  };
  const clientStep = async ({ id }: IdentityProvider) => {
    const { steps } = await admin(api.identityProviders.test, { params: { id } });
    return steps.find(({ step }) => step === 'client');
  };

  it('is given the public part, takes logins by it, and a new one is another', async () => {
    const keyed = await admin(api.identityProviders.create, { body: wish() });
    expect(keyed).to.deep.include({ clientAuthentication: 'private-key', clientKeysUri: `${stage.server.url}/login/client-keys/keyed` });
    const [first] = await published(keyed);
    expect(first).to.have.keys('kty', 'crv', 'x', 'y', 'kid', 'alg', 'use');
    expect(first).to.include({ kty: 'EC', alg: 'ES256', use: 'sig' });

    expect(await clientStep(keyed))
      .to.include({ outcome: 'failed' })
      .and.to.have.property('detail')
      .that.includes('infra providers show');
    idp.knowByKeys([first!]);
    expect(await clientStep(keyed)).to.include({ outcome: 'ok', detail: `The provider knows infra by our key ${first?.kid ?? ''}.` });
    const { session } = await loginByBrowser(stage.server, 'keyed');
    expect(session.identity.name).to.equal('ana@example.com');

    const params = { id: keyed.id };
    await admin(api.identityProviders.update, { params, body: { clientAuthentication: 'private-key' } });
    const [second] = await published(keyed);
    expect(second?.kid).to.not.equal(first?.kid);
    expect(await clientStep(keyed)).to.include({ outcome: 'failed' });
    idp.knowByKeys([second!]);
    await loginByBrowser(stage.server, 'keyed');

    const back = { clientAuthentication: 'secret' as const, clientSecret: idp.clientSecret };
    expect(await admin(api.identityProviders.update, { params, body: back })).to.include({ clientKeysUri: null });
    expect((await stage.server.request('/login/client-keys/keyed')).status).to.equal(404);
    idp.knowByKeys(undefined);
    await loginByBrowser(stage.server, 'keyed');
  });

  it('at Entra is shown by the certificate that an admin uploads there', async () => {
    stage.entra.honest();
    const { id, name } = await stage.connectEntra({ name: 'certified' });
    const keyed = await admin(api.identityProviders.update, { params: { id }, body: { clientAuthentication: 'private-key' } });
    const answer = await stage.server.request(`/login/client-keys/${name}/certificate.pem`);
    const pem = await answer.text();
    const certificate = new X509Certificate(pem);
    expect([certificate.subject, certificate.ca]).to.deep.equal(['CN=infra', false]);
    const years = (certificate.validToDate.getTime() - Date.now()) / (365 * 24 * 3_600_000);
    expect(years).to.be.within(1.9, 2.1);
    expect(await clientStep(keyed)).to.include({ outcome: 'failed' });
    stage.entra.certificates.push(pem);
    stage.entra.signIn(stage.entra.addPerson({ upn: 'certified@example.com', groups: [] }));
    expect(await clientStep(keyed)).to.include({ outcome: 'ok' });
    await loginByBrowser(stage.server, 'certified');
  });

  it('is told nothing of the private part, and neither is anybody else', async () => {
    const keyed = await admin(api.identityProviders.create, { body: wish({ name: 'private' }) });
    const answer = await stage.server.request('/login/client-keys/private');
    expect(answer.headers.get('content-type')).to.include('application/json');
    const text = JSON.stringify([keyed, await answer.text()]);
    for (const member of ['"d"', '"p"', 'PRIVATE']) expect(text).to.not.include(member);
    const database = new Sqlite(stage.server.databaseFile, { readonly: true });
    const row = database
      .prepare("SELECT client_key, sealed_client_secret AS sealed FROM identity_providers WHERE name = 'private'")
      .get() as {
      client_key: string;
      sealed: string;
    };
    database.close();
    expect(Object.keys(JSON.parse(row.client_key) as object)).to.not.include('d');
    expect(row.sealed).to.match(/^v1\./);
    expect(JSON.stringify((await admin(api.audit.list, { query: { event: 'provider' } })).items)).to.not.include(row.sealed);
  });

  it('no key is told where there is none, and none is made of a look', async () => {
    for (const path of ['/login/client-keys/nowhere', '/login/client-keys/private/certificate.pem', '/login/client-keys/'])
      expect((await stage.server.request(path)).status, path).to.equal(404);
  });

  const faults: Readonly<Record<string, readonly [wish: object, words: string]>> = {
    'a key and a secret': [{ clientSecret: 'both' }, 'clientSecret must be left out'],
    neither: [{ clientAuthentication: 'secret' }, 'clientSecret is needed'],
  };
  for (const [what, [change, words]] of Object.entries(faults))
    it(`with ${what} is refused in words`, async () => {
      const refused = await refusal(admin(api.identityProviders.create, { body: wish({ name: 'faulty', ...change }) }));
      expect(refused.code).to.equal('request.invalid');
      expect(refused.detail).to.include(words);
    });

  it('where the provider takes no keys, says so; a secret beside a key needs a word', async () => {
    const google = await stage.connectGoogle({ name: 'no-keys' });
    const refused = await refusal(
      admin(api.identityProviders.update, { params: { id: google.id }, body: { clientAuthentication: 'private-key' } }),
    );
    expect([refused.code, refused.detail]).to.satisfy(
      ([code, words]: [string, string]) => code === 'request.invalid' && words.includes('does not offer private_key_jwt'),
    );
    const [keyed] = (await admin(api.identityProviders.list, { query: { name: 'private' } })).items;
    const params = { id: keyed!.id };
    expect((await refusal(admin(api.identityProviders.update, { params, body: { clientSecret: 'beside' } }))).detail).to.include(
      'name clientAuthentication secret as well',
    );
    expect((await refusal(admin(api.identityProviders.update, { params, body: { clientAuthentication: 'secret' } }))).detail).to.include(
      'clientSecret is needed',
    );
  });
});
