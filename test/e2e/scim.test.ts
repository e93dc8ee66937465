/** A directory's word at a real cluster: deactivation and a lost group take access and open streams in a moment, acknowledged by the connector. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { loginByBrowser } from '../support/browser.ts';
import { controlPlane } from '../support/clusters.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { newLease } from '../support/lease.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { newScimClient, provision, scimGroup, type ScimClient } from '../support/scim.ts';
import { waitFor } from '../support/wait-for.ts';

describe('what a directory says by SCIM', function () {
  this.timeout(90_000);
  let guarded: GuardedCluster;
  let company: OidcProvider;
  let scim: ScimClient;
  let readers: string;
  let path: string;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'scim' });
    company = await startOidcProvider([`${guarded.server.url}/login/callback/company`]);
    const { issuer, clientId, clientSecret } = company;
    const provider = await guarded.call(api.identityProviders.create, {
      body: { name: 'company', kind: 'oidc', issuer, clientId, clientSecret, emailDomains: ['example.com'] },
    });
    scim = await newScimClient(guarded.server, provider);
    readers = (await scim.post('/Groups', scimGroup('readers'))).body.id;
    const resource = `${guarded.connector.destination.name}.${guarded.namespace}`;
    await guarded.call(api.grants.create, { body: { subject: 'group:company/readers', role: 'view', resource } });
    path = `/api/v1/namespaces/${guarded.namespace}/configmaps`;
  });
  after(async () => {
    await guarded.stop();
    await company.stop();
  });

  const statusOf = async (client: ConnectorClient): Promise<number> => (await client.request(path)).status;

  /** Somebody whom the directory gave and put into its readers, logged in, with an open watch. */
  async function readerInside(subject: string) {
    const id = await provision(scim, `${subject}@example.com`, { externalId: subject });
    await scim.patch(`/Groups/${readers}`, { op: 'add', path: 'members', value: [{ value: id }] });
    company.people.set(subject, { email: `${subject}@example.com`, email_verified: true });
    company.signIn(subject);
    const { call } = await loginByBrowser(guarded.server, 'company');
    const leased = await newLease(call, guarded.connector.destination.id);
    const client = guarded.client(leased);
    await waitFor(async () => (await statusOf(client)) === 200, { within: 15, what: 'the reader to get in' });
    const watch = await client.stream(`${path}?watch=true`);
    expect(watch.status).to.equal(200);
    return { id, lease: leased.lease, client, watch };
  }

  it('a member who is taken out of a group loses its access and open watches, and nobody else does', async () => {
    const mover = await readerInside('mover');
    const stayer = await readerInside('stayer');
    expect((await scim.patch(`/Groups/${readers}`, { op: 'Remove', path: 'members', value: [{ value: mover.id }] })).status).to.equal(204);
    await waitFor(() => mover.watch.hasEnded(), { within: 10, what: 'the watch to end with the membership' });
    expect(await statusOf(mover.client)).to.equal(403);
    expect(stayer.watch.hasEnded()).to.equal(false);
    stayer.watch.abort();
  });

  it('a renamed group goes on giving what it gave', async () => {
    const reader = await readerInside('keeper');
    expect((await scim.patch(`/Groups/${readers}`, { op: 'replace', value: { id: readers, displayName: 'all readers' } })).status).to.equal(
      204,
    );
    const { items } = await guarded.call(api.grants.list, { query: { subject: 'group:company/all readers' } });
    expect(items).to.have.length(1);
    expect(await statusOf(reader.client)).to.equal(200);
    reader.watch.abort();
  });

  it('somebody who is deactivated is out: session, lease, open streams; the connector acknowledges it', async () => {
    const { id, lease, client, watch } = await readerInside('leaver');
    expect((await scim.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: 'False' })).status).to.equal(200);
    await waitFor(() => watch.hasEnded(), { within: 10, what: 'the watch to end with the person' });
    expect(await statusOf(client)).to.equal(401);
    expect((await guarded.call(api.leases.get, { params: { id: lease.id } })).state).to.equal('revoked');
    const { items } = await guarded.call(api.audit.list, { query: { event: 'account.deactivated' } });
    const [event] = items;
    if (event?.event !== 'account.deactivated') throw new Error('the audit does not tell of it');
    expect(event.actor).to.deep.equal({ kind: 'scim', id: scim.tokenId, name: 'SCIM of company' });
    expect(event.details).to.include({ sessionsEnded: 1, leasesRevoked: 1 });
    const told = await guarded.call(api.changes.acknowledgements, {
      params: { revision: event.details.revision! },
      query: { waitSeconds: 20 },
    });
    expect(told.complete).to.equal(true);
    expect(told.acknowledgements.map(({ state }) => state)).to.deep.equal(['enforced']);
  });
});
