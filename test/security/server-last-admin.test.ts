/** Row 32: somebody who can administer remains, whatever is removed. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { ApiError, type Call } from '../../shared/client.ts';
import type { GroupId, UserId } from '../../shared/api/values.ts';
import { adminEmail, startServer, type RunningServer } from '../support/server.ts';

describe('the last admin', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let adminId: UserId;

  before(async () => {
    server = await startServer();
    admin = await server.admin();
    const { items } = await admin(api.users.list, { query: { email: adminEmail } });
    adminId = items[0]!.id;
  });
  after(async () => server.stop());

  const expectLast = async (work: Promise<unknown>): Promise<void> => {
    const code = await work.then(
      () => 'done',
      (error: unknown) => (error instanceof ApiError ? error.problem.code : String(error)),
    );
    expect(code).to.equal('admin.last');
    // Nothing of it happened: the same session still administers.
    expect((await admin(api.sessions.current, {})).serverRoles).to.include('admin');
  };
  const adminGrant = async (subject: string) =>
    (await admin(api.grants.list, { query: { subject, role: 'admin', resource: 'infra' } })).items[0]!;

  it('row 32: is not disabled', async () => expectLast(admin(api.users.disable, { params: { id: adminId } })));
  it('row 32: is not removed', async () => expectLast(admin(api.users.remove, { params: { id: adminId } })));
  it('row 32: does not lose the grant', async () =>
    expectLast(admin(api.grants.remove, { params: { id: (await adminGrant(adminEmail)).id } })));

  it('row 32: a grant that ends, a workload’s, or an empty group’s is no replacement', async () => {
    const { id: groupId } = await admin(api.groups.create, { body: { name: 'nobody' } });
    await admin(api.workloads.create, { body: { name: 'robot' } });
    for (const subject of ['group:nobody', 'workload:robot'])
      await admin(api.grants.create, { body: { subject, role: 'admin', resource: 'infra' } });
    await admin(api.users.create, { body: { email: 'soon-over@example.com' } });
    await admin(api.grants.create, {
      body: { subject: 'soon-over@example.com', role: 'admin', resource: 'infra', until: new Date(Date.now() + 3_600_000).toISOString() },
    });
    await expectLast(admin(api.users.disable, { params: { id: adminId } }));
    await admin(api.groups.remove, { params: { id: groupId } });
  });

  it('row 32: a right that hangs on a group survives neither the group’s removal, the membership’s, nor the grant’s', async () => {
    const { id: groupId } = await admin(api.groups.create, { body: { name: 'admins' } });
    await admin(api.groups.addMember, { params: { id: groupId }, body: { identity: adminEmail } });
    await admin(api.grants.create, { body: { subject: 'group:admins', role: 'admin', resource: 'infra' } });
    await admin(api.grants.remove, { params: { id: (await adminGrant(adminEmail)).id } });
    await expectLast(admin(api.groups.remove, { params: { id: groupId } }));
    await expectLast(admin(api.groups.removeMember, { params: { id: groupId, identity: adminId } }));
    await expectLast(admin(api.grants.remove, { params: { id: (await adminGrant('group:admins')).id } }));
    await replaceAndLeave(groupId);
  });

  async function replaceAndLeave(groupId: GroupId): Promise<void> {
    const { user } = await admin(api.users.create, { body: { email: 'second@example.com' } });
    await admin(api.grants.create, { body: { subject: 'second@example.com', role: 'admin', resource: 'infra' } });
    // Now there is another: every path is open.
    await admin(api.grants.create, { body: { subject: adminEmail, role: 'admin', resource: 'infra' } });
    await admin(api.groups.remove, { params: { id: groupId } });
    await admin(api.users.disable, { params: { id: user.id } });
    await expectLast(admin(api.users.disable, { params: { id: adminId } }));
  }
});
