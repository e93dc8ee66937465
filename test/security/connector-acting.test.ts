/** Acting as another identity of the cluster (`kubectl --as`): refused unless a grant says so, then exactly that one identity, and on record with both names. */
import { expect } from 'chai';
import type { AuditDetails, AuditEvent } from '../../shared/api/audit.ts';
import { api } from '../../shared/api/index.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import type { GuardedCluster, Person } from '../support/guarded-cluster.ts';
import type { Terminal } from '../support/infra.ts';
import { newMarker } from '../support/upstream-witness.ts';
import { waitFor } from '../support/wait-for.ts';
import { actingStage, as, type ActingStage } from './acting-stage.ts';

describe('security of the connector: acting as somebody else', function () {
  this.timeout(60_000);
  let stage: ActingStage;
  let guarded: GuardedCluster;
  let client: ConnectorClient;
  let witness: ActingStage['witness'];
  let configMaps: ActingStage['configMaps'];
  let get: ActingStage['get'];
  let refused: ActingStage['refused'];
  let bob: string;
  let eve: string;
  let developers: string;
  let elsewhere: string;
  let plain: Person;
  let actor: Person;
  let terminal: Terminal;

  before(async () => {
    stage = await actingStage('acting');
    ({ guarded, client, witness, configMaps, get, refused, plain, actor } = stage);
    ({ bob, eve, developers, elsewhere } = stage.names);
    terminal = await actor.terminal();
  });
  after(async () => stage.stop());

  interface UserInfo {
    readonly username: string;
    readonly uid?: string;
    readonly groups: readonly string[];
    readonly extra: Readonly<Record<string, readonly string[]>>;
  }
  const whoAmI = async (by: Terminal, ...asking: readonly string[]): Promise<UserInfo> => {
    const { code, stdout, stderr } = await by.kubectl('auth', 'whoami', '-o', 'json', ...asking);
    expect(code, stderr).to.equal(0);
    return (JSON.parse(stdout) as { status: { userInfo: UserInfo } }).status.userInfo;
  };

  it('row 4: --as without such a grant is refused with a sentence that names the grant, and nothing reaches the cluster', async () => {
    const kubectl = (await plain.terminal()).kubectl;
    const { code, stderr } = await kubectl('-n', guarded.namespace, 'get', 'configmaps', '--as', bob);
    expect(code).to.equal(1);
    expect(stderr).to.include(`plain@example.com may not act as ${bob} in ${guarded.connector.destination.name}`);
    expect(stderr).to.include(`infra grants add plain@example.com --role impersonate:user:${bob} ${guarded.connector.destination.name}`);
    const byPlain = await plain.client();
    await refused(byPlain, configMaps(), as(bob), /leave --as out/);
    await refused(byPlain, '/api', as(bob), /leave --as out/);
    expect((await get(byPlain, configMaps(), {})).status).to.equal(200);
  });

  it('the cluster sees the one asked for, with nothing of the person but the names that say who it was', async () => {
    await actor.grant({ role: 'view', namespace: elsewhere });
    const user = await whoAmI(terminal, '--as', bob);
    expect(user.username).to.equal(bob);
    expect(user.uid).to.equal(undefined);
    expect(user.groups).to.deep.equal(['system:authenticated']);
    expect(user.extra).to.have.keys('infra.internal/lease', 'infra.internal/asked-by');
    expect(user.extra['infra.internal/asked-by']).to.deep.equal(['infra:actor@example.com']);
  });

  it('what may be done is what that identity may, in every namespace, and no more', async () => {
    for (const place of [guarded.namespace, elsewhere]) {
      const reads = await terminal.kubectl('-n', place, 'get', 'configmaps', '--as', bob);
      expect(reads.code, reads.stderr).to.equal(0);
      const writes = await terminal.kubectl('-n', place, 'create', 'configmap', newMarker(), '--as', bob);
      expect(writes.stderr).to.include(`User "${bob}" cannot create resource "configmaps"`);
    }
    expect((await get(client, '/api/v1/nodes', as(bob))).text).to.include(`User \\"${bob}\\" cannot list`);
  });

  it('without --as such a grant opens nothing', async () => {
    const without = await guarded.person('without', { role: `impersonate:user:${bob}`, namespace: null });
    const own = await without.client();
    for (const path of [configMaps(), '/api/v1/nodes', '/api', '/version']) expect((await get(own, path, {})).status, path).to.equal(403);
    expect((await get(own, configMaps(), as(bob))).status).to.equal(200);
  });

  it('a group needs a grant of its own, and a user beside it', async () => {
    const { groups } = await whoAmI(terminal, '--as', bob, '--as-group', developers);
    expect(groups).to.deep.equal([developers, 'system:authenticated']);
    const made = await terminal.kubectl('-n', elsewhere, 'create', 'configmap', newMarker(), '--as', bob, '--as-group', developers);
    expect(made.code, made.stderr).to.equal(0);
    const { code, stderr } = await terminal.kubectl('get', 'nodes', '--as', bob, '--as-group', developers, '--as-group', 'testers');
    expect(code).to.equal(1);
    expect(stderr).to.match(/may not act in the group testers .* --role impersonate:group:testers /);
    await refused(client, configMaps(), { 'Impersonate-Group': developers }, /together with a user/);
    await refused(client, configMaps(), as(developers), /impersonate:user:developers/);
  });

  it('another name than the granted one is refused', async () => {
    for (const other of [eve, bob.toUpperCase(), `${bob}x`, bob.slice(0, -1)])
      await refused(client, configMaps(), as(other), /may not act as/);
  });

  it('a service account is itself, with the groups that Kubernetes gives it; granted on its namespace it stays in there', async () => {
    const { namespace } = guarded;
    const operator = await guarded.person('operator', { role: `impersonate:serviceaccount:${namespace}/deployer` });
    const account = `system:serviceaccount:${namespace}:deployer`;
    const own = await operator.terminal();
    const user = await whoAmI(own, '--as', account);
    expect(user.username).to.equal(account);
    expect(user.groups).to.deep.equal(['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']);
    const inside = await own.kubectl('-n', namespace, 'get', 'configmaps', '--as', account);
    expect(inside.code, inside.stderr).to.equal(0);
    const byOperator = await operator.client();
    await refused(byOperator, configMaps(elsewhere), as(account), /outside of that namespace/);
    await refused(byOperator, '/api/v1/configmaps', as(account), /outside of that namespace/);
    await refused(byOperator, configMaps(), as(`system:serviceaccount:${namespace}:default`), /serviceaccount:.*\/default/);
    await operator.grant({ role: `impersonate:serviceaccount:${namespace}/deployer`, namespace: null });
    const outside = await get(byOperator, configMaps(elsewhere), as(account));
    expect(outside.status, outside.text).to.equal(200);
  });

  it('a ClusterRole of the name of such a role is not bound to anybody', async () => {
    const role = `impersonate:user:${bob}`;
    await guarded.admin('create', 'clusterrole', role, '--verb=get', '--resource=nodes');
    try {
      await guarded.admin('label', 'clusterrole', role, 'infra.internal/grantable=true');
      const named = await guarded.person('named', { role, namespace: null });
      const bindings = await guarded.admin('get', 'clusterrolebindings,rolebindings', '-A', '-o', 'jsonpath={.items[*].roleRef.name}');
      expect(bindings.split(' ')).not.to.include(role);
      expect((await get(await named.client(), '/api/v1/nodes', {})).status).to.equal(403);
    } finally {
      await guarded.admin('delete', 'clusterrole', role);
    }
  });

  it("both names are in infra's audit, for what was let and what was refused, and in the cluster's own", async () => {
    const marker = newMarker();
    const path = `${configMaps()}/${marker}`;
    await get(client, path, as(bob, developers));
    await get(client, path, as(eve));
    const [seen] = await witness.seen(marker);
    expect(seen?.impersonatedUser?.username).to.equal(bob);
    expect(seen?.impersonatedUser?.groups).to.deep.equal([developers, 'system:authenticated']);
    expect(seen?.impersonatedUser?.extra?.['infra.internal/asked-by']).to.deep.equal(['infra:actor@example.com']);
    type RequestEvent = Extract<AuditEvent, { details: AuditDetails<'request.completed'> }>;
    const isOfPath = (event: AuditEvent): event is RequestEvent => 'path' in event.details && event.details.path === path;
    const events = await waitFor(
      async () => {
        const { items } = await guarded.call(api.audit.list, { query: { actor: 'actor@example.com', limit: 200 } });
        const found = items.filter(isOfPath);
        return found.length === 2 ? found : undefined;
      },
      { within: 10, what: 'both requests in the audit' },
    );
    const [refusal, done] = ['refused', 'success'].map((outcome) => events.find((event) => event.outcome === outcome));
    for (const event of [refusal, done]) expect(event?.actor).to.include({ kind: 'user', id: actor.id, name: 'actor@example.com' });
    expect(done?.details.impersonatedUser).to.equal(bob);
    expect(done?.details.impersonatedGroups).to.deep.equal([developers]);
    expect(done?.details.asked).to.deep.equal({ user: bob, groups: [developers] });
    expect(refusal?.details).to.deep.include({ impersonatedUser: '', asked: { user: eve, groups: [] } });
    expect(refusal?.details.reason).to.include(`may not act as ${eve}`);
  });
});
