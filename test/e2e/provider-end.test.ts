/** People who came in through an identity provider, at a real cluster: what the provider no longer says, and its own end, take their access in a moment. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { IdentityProvider } from '../../shared/api/identity-providers.ts';
import { loginByBrowser } from '../support/browser.ts';
import { controlPlane } from '../support/clusters.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { newLease } from '../support/lease.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the end of what an identity provider said', function () {
  this.timeout(90_000);
  let guarded: GuardedCluster;
  let company: OidcProvider;
  let provider: IdentityProvider;
  let path: string;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'provider-end' });
    company = await startOidcProvider([`${guarded.server.url}/login/callback/company`]);
    const { issuer, clientId, clientSecret } = company;
    provider = await guarded.call(api.identityProviders.create, {
      body: { name: 'company', kind: 'okta', issuer, clientId, clientSecret, emailDomains: ['example.com'] },
    });
    await guarded.call(api.groups.create, { body: { name: 'company/readers' } });
    const resource = `${guarded.connector.destination.name}.${guarded.namespace}`;
    await guarded.call(api.grants.create, { body: { subject: 'group:company/readers', role: 'view', resource } });
    path = `/api/v1/namespaces/${guarded.namespace}/configmaps`;
  });
  after(async () => {
    await guarded.stop();
    await company.stop();
  });

  const statusOf = async (client: ConnectorClient): Promise<number> => (await client.request(path)).status;

  /** Somebody of the company's readers with an open watch. */
  async function readerInside(subject: string) {
    company.people.set(subject, { email: `${subject}@example.com`, email_verified: true, groups: ['readers'] });
    company.signIn(subject);
    const { call } = await loginByBrowser(guarded.server, 'company');
    const client = guarded.client(await newLease(call, guarded.connector.destination.id));
    await waitFor(async () => (await statusOf(client)) === 200, { within: 15, what: 'the reader to get in' });
    const watch = await client.stream(`${path}?watch=true`);
    expect(watch.status).to.equal(200);
    return { client, watch };
  }

  it("a group that the next login does not name takes its access and its open watches, and nobody else's", async () => {
    const mover = await readerInside('mover');
    const stayer = await readerInside('stayer');
    company.people.set('mover', { email: 'mover@example.com', email_verified: true, groups: [] });
    company.signIn('mover');
    await loginByBrowser(guarded.server, 'company');
    await waitFor(() => mover.watch.hasEnded(), { within: 10, what: 'the watch to end with the membership' });
    expect(await statusOf(mover.client)).to.equal(403);
    expect(stayer.watch.hasEnded()).to.equal(false);
    expect(await statusOf(stayer.client)).to.equal(200);
    stayer.watch.abort();
  });

  it('a provider that is disabled ends the streams of all who came through it, acknowledged by the connector', async () => {
    const readers = [await readerInside('ana'), await readerInside('ben')];
    const { change } = await guarded.call(api.identityProviders.disable, { params: { id: provider.id } });
    for (const { watch } of readers) await waitFor(() => watch.hasEnded(), { within: 10, what: 'a watch to end with the provider' });
    for (const { client } of readers) expect(await statusOf(client)).to.equal(401);
    const told = await guarded.call(api.changes.acknowledgements, { params: { revision: change!.revision }, query: { waitSeconds: 20 } });
    expect(told.complete).to.equal(true);
    expect(told.acknowledgements.map(({ state }) => state)).to.deep.equal(['enforced']);
    expect(told.acknowledgements[0]?.streamsClosed).to.be.at.least(2);
    await guarded.call(api.identityProviders.enable, { params: { id: provider.id } });
  });
});
