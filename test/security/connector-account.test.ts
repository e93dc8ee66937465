/** The connector's own account holds what docs/connector-rbac.yaml says and nothing else: asked of the cluster, and tried. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { controlPlane, type Cluster } from '../support/clusters.ts';
import { newConnectorAccount, type TestAccount } from '../support/connector-account.ts';
import { kubectl } from '../support/kubectl.ts';
import { projectRoot } from '../support/program.ts';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const selfReview = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

describe("security of the connector: the account's own rights", function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let account: TestAccount;
  const namespace = `account-${process.pid}`;

  before(async () => {
    cluster = await controlPlane();
    account = await newConnectorAccount(cluster, namespace);
  });
  after(async () => account.remove());

  /** With the account's token and these headers. */
  const post = async (
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        `${cluster.url}${path}`,
        {
          method: 'POST',
          ca: readFileSync(cluster.caFile),
          agent: false,
          headers: { authorization: `Bearer ${account.token}`, 'content-type': 'application/json', ...headers },
        },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        },
      );
      outgoing.on('error', reject).end(JSON.stringify(body));
    });
  const whoAmI = async (headers: Readonly<Record<string, string>>): Promise<{ status: number; text: string }> =>
    post(selfReview, { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, headers);

  it('the rules that the cluster names for it are those of the manifest', async () => {
    const documents = parseAllDocuments(readFileSync(join(projectRoot, 'docs', 'connector-rbac.yaml'), 'utf8'));
    const [written] = documents
      .map((each) => each.toJS() as { kind: string; rules: readonly Rule[] })
      .filter(({ kind }) => kind === 'ClusterRole');
    const answer = await post('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace },
    });
    const { resourceRules } = (JSON.parse(answer.text) as { status: { resourceRules: readonly Rule[] } }).status;
    // What everybody who is authenticated may: ask about themselves.
    const own = resourceRules.filter(({ resources = [] }) => !resources.some((resource) => resource.startsWith('selfsubject')));
    expect(tuplesOf(own)).to.have.members(tuplesOf(written?.rules ?? []));
  });

  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'x', image: 'x' }] } };
  const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const attempts: Readonly<Record<string, readonly string[]>> = {
    'read secrets': ['get', 'secrets', '-A'],
    'read its own secrets': ['-n', namespace, 'get', 'secret', 'infra-connector-token'],
    'read pods': ['get', 'pods', '-A'],
    'read config maps': ['get', 'configmaps', '-A'],
    'reach nodes': ['get', '--raw', '/api/v1/nodes/x/proxy/metrics'],
    'reach services': ['get', '--raw', '/api/v1/namespaces/default/services/x/proxy/'],
    'mint a token': ['-n', namespace, 'create', 'token', 'infra-connector'],
    'make a service account': ['-n', namespace, 'create', 'serviceaccount', 'other'],
    'make a workload': ['-n', namespace, 'create', 'deployment', 'x', '--image=x'],
    'make a namespace': ['create', 'namespace', `${namespace}-more`],
    'make a ClusterRole': ['create', 'clusterrole', 'x', '--verb=get', '--resource=secrets'],
    'make a Role': ['-n', namespace, 'create', 'role', 'x', '--verb=get', '--resource=secrets'],
    'remove a ClusterRole': ['delete', 'clusterrole', 'view'],
    'widen its own ClusterRole': [
      ...['patch', 'clusterrole', `infra-connector-${namespace}`, '--type=json'],
      ...['-p', '[{"op":"add","path":"/rules/-","value":{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}}]'],
    ],
    'bind a ClusterRole that is not named for it': [
      ...['create', 'clusterrolebinding', `${namespace}-x`, '--clusterrole=system:kube-controller-manager', '--group=x'],
    ],
    'change webhooks': ['get', 'validatingwebhookconfigurations'],
    'approve certificates': ['get', 'certificatesigningrequests'],
  };
  for (const [title, args] of Object.entries(attempts))
    it(`may not ${title}`, async () => {
      const { code, stderr } = await kubectl({ kubeconfig: account.kubeconfig }, ...args);
      expect(code, stderr).to.equal(1);
      expect(stderr).to.match(/forbidden/i);
    });

  it('may not exec, nor mint or make anything by a plain POST', async () => {
    for (const [path, body] of [
      [`/api/v1/namespaces/${namespace}/pods/x/exec?command=id`, {}],
      [`/api/v1/namespaces/${namespace}/pods`, pod],
      [`/api/v1/namespaces/${namespace}/serviceaccounts/default/token`, tokenRequest],
      ['/apis/certificates.k8s.io/v1/certificatesigningrequests', {}],
    ] as const)
      expect((await post(path, body)).status, path).to.equal(403);
  });

  it('may impersonate with the extras of infra and with no others', async () => {
    const person = { 'impersonate-user': 'infra:ana@example.com', 'impersonate-uid': 'usr_1', 'impersonate-group': 'infra:view@x' };
    const own = { 'impersonate-extra-infra.internal%2Flease': 'lse_1', 'impersonate-extra-infra.internal%2Fasked-by': 'infra:eve' };
    const allowed = await whoAmI({ ...person, ...own });
    expect(allowed.status, allowed.text).to.equal(201);
    for (const extra of ['scopes', 'authentication.kubernetes.io%2Fcredential-id', 'infra.internal%2Fother', 'infra.internal%2Flease%2Fx'])
      expect((await whoAmI({ ...person, [`impersonate-extra-${extra}`]: 'x' })).status, extra).to.equal(403);
  });
});

function tuplesOf(rules: readonly Rule[]): string[] {
  const tuples = rules.flatMap(({ apiGroups = [], resources = [], resourceNames = ['*'], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${group}/${resource}/${name}`))),
    ),
  );
  return [...new Set(tuples)];
}
