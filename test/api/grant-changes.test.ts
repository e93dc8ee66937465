/** Grants tried before they are made, changed while they stand, and removed together; and that connectors hear of it at once. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { DesiredState } from '../../shared/api/connectors.ts';
import type { Grant, GrantPreview } from '../../shared/api/grants.ts';
import type { Call } from '../../shared/client.ts';
import { enrolConnector, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, startServer, type RunningServer } from '../support/server.ts';

describe('grants that are tried, changed and removed together', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let connector: EnrolledConnector;

  before(async () => {
    server = await startServer();
    admin = await server.admin();
    connector = await enrolConnector(server, 'prod');
    const discovery = { namespaces: ['web'], clusterRoles: ['view', 'edit'], roles: ['web/pods'], kubernetesVersion: 'v1.34.0' };
    const body = JSON.stringify({ replica: 'r', sequence: 1, version: 'test', clusterUid: null, address: null, discovery, grants: [] });
    expect((await connector.send({ method: 'POST', path: '/api/v1/connector/report', body })).status).to.equal(204);
    for (const email of ['ana@example.com', 'bob@example.com', 'eve@example.com']) await admin(api.users.create, { body: { email } });
    await admin(api.workloads.create, { body: { name: 'robot' } });
    for (const name of ['crew', 'nobody']) await admin(api.groups.create, { body: { name } });
    const [crew] = (await admin(api.groups.list, { query: { name: 'crew' } })).items;
    for (const identity of ['ana@example.com', 'bob@example.com', 'eve@example.com', 'workload:robot'])
      await admin(api.groups.addMember, { params: { id: crew!.id }, body: { identity } });
    const [eve] = (await admin(api.users.list, { query: { email: 'eve@example.com' } })).items;
    await admin(api.users.disable, { params: { id: eve!.id } });
  });
  after(async () => server.stop());

  const later = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();
  type Wish = { subject: string; role: string; resource: string; until?: string; mfaSeconds?: number };
  const give = async (wish: Wish): Promise<Grant> => (await admin(api.grants.create, { body: wish })).grant;
  const remove = async (...grants: readonly Grant[]) => admin(api.grants.removeMany, { body: { ids: grants.map(({ id }) => id) } });
  const desired = async (): Promise<DesiredState> => {
    const answer = await connector.send({ method: 'GET', path: '/api/v1/connector/desired-state' });
    return (await answer.json()) as DesiredState;
  };
  const told = async (id: string) => {
    const state = await desired();
    const grants = state.identities.flatMap((identity) => [...identity.grants, ...(identity.mfaGrants ?? [])]);
    return { revision: state.revision, grant: grants.find((grant) => grant.id === id) };
  };

  describe('changing', () => {
    it('end, second factor and reason change, are told to the connector, and are on record with what they were', async () => {
      const grant = await give({ subject: 'ana@example.com', role: 'view', resource: 'prod.web' });
      const until = later(3);
      const changed = await admin(api.grants.update, { params: { id: grant.id }, body: { until, reason: 'on call', mfaSeconds: 900 } });
      expect(changed.grant).to.deep.equal({ ...grant, until, reason: 'on call', mfaSeconds: 900 });
      expect(changed.change?.destinations).to.deep.equal([connector.destinationId]);
      const now = await told(grant.id);
      expect(now.revision).to.equal(changed.change?.revision);
      expect(now.grant).to.include({ until, mfaSeconds: 900 });
      const [event] = (await admin(api.audit.list, { query: { event: 'grant.changed', limit: 1 } })).items;
      expect(event?.destination?.name).to.equal('prod');
      expect(event?.details).to.deep.include({
        ...{ grant: grant.id, role: 'view', resource: 'prod.web' },
        before: { until: null, mfaSeconds: null, reason: null },
        after: { until, mfaSeconds: 900, reason: 'on call' },
      });
      await remove(grant);
    });

    it('what is left out stays, null takes it off, and a reason is no connector’s business', async () => {
      const grant = await give({ subject: 'ana@example.com', role: 'edit', resource: 'prod', until: later(1), mfaSeconds: 600 });
      const update = async (body: object) => admin(api.grants.update, { params: { id: grant.id }, body });
      const noted = await update({ reason: 'why not' });
      expect([noted.change, noted.grant.until, noted.grant.mfaSeconds]).to.deep.equal([null, grant.until, 600]);
      expect((await update({ until: null })).grant).to.include({ until: null, mfaSeconds: 600, reason: 'why not' });
      const last = await update({ mfaSeconds: null, reason: null });
      expect(last.grant).to.include({ until: null, mfaSeconds: null, reason: null });
      expect((await told(grant.id)).grant).to.include({ until: null });
      const events = async () => (await admin(api.audit.list, { query: { event: 'grant.changed' } })).items.length;
      const before = await events();
      expect((await update({ until: null })).change).to.equal(null);
      expect(await events(), 'what changes nothing writes nothing').to.equal(before);
      await remove(grant);
    });
  });

  describe('removing together', () => {
    it('all of them go in one change', async () => {
      const grants = [
        await give({ subject: 'ana@example.com', role: 'view', resource: 'prod' }),
        await give({ subject: 'bob@example.com', role: 'view', resource: 'prod' }),
        await give({ subject: 'group:crew', role: 'edit', resource: 'prod' }),
        await give({ subject: 'ana@example.com', role: 'view', resource: 'infra' }),
      ];
      const { removed, change } = await remove(...grants);
      expect(removed).to.equal(4);
      expect(change?.destinations).to.deep.equal([connector.destinationId]);
      const state = await desired();
      expect([state.revision, state.identities]).to.deep.equal([change?.revision, []]);
    });
  });

  describe('trying', () => {
    const preview = async (wish: Wish): Promise<GrantPreview> => admin(api.grants.preview, { body: wish });
    const kinds = ({ warnings }: GrantPreview): string[] => warnings.map(({ kind }) => kind);
    const names = (people: { readonly sample: readonly { readonly name: string }[] }): string[] => people.sample.map(({ name }) => name);

    it('tells of a group who is in it, who has it already, and who gains', async () => {
      const own = await give({ subject: 'ana@example.com', role: 'edit', resource: 'prod' });
      const tried = await preview({ subject: 'group:crew', role: 'view', resource: 'prod.web' });
      expect(tried).to.include({ valid: true, alreadyHold: 1 });
      expect([tried.identities.count, names(tried.identities)]).to.deep.equal([
        4,
        ['ana@example.com', 'bob@example.com', 'eve@example.com', 'robot'],
      ]);
      expect([tried.gains.count, names(tried.gains)]).to.deep.equal([2, ['bob@example.com', 'robot']]);
      expect(kinds(tried)).to.include('disabled').and.not.include('role-unknown');
      const held = await preview({ subject: 'ana@example.com', role: 'view', resource: 'prod' });
      expect([held.valid, held.gains.count, kinds(held).includes('nothing-new')]).to.deep.equal([true, 0, true]);
      await remove(own);
    });

    it('a grant that is shorter, or on harder terms, covers nothing', async () => {
      const short = await give({ subject: 'bob@example.com', role: 'view', resource: 'prod', until: later(1) });
      const gains = async (wish: Partial<Wish>) =>
        (await preview({ subject: 'bob@example.com', role: 'view', resource: 'prod', ...wish })).gains.count;
      expect([await gains({}), await gains({ until: later(2) }), await gains({ role: 'edit' })]).to.deep.equal([1, 1, 1]);
      const until = new Date(Date.now() + 3_600_000).toISOString();
      expect(await gains({ until, resource: 'prod.web' })).to.equal(0);
      await remove(short);
    });

    it('names what would be refused, and where, as making it does', async () => {
      const standing = await give({ subject: 'ana@example.com', role: 'view', resource: 'prod' });
      const cases: readonly (readonly [wish: Wish, code: string, field: string | null])[] = [
        [{ subject: 'none@example.com', role: 'view', resource: 'prod' }, 'identity.not-found', 'subject'],
        [{ subject: 'group:none', role: 'view', resource: 'prod' }, 'group.not-found', 'subject'],
        [{ subject: 'ana@example.com', role: 'view', resource: 'none' }, 'destination.not-found', 'resource'],
        [{ subject: 'ana@example.com', role: 'edit', resource: 'infra' }, 'request.invalid', 'role'],
        [{ subject: 'ana@example.com', role: 'role/pods', resource: 'prod' }, 'request.invalid', 'resource'],
        [{ subject: 'ana@example.com', role: 'view', resource: 'prod', until: '2020-01-01T00:00:00Z' }, 'request.invalid', 'until'],
        [{ subject: 'workload:robot', role: 'view', resource: 'prod', mfaSeconds: 900 }, 'request.invalid', 'mfaSeconds'],
        [{ subject: 'ana@example.com', role: 'view', resource: 'prod' }, 'grant.duplicate', null],
      ];
      for (const [wish, code, field] of cases) {
        const { valid, problems } = await preview(wish);
        expect([valid, problems[0]?.code, problems[0]?.field], JSON.stringify(wish)).to.deep.equal([false, code, field]);
        expect((await refusal(admin(api.grants.create, { body: wish }))).code).to.equal(code);
      }
      await remove(standing);
    });

    it('warns of what speaks against it', async () => {
      expect(kinds(await preview({ subject: 'group:nobody', role: 'view', resource: 'prod' }))).to.include('nobody');
      expect(kinds(await preview({ subject: 'ana@example.com', role: 'pod-reader', resource: 'prod' }))).to.include('role-unknown');
      expect(kinds(await preview({ subject: 'ana@example.com', role: 'role/pods', resource: 'prod.web' }))).to.not.include('role-unknown');
      expect(kinds(await preview({ subject: 'ana@example.com', role: 'view', resource: 'prod.db' }))).to.include('namespace-unknown');
      expect(kinds(await preview({ subject: adminEmail, role: 'cluster-admin', resource: 'prod' }))).to.include.members([
        ...['everything', 'own-rights', 'offline', 'role-unknown'],
      ]);
      await admin(api.destinations.create, { body: { name: 'new' } });
      expect(kinds(await preview({ subject: 'ana@example.com', role: 'view', resource: 'new' }))).to.deep.equal(['never-connected']);
      const asking = await preview({ subject: 'group:crew', role: 'view', resource: 'prod', mfaSeconds: 900 });
      expect(kinds(asking)).to.include.members(['second-factor-missing', 'second-factor-workload']);
      expect(names(asking.gains)).to.not.include('robot');
    });

    it('makes nothing', async () => {
      const before = [(await admin(api.grants.list, {})).items, (await desired()).revision];
      await preview({ subject: 'ana@example.com', role: 'view', resource: 'prod' });
      expect([(await admin(api.grants.list, {})).items, (await desired()).revision]).to.deep.equal(before);
    });
  });
});
