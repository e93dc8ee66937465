/** Rights that would outlive a revocation or lead to the connector's own account, and rights of others that somebody's name might inherit. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { statusOf, type Answer, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newMarker, witnessOf, type Witness } from '../support/upstream-witness.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the connector: privileges', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let editor: Person;
  let clients: Readonly<Record<'edit' | 'admin' | 'edit everywhere' | 'cluster-admin', ConnectorClient>>;
  let witness: Witness;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'privileges' });
    const own = guarded.account.namespace;
    editor = await guarded.person('editor', { role: 'edit' }, { role: 'edit', namespace: own });
    const admin = await guarded.person('admin-there', { role: 'admin' }, { role: 'admin', namespace: own });
    const everywhere = await guarded.person('everywhere', { role: 'edit', namespace: null });
    const all = await guarded.person('all', { role: 'cluster-admin', namespace: null });
    clients = {
      edit: await editor.client(),
      admin: await admin.client(),
      'edit everywhere': await everywhere.client(),
      'cluster-admin': await all.client(),
    };
    witness = witnessOf(guarded, clients['cluster-admin']);
  });
  after(async () => guarded.stop());

  const json = { 'content-type': 'application/json' };
  const post = async (client: ConnectorClient, path: string, body: unknown): Promise<Answer> =>
    client.request(path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const own = (): string => `/api/v1/namespaces/${guarded.account.namespace}`;
  const there = (): string => `/api/v1/namespaces/${guarded.namespace}`;

  const isForbiddenByInfra = (answer: Answer): void => {
    expect(answer.status, answer.text).to.equal(403);
    expect(statusOf(answer.text)).to.include({ kind: 'Status', reason: 'Forbidden', code: 403 });
    expect(statusOf(answer.text).message).to.match(/^infra: .*cluster-admin/);
  };

  for (const role of ['edit', 'admin', 'edit everywhere'] as const)
    it(`row 36: with ${role} no token of a service account can be minted, in any spelling of the path`, async () => {
      const marker = newMarker();
      for (const path of [
        'serviceaccounts/default/token',
        'serviceaccounts/default/%74oken',
        '%73erviceaccounts/default/token',
        'serviceaccounts/default/token/',
      ])
        isForbiddenByInfra(await post(clients[role], `${there()}/${path}?fieldManager=${marker}`, tokenRequest));
      await witness.nothing(marker);
    });

  it('row 36: kubectl create token says so in a sentence', async () => {
    const terminal = await editor.terminal();
    const { code, stderr } = await terminal.kubectl('-n', guarded.namespace, 'create', 'token', 'default');
    expect(code).to.equal(1);
    expect(stderr).to.match(/infra: minting service-account tokens is not possible through infra/);
  });

  const secretOf = (type: string): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { generateName: 'lasting-', annotations: { 'kubernetes.io/service-account.name': 'default' } },
    type,
  });

  const touching: Readonly<Record<string, (client: ConnectorClient, query: string) => Promise<Answer>>> = {
    'read a secret': async (client, query) => client.request(`${own()}/secrets/x?${query}`),
    'list secrets': async (client, query) => client.request(`${own()}/secrets?${query}`),
    'watch secrets': async (client, query) => client.request(`${own()}/secrets?watch=true&${query}`),
    'watch secrets in the old way': async (client, query) =>
      client.request(`/api/v1/watch/namespaces/${guarded.account.namespace}/secrets?${query}`),
    'read a pod': async (client, query) => client.request(`${own()}/pods/x?${query}`),
    'read its log': async (client, query) => client.request(`${own()}/pods/x/log?${query}`),
    'exec into it': async (client, query) => client.request(`${own()}/pods/x/exec?command=id&${query}`, { method: 'POST' }),
    'reach it through proxy': async (client, query) => client.request(`${own()}/pods/x/proxy/?${query}`),
    'create a pod': async (client, query) =>
      post(client, `${own()}/pods?${query}`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }),
    'create a deployment': async (client, query) =>
      post(client, `/apis/apps/v1/namespaces/${guarded.account.namespace}/deployments?${query}`, {}),
    'create a secret': async (client, query) => post(client, `${own()}/secrets?${query}`, secretOf('Opaque')),
    'mint a token': async (client, query) => post(client, `${own()}/serviceaccounts/infra-connector/token?${query}`, tokenRequest),
    'bind a role': async (client, query) =>
      post(client, `/apis/rbac.authorization.k8s.io/v1/namespaces/${guarded.account.namespace}/rolebindings?${query}`, {}),
    'delete everything': async (client, query) => client.request(`${own()}/configmaps?${query}`, { method: 'DELETE' }),
    'delete it': async (client, query) => client.request(`${own()}?${query}`, { method: 'DELETE' }),
  };
  for (const [title, touch] of Object.entries(touching))
    it(`row 36: in the connector's own namespace nobody but a cluster-admin can ${title}`, async () => {
      for (const role of ['edit', 'admin', 'edit everywhere'] as const) {
        const marker = newMarker();
        isForbiddenByInfra(await touch(clients[role], `fieldManager=${marker}`));
        await witness.nothing(marker);
      }
    });

  it("row 36: the connector's secrets are in no list of all namespaces", async () => {
    for (const path of ['/api/v1/secrets', '/api/v1/secrets?watch=true', '/api/v1/watch/secrets'])
      isForbiddenByInfra(await clients['edit everywhere'].request(path));
  });

  it('row 36: a cluster-admin may, and the audit of infra names them', async () => {
    const answer = await post(clients['cluster-admin'], `${own()}/serviceaccounts/infra-connector/token`, tokenRequest);
    expect(answer.status, answer.text).to.equal(201);
    const isRecorded = async (): Promise<boolean> => {
      const { items } = await guarded.call(api.audit.list, { query: { event: 'request.completed', limit: 200 } });
      return items.some(
        (event) => JSON.stringify(event).includes('"subresource":"token"') && JSON.stringify(event).includes('infra:all@example.com'),
      );
    };
    await waitFor(isRecorded, { within: 10, what: 'the request in the audit of infra' });
  });

  it('row 37: nothing is inherited from native bindings of the same email, group, id or of everybody who is authenticated by name', async () => {
    const { call, namespace } = guarded;
    const ana = await guarded.person('ana', { role: 'view' });
    const group = await call(api.groups.create, { body: { name: 'platform' } });
    await call(api.groups.addMember, { params: { id: group.id }, body: { identity: ana.email } });
    await call(api.grants.create, { body: { subject: 'group:platform', role: 'connect', resource: guarded.connector.destination.name } });
    const elsewhere = `${namespace}-native`;
    await guarded.admin('create', 'namespace', elsewhere);
    const subjects = [
      `--user=${ana.email}`,
      `--user=${ana.id}`,
      '--user=ana',
      '--group=platform',
      `--group=${group.id}`,
      `--group=${ana.email}`,
    ];
    for (const place of [namespace, elsewhere])
      await guarded.admin('-n', place, 'create', 'rolebinding', 'native', '--clusterrole=admin', ...subjects);
    const client = await ana.client();
    const marker = newMarker();
    for (const place of [namespace, elsewhere]) {
      const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: marker } };
      const created = await post(client, `/api/v1/namespaces/${place}/configmaps`, configMap);
      expect(created.status, created.text).to.equal(403);
      expect((await client.request(`/api/v1/namespaces/${place}/secrets/${marker}`)).status).to.equal(403);
    }
    const review = await post(client, '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    });
    const { userInfo } = (JSON.parse(review.text) as { status: { userInfo: { username: string; groups: string[] } } }).status;
    expect(userInfo.username).to.equal(`infra:${ana.email}`);
    expect(userInfo.groups).to.have.members([`infra:view@${namespace}`, 'infra:group:platform', 'system:authenticated']);
    // What was bound on purpose to the name that infra lends does count.
    await guarded.admin('-n', namespace, 'create', 'rolebinding', 'on-purpose', '--clusterrole=edit', '--group=infra:group:platform');
    await waitFor(async () => (await client.request(`/api/v1/namespaces/${namespace}/secrets/${marker}`)).status === 404, {
      within: 5,
      what: 'the binding made on purpose',
    });
    await guarded.admin('delete', 'namespace', elsewhere, '--wait=false');
  });
});
