/** Changing and removing grants is no way around the rules of making them, and none to leave infra without an admin: rows 11, 23 and 32. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { Grant } from '../../shared/api/grants.ts';
import type { Call } from '../../shared/client.ts';
import type { GrantId } from '../../shared/api/values.ts';
import { newId } from '../../shared/id.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the server: changed grants', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let adminGrant: Grant;

  before(async () => {
    server = await startServer();
    admin = await server.admin();
    await admin(api.destinations.create, { body: { name: 'prod' } });
    await admin(api.users.create, { body: { email: 'ana@example.com' } });
    await admin(api.workloads.create, { body: { name: 'robot' } });
    adminGrant = (await admin(api.grants.list, { query: { subject: adminEmail, role: 'admin', resource: 'infra' } })).items[0]!;
  });
  after(async () => server.stop());

  const later = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();
  const give = async (body: { subject: string; role: string; resource: string; until?: string; mfaSeconds?: number }): Promise<Grant> =>
    (await admin(api.grants.create, { body })).grant;
  const update = async (id: GrantId, body: object) => admin(api.grants.update, { params: { id }, body });
  const removeMany = async (...ids: readonly GrantId[]) => admin(api.grants.removeMany, { body: { ids: [...ids] } });
  const inForce = async (): Promise<string[]> => (await admin(api.grants.list, {})).items.map(({ id }) => id);

  it('row 32: the last admin’s grant gets no end', async () => {
    expect((await refusal(update(adminGrant.id, { until: later(86_400_000) }))).code).to.equal('admin.last');
    expect((await admin(api.grants.get, { params: { id: adminGrant.id } })).until).to.equal(null);
    // What takes nothing away is nothing to refuse.
    expect((await update(adminGrant.id, { reason: 'the first' })).grant.until).to.equal(null);
  });

  it('row 32: the last admin’s grant does not go with others, and none of the others goes', async () => {
    const other = await give({ subject: 'ana@example.com', role: 'view', resource: 'prod' });
    const before = await inForce();
    expect((await refusal(removeMany(other.id, adminGrant.id))).code).to.equal('admin.last');
    expect(await inForce()).to.deep.equal(before);
    await removeMany(other.id);
  });

  it('row 32: with another admin for good, either may get an end, and then not the other', async () => {
    await newPerson(server, 'second@example.com');
    const second = await give({ subject: 'second@example.com', role: 'admin', resource: 'infra' });
    await update(second.id, { until: later(86_400_000) });
    expect((await refusal(update(adminGrant.id, { until: later(86_400_000) }))).code).to.equal('admin.last');
    expect((await refusal(removeMany(adminGrant.id))).code).to.equal('admin.last');
    await removeMany(second.id);
  });

  const refusedChanges: Readonly<
    Record<string, { readonly grant: Parameters<typeof give>[0]; readonly body: object; readonly field: string; readonly code?: string }>
  > = {
    'an end in the past': {
      grant: { subject: 'ana@example.com', role: 'view', resource: 'prod' },
      body: { until: '2020-01-01T00:00:00Z' },
      field: 'body.until',
    },
    'a second factor of a workload': {
      grant: { subject: 'workload:robot', role: 'view', resource: 'prod' },
      body: { mfaSeconds: 900 },
      field: 'body.mfaSeconds',
    },
    'a second factor for rights on infra itself': {
      grant: { subject: 'ana@example.com', role: 'view', resource: 'infra' },
      body: { mfaSeconds: 900 },
      field: 'body.mfaSeconds',
    },
    'a second factor older than a day': {
      grant: { subject: 'ana@example.com', role: 'view', resource: 'prod' },
      body: { mfaSeconds: 86_401 },
      field: 'body.mfaSeconds',
    },
    'a reason of several lines': {
      grant: { subject: 'ana@example.com', role: 'view', resource: 'prod' },
      body: { reason: 'one\n\u001b[31mtwo' },
      field: 'body.reason',
    },
    'another role': {
      grant: { subject: 'ana@example.com', role: 'view', resource: 'prod' },
      body: { role: 'cluster-admin', until: null },
      field: 'body',
    },
    'another subject': {
      grant: { subject: 'ana@example.com', role: 'view', resource: 'prod' },
      body: { subject: adminEmail, reason: 'x' },
      field: 'body',
    },
    nothing: { grant: { subject: 'ana@example.com', role: 'view', resource: 'prod' }, body: {}, field: 'body' },
  };
  for (const [what, { grant, body, field }] of Object.entries(refusedChanges))
    it(`row 11: ${what} is refused as it would be when made, and the grant stays as it was`, async () => {
      const made = await give(grant);
      const problem = await refusal(update(made.id, body));
      expect([problem.code, problem.fields?.[0]?.path]).to.deep.equal(['request.invalid', field]);
      expect(await admin(api.grants.get, { params: { id: made.id } })).to.deep.equal(made);
      await removeMany(made.id);
    });

  it('row 11: the name of infra’s own people is not lent by a longer life either, once the destination’s prefix is that', async () => {
    const { destination } = await admin(api.destinations.create, { body: { name: 'other' } });
    const made = await give({ subject: 'ana@example.com', role: 'impersonate:user:team:bob', resource: 'other', until: later(86_400_000) });
    await admin(api.destinations.update, { params: { id: destination.id }, body: { userPrefix: 'team:' } });
    expect((await refusal(update(made.id, { until: null }))).fields?.[0]?.path).to.equal('body.role');
    await removeMany(made.id);
  });

  it('row 11: a grant that ended, or was removed, does not come back by a later end', async () => {
    const short = await give({ subject: 'ana@example.com', role: 'view', resource: 'prod', until: later(1500) });
    const gone = await give({ subject: 'ana@example.com', role: 'edit', resource: 'prod' });
    await removeMany(gone.id);
    await waitFor(async () => !(await inForce()).includes(short.id), { within: 10, what: 'the grant to end' });
    for (const { id } of [short, gone]) {
      expect((await refusal(update(id, { until: later(86_400_000) }))).code).to.equal('grant.not-found');
      expect((await refusal(removeMany(id))).code).to.equal('grant.not-found');
    }
  });

  it('row 11: a change that another grant makes pointless is refused, with the way to end it', async () => {
    const long = await give({ subject: 'ana@example.com', role: 'view', resource: 'prod', mfaSeconds: 900 });
    const short = await give({ subject: 'ana@example.com', role: 'view', resource: 'prod', until: later(86_400_000) });
    const problem = await refusal(update(short.id, { mfaSeconds: 600 }));
    expect(problem.code).to.equal('grant.duplicate');
    expect(problem.detail).to.include(long.id).and.include(`infra grants remove ${short.id}`);
    await removeMany(long.id, short.id);
  });

  it('row 23: one id that is none keeps all, and is named', async () => {
    const made = await give({ subject: 'ana@example.com', role: 'view', resource: 'prod' });
    // An id made with the prefix of grants is one.
    const none = newId('grant', Date.now()) as GrantId;
    const problem = await refusal(removeMany(made.id, none));
    expect([problem.code, problem.detail.includes(none)]).to.deep.equal(['grant.not-found', true]);
    expect(await inForce()).to.include(made.id);
    for (const ids of [[], [made.id, made.id], Array.from({ length: 201 }, () => newId('grant', Date.now())), ['usr_x']])
      expect((await refusal(removeMany(...(ids as GrantId[])))).code, `${ids.length} ids`).to.equal('request.invalid');
    await removeMany(made.id);
  });
});
