/** Grants that ask for a second factor, at the connector: decided on every request, by the proof in the session of the lease, as it is now. */
import { expect } from 'chai';
import type { IncomingMessage } from 'node:http';
import type { Credential, GrantWish, MfaGrantWish } from './fake-server.ts';
import { until } from './running-connector.ts';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';

describe('connector: grants that ask for a second factor', function () {
  this.timeout(40_000);
  let cluster: StrangeCluster;
  let people = 0;
  before(async () => {
    cluster = await startStrangeCluster();
    cluster.answer('/watched', (_request, response) => response.writeHead(200).flushHeaders());
  });
  after(async () => cluster.stop());

  async function person(grants: readonly GrantWish[], asking: readonly MfaGrantWish[], mfaAt?: number): Promise<Credential> {
    const { id } = cluster.server.addUser(`person-${(people += 1)}@example.com`, grants);
    cluster.server.setMfaGrants(id, asking);
    return cluster.server.issue(id, mfaAt === undefined ? {} : { mfaAt });
  }
  const inTeam = '/api/v1/namespaces/team-a';
  const get = async (by: Credential, headers: Record<string, string> = {}) => cluster.connector.request(by, `${inTeam}/pods`, { headers });
  const messageOf = (text: string): string => (JSON.parse(text) as { message: string }).message;
  const lent = (request: IncomingMessage | undefined): string[] =>
    (request?.rawHeaders ?? []).filter((_, index, all) => all[index - 1]?.toLowerCase() === 'impersonate-group');
  /** The groups with which the cluster saw it. */
  async function groupsOf(by: Credential): Promise<string[]> {
    const before = cluster.seen.length;
    const { status, text } = await get(by);
    expect(status, text).to.equal(200);
    return lent(cluster.seen[before]);
  }
  const ago = (seconds: number): number => Date.now() - seconds * 1000;

  it('row 41: lends nothing of one without a proof, and says what is needed; a server that tells of no proofs tells of none', async () => {
    const ana = await person([], [{ role: 'view', namespace: 'team-a', mfaSeconds: 900 }]);
    const refused = await get(ana);
    expect(refused.status).to.equal(403);
    expect(messageOf(refused.text)).to.match(
      /^infra: what person-\d+@example\.com is granted for namespace team-a in local needs a second factor proven within 15m; run: infra mfa verify/,
    );
  });

  it('a proof opens it for the credential that is there, even when its notice is lost', async () => {
    const bea = await person([], [{ role: 'view', mfaSeconds: 900 }]);
    expect((await get(bea)).status).to.equal(403);
    cluster.server.announces = false;
    cluster.server.prove(bea.leaseId, Date.now());
    expect((await get(bea)).status).to.equal(200);
    cluster.server.announces = true;
  });

  it('row 41: a proof is of one session: it opens nothing to another of the same person', async () => {
    const cy = await person([], [{ role: 'view', mfaSeconds: 900 }], ago(1));
    const other = await cluster.server.issue(cy.identityId);
    expect((await get(cy)).status).to.equal(200);
    expect((await get(other)).status).to.equal(403);
  });

  it('row 41: is decided on every request: its group is lent beside others, and no more from the moment at which the proof is too old', async () => {
    const dan = await person([{ role: 'view' }], [{ role: 'edit', namespace: 'team-a', mfaSeconds: 60 }], ago(57));
    expect(await groupsOf(dan)).to.deep.equal(['infra:edit@team-a', 'infra:view@*']);
    await until(async () => (await groupsOf(dan)).length === 1, 'the proof to be too old');
    expect(await groupsOf(dan)).to.deep.equal(['infra:view@*']);
    cluster.server.prove(dan.leaseId, Date.now());
    await until(async () => (await groupsOf(dan)).length === 2, 'the new proof to count');
  });

  it('says what a proof would help when the cluster refuses what is lent without one, and nothing when it would not', async () => {
    cluster.answer('/forbidden', (_request, response) => response.writeHead(403, { 'content-type': 'application/json' }).end('{}'));
    const asking: readonly MfaGrantWish[] = [{ role: 'edit', namespace: 'team-a', mfaSeconds: 900 }];
    const warned = async (by: Credential, namespace = 'team-a'): Promise<unknown> =>
      (await cluster.connector.request(by, `/api/v1/namespaces/${namespace}/forbidden`)).headers['warning'];
    const unproven = await person([{ role: 'view' }], asking);
    expect(await warned(unproven)).to.equal(
      '299 infra "more is granted here on condition of a second factor proven within 15m; run: infra mfa verify (without one yet: infra mfa add)"',
    );
    expect(await warned(unproven, 'team-b')).to.equal(undefined);
    expect(await warned(await person([{ role: 'view' }], asking, ago(1)))).to.equal(undefined);
    expect((await get(unproven)).headers).not.to.have.property('warning');
  });

  it('row 41: a watch that ran on it ends when the proof is too old; one that did not goes on', async () => {
    const eva = await person([], [{ role: 'view', mfaSeconds: 60 }], ago(57));
    const fay = await person([{ role: 'view' }], [{ role: 'edit', namespace: 'team-b', mfaSeconds: 60 }], ago(57));
    const [ends, stays] = [
      await cluster.connector.watch(eva, `${inTeam}/watched?watch=true`),
      await cluster.connector.watch(fay, `${inTeam}/watched?watch=true`),
    ];
    expect([ends.status, stays.status]).to.deep.equal([200, 200]);
    await until(() => ends.closedAt !== undefined, 'the watch to end');
    expect((await get(eva)).status).to.equal(403);
    expect(stays.closedAt).to.equal(undefined);
    stays.abort();
  });

  it('a watch goes on over the end of a proof when it was proven again before', async () => {
    const gus = await person([], [{ role: 'view', mfaSeconds: 60 }], ago(57));
    const watch = await cluster.connector.watch(gus, `${inTeam}/watched?watch=true`);
    cluster.server.prove(gus.leaseId, Date.now());
    const old = await person([], [{ role: 'view', mfaSeconds: 60 }], ago(57));
    await until(async () => (await get(old)).status === 403, 'the old proof to be over');
    expect(watch.closedAt).to.equal(undefined);
    expect((await get(gus)).status).to.equal(200);
    watch.abort();
  });

  it('row 41: a watch that ran on it ends when the proof is taken back', async () => {
    const hal = await person([], [{ role: 'view', mfaSeconds: 900 }], ago(1));
    const watch = await cluster.connector.watch(hal, `${inTeam}/watched?watch=true`);
    cluster.server.leases.set(hal.leaseId, { ...cluster.server.leases.get(hal.leaseId)!, mfaAt: null });
    cluster.server.change(hal.leaseId);
    await until(() => watch.closedAt !== undefined, 'the watch to end');
  });

  it('row 41: --as by a grant that asks for it needs the proof, and says so', async () => {
    const asBob = { 'Impersonate-User': 'bob' };
    const ida = await person([{ role: 'view' }], [{ role: 'impersonate:user:bob', mfaSeconds: 900 }]);
    const refused = await get(ida, asBob);
    expect(refused.status).to.equal(403);
    expect(messageOf(refused.text)).to.match(
      /^infra: to act as bob in local person-\d+@example\.com needs a second factor proven within 15m/,
    );
    cluster.server.prove(ida.leaseId, Date.now());
    await until(async () => (await get(ida, asBob)).status === 200, 'acting as bob');
  });

  it('row 41: with the server away it ends by the connector’s own clock, after a restart too', async () => {
    const jan = await person([], [{ role: 'view', mfaSeconds: 60 }], ago(52));
    const kim = await person([], [{ role: 'view', mfaSeconds: 900 }]);
    expect((await get(jan)).status).to.equal(200);
    await cluster.server.stop();
    await cluster.connector.kill('SIGTERM');
    await cluster.connector.start();
    await until(async () => (await get(jan)).status === 200, 'the connector to be back');
    expect((await get(kim)).status).to.equal(403);
    await until(async () => (await get(jan)).status === 403, 'the proof to be too old', 15_000);
    await cluster.server.listen();
  });
});
