/** What no grant to act as somebody else opens: names that are nobody's, headers that say it otherwise, streams past its end, the connector's own. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { statusOf, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { startKubectl } from '../support/long-kubectl.ts';
import { newMarker } from '../support/upstream-witness.ts';
import { waitFor } from '../support/wait-for.ts';
import { actingStage, as, type ActingStage } from './acting-stage.ts';

describe('security of the connector: the limits of acting as somebody else', function () {
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
  let actor: Person;

  before(async () => {
    stage = await actingStage('acting-limits');
    ({ guarded, client, witness, configMaps, get, refused, actor } = stage);
    ({ bob, eve, developers } = stage.names);
  });
  after(async () => stage.stop());

  it("names of Kubernetes', of infra's and of the connector's own are nobody's", async () => {
    const own = guarded.account.namespace;
    for (const user of [
      'system:admin',
      'system:anonymous',
      'system:kube-controller-manager',
      'infra:plain@example.com',
      guarded.account.username,
    ])
      await refused(client, configMaps(), as(user), /--as may not name/);
    for (const group of ['system:masters', 'system:authenticated', 'infra:cluster-admin@*', 'infra:group:x'])
      await refused(client, configMaps(), as(bob, group), /--as-group (?:may not|must) name/);
    // The server does not know where the connector lives; the connector says so of the grant, and refuses.
    const id = await actor.grant({ role: `impersonate:serviceaccount:${own}/connector`, namespace: null });
    const state = await waitFor(
      async () => {
        const { state: found } = await guarded.call(api.grants.get, { params: { id } });
        return found.state === 'failed' ? found : undefined;
      },
      { within: 15, what: 'the grant to fail' },
    );
    expect(state.reason).to.match(/the connector's own; remove this grant/);
    await refused(client, configMaps(), as(guarded.account.username), /the connector's own/);
  });

  it('a connector that was told of another namespace as its own still knows its own account by its token', async () => {
    const other = await guardCluster({
      cluster: guarded.cluster,
      name: 'acting-told',
      connector: { variables: { NAMESPACE: 'kube-node-lease' } },
    });
    try {
      const person = await other.person('ana', { role: 'view' });
      const id = await person.grant({ role: `impersonate:serviceaccount:${other.account.namespace}/infra-connector`, namespace: null });
      const own = await person.client();
      await waitFor(async () => (await other.call(api.grants.get, { params: { id } })).state.state === 'failed', {
        within: 15,
        what: 'the grant to fail',
      });
      const answer = await get(own, '/api/v1/nodes', as(other.account.username));
      expect(answer.status, answer.text).to.equal(403);
      expect(statusOf(answer.text).message).to.equal("infra: --as may not name the connector's own service account");
    } finally {
      await other.stop();
    }
  });

  for (const [title, asking, says] of [
    ['a uid', ['Impersonate-User: BOB', 'Impersonate-Uid: 0'], /leave --as-uid and --as-user-extra out/],
    ['an extra', ['Impersonate-User: BOB', 'Impersonate-Extra-Scopes: all'], /leave --as-uid and --as-user-extra out/],
    ['our own extra', ['Impersonate-User: BOB', 'Impersonate-Extra-infra.internal%2Fasked-by: infra:eve'], /--as-user-extra/],
    ['an unknown kind', ['Impersonate-User: BOB', 'Impersonate-Anything: x'], /spell it Impersonate-User/],
    ['underscores', ['Impersonate_User: BOB'], /spell it Impersonate-User/],
    ['other letters', ['IMPERSONATE-USER: BOB'], /spell it Impersonate-User/],
    ['two users', ['Impersonate-User: BOB', 'Impersonate-User: EVE'], /twice/],
    ['a list', ['Impersonate-User: BOB,EVE'], /may not|must name/],
    ['a list of groups', ['Impersonate-User: BOB', 'Impersonate-Group: DEV,system:masters'], /must name a group/],
    ['an empty user', ['Impersonate-User:'], /must hold one name/],
    ['an empty group', ['Impersonate-User: BOB', 'Impersonate-Group:'], /must hold one name/],
    ['percent signs', ['Impersonate-User: %62ob'], /must name a user/],
    ['a space within', ['Impersonate-User: BOB EVE'], /must hold one name/],
    ['bytes beyond ASCII', ['Impersonate-User: b\u00f6b'], /must hold one name/],
    ['a hidden line', ['Impersonate-User: BOB\rImpersonate-Group: system:masters'], /./],
    ['a folded line', ['Impersonate-User: BOB', ' Impersonate-Group: system:masters'], /./],
    ['a wish to drop it', ['Impersonate-User: BOB', 'Connection: Impersonate-User'], /Connection header/],
  ] as const)
    it(`row 3: asked by ${title}: refused, and nothing reaches the cluster`, async () => {
      const marker = newMarker();
      const headers = asking.map((line) => `${line.replace('BOB', bob).replace('EVE', eve).replace('DEV', developers)}\r\n`).join('');
      for (const line of [`GET ${configMaps()}?x=${marker}`, `DELETE ${configMaps()}/${marker}`, `GET /api?x=${marker}`]) {
        const [answer] = await client.send(`${line} HTTP/1.1\r\nHost: local\r\n${headers}\r\n`);
        expect(answer?.status, answer?.body).to.be.oneOf([400, 403]);
        expect(statusOf(answer?.body ?? '').message).to.match(says);
      }
      await witness.nothing(marker);
    });

  const pod = (marker: string): string => `/api/v1/namespaces/${guarded.namespace}/pods/${marker}/exec?command=id&stdout=true`;
  const upgrades: Readonly<Record<string, readonly string[]>> = {
    WebSocket: ['Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'],
    SPDY: ['Upgrade: SPDY/3.1'],
  };
  for (const [protocol, upgrade] of Object.entries(upgrades))
    it(`an exec over ${protocol} is the one identity as well, or refused`, async () => {
      const exec = async (marker: string, asked: string): Promise<string> => {
        const headers = ['Connection: Upgrade', ...upgrade, `Impersonate-User: ${asked}`].map((line) => `${line}\r\n`).join('');
        const [answer] = await client.send(`GET ${pod(marker)} HTTP/1.1\r\nHost: local\r\n${headers}\r\n`);
        expect(answer?.status).to.equal(403);
        return statusOf(answer?.body ?? '').message ?? '';
      };
      const [passed, refusal] = [newMarker(), newMarker()];
      expect(await exec(passed, bob)).to.include(`User "${bob}" cannot`);
      const seen = (await witness.seen(passed)).map(({ impersonatedUser }) => impersonatedUser?.username);
      expect([...new Set(seen)]).to.deep.equal([bob]);
      expect(await exec(refusal, eve)).to.match(/^infra: .*may not act as/);
      await witness.nothing(refusal);
    });

  it('row 12: watches under --as end with the grant, within a second; others go on', async () => {
    const watcher = await guarded.person('watcher', { role: 'view' });
    const grantId = await watcher.grant({ role: `impersonate:user:${bob}`, namespace: null });
    const own = await watcher.client();
    await waitFor(async () => (await get(own, configMaps(), as(bob))).status === 200, { within: 10, what: 'the grant to hold' });
    const acting = await own.stream(`${configMaps()}?watch=true`, { 'Impersonate-User': bob });
    const oneself = await own.stream(`${configMaps()}?watch=true`);
    const withKubectl = await watcher.terminal();
    const kubectl = startKubectl(withKubectl, '-n', guarded.namespace, 'get', 'configmaps', '--watch', '--as', bob);
    await waitFor(() => kubectl.stdout() !== '', { within: 15, what: 'kubectl to watch' });
    await watcher.grant({ role: 'view', namespace: 'kube-system' });
    await waitFor(async () => (await get(own, configMaps('kube-system'), {})).status === 200, { within: 10, what: 'another grant' });
    expect(acting.hasEnded(), 'the change concerned something else').to.equal(false);
    await guarded.call(api.grants.remove, { params: { id: grantId } });
    await waitFor(() => acting.hasEnded(), { within: 1.5, what: 'the watch to end' });
    await waitFor(() => kubectl.hasEnded(), { within: 5, what: 'kubectl to end' });
    expect(oneself.hasEnded()).to.equal(false);
    oneself.abort();
    await refused(own, configMaps(), as(bob), /may not act as/);
  });

  it('row 12: it ends by the clock when the grant does', async () => {
    const brief = await guarded.person('brief');
    const until = new Date(Date.now() + 4000).toISOString();
    await brief.grant({ role: `impersonate:user:${bob}`, namespace: null, until });
    const own = await brief.client();
    const acting = await own.stream(`${configMaps()}?watch=true`, { 'Impersonate-User': bob });
    expect(acting.status).to.equal(200);
    await waitFor(() => acting.hasEnded(), { within: 6, what: 'the watch to end' });
    expect(Date.now()).to.be.within(Date.parse(until) - 200, Date.parse(until) + 1500);
  });

  it("row 36: even as the cluster's own admin nobody mints tokens or reaches into the connector's namespace", async () => {
    const all = await guarded.person(
      'all',
      { role: 'cluster-admin', namespace: null },
      { role: `impersonate:user:${eve}`, namespace: null },
    );
    const own = await all.client();
    expect((await get(own, '/api/v1/nodes', as(eve))).status).to.equal(200);
    const post = { method: 'POST', headers: { ...as(eve), 'content-type': 'application/json' } as Record<string, string> };
    const body = '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}';
    const guardedNamespace = guarded.account.namespace;
    for (const place of [guarded.namespace, guardedNamespace]) {
      const answer = await own.request(`/api/v1/namespaces/${place}/serviceaccounts/default/token`, { ...post, body });
      expect(answer.status, answer.text).to.equal(403);
      expect(statusOf(answer.text).message).to.match(/^infra: minting service-account tokens/);
    }
    for (const path of [`namespaces/${guardedNamespace}/secrets`, `namespaces/${guardedNamespace}/pods`, 'secrets'])
      await refused(own, `/api/v1/${path}`, as(eve), /connector's own/);
  });
});
