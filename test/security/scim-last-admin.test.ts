/** Row 32: a directory takes the last admin's access at once, the right stays at rest, and `recover-admin` on the host works. */
import { expect } from 'chai';
import Sqlite from 'better-sqlite3';
import { api } from '../../shared/api/index.ts';
import { loginByBrowser } from '../support/browser.ts';
import { refusal } from '../support/refusal.ts';
import { newScimClient, provision, type ScimClient } from '../support/scim.ts';
import { serverCommand } from '../support/server-command.ts';
import { adminEmail } from '../support/server.ts';
import { attempt, federationStage, type FederationStage } from './federation-stage.ts';

const email = 'ana@example.com';
const password = 'a lantern in the harbour';

describe('the last admin, whom a directory', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  let scim: ScimClient;
  beforeEach(async () => {
    stage = await federationStage();
    scim = await newScimClient(stage.server, stage.acme);
  });
  afterEach(async () => stage.stop());

  /** The directory's Ana administers, and nobody else does. */
  async function onlyAdmin() {
    const admin = await stage.server.admin();
    const id = await provision(scim, email, { externalId: 'ana' });
    await admin(api.grants.create, { body: { subject: email, role: 'admin', resource: 'infra' } });
    const { call } = await loginByBrowser(stage.server, 'acme');
    const [own] = (await call(api.grants.list, { query: { subject: adminEmail, role: 'admin' } })).items;
    await call(api.grants.remove, { params: { id: own!.id } });
    return { id, call };
  }
  function adminGrants(): number {
    const database = new Sqlite(stage.server.databaseFile, { readonly: true });
    const [row] = database.prepare("SELECT count(*) AS count FROM grants WHERE role = 'admin' AND ended_at IS NULL").all();
    database.close();
    return (row as { count: number }).count;
  }

  it('row 32: keeps out, is no reason to let another one go', async () => {
    const admin = await stage.server.admin();
    const id = await provision(scim, email, { externalId: 'ana' });
    await admin(api.grants.create, { body: { subject: email, role: 'admin', resource: 'infra' } });
    await scim.patch(`/Users/${id}`, { op: 'replace', value: { active: false } });
    const { items } = await admin(api.users.list, { query: { email: adminEmail } });
    expect((await refusal(admin(api.users.disable, { params: { id: items[0]!.id } }))).code).to.equal('admin.last');
  });

  for (const [what, act] of [
    ['deactivates', async (id: string) => scim.patch(`/Users/${id}`, { op: 'Replace', path: 'active', value: false })],
    ['removes', async (id: string) => scim.remove(`/Users/${id}`)],
  ] as const)
    it(`row 32: ${what}, is out at once and comes back by recover-admin alone`, async () => {
      const { id, call } = await onlyAdmin();
      expect((await act(id)).status).to.be.oneOf([200, 204]);
      expect((await refusal(call(api.sessions.current, {}))).status).to.equal(401);
      expect((await attempt(stage.server)).answer.get('error')).to.equal('login.user-disabled');
      expect(adminGrants()).to.equal(1);

      const { stdout } = await serverCommand(stage.server.dataDir, 'recover-admin', `--public-url=${stage.server.url}`);
      const token = stdout.trim().split('#')[1] ?? '';
      await stage.server.client()(api.server.setup, { body: { token, email, password } });
      const recovered = await stage.server.login(email, password);
      expect((await recovered.call(api.sessions.current, {})).serverRoles).to.include('admin');
      expect((await recovered.call(api.sessions.current, {})).identity.id).to.equal(id);
    });
});
