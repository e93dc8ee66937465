/** The main job on the older minor, with its own kubectl: what a grant gives, and what its removal takes. */
import { expect } from 'chai';
import { kubernetesVersions } from '../../scripts/kubernetes/obtain-assets.ts';
import { noWholeCluster, wholeCluster, type WholeCluster } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { kubectl, type KubectlResult } from '../support/kubectl.ts';
import { startKubectl, type LongKubectl } from '../support/long-kubectl.ts';
import { runPod } from '../support/pod.ts';
import { adminEmail, adminPassword } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

interface Review {
  readonly status: { readonly userInfo: { readonly username: string; readonly groups: readonly string[] } };
}

describe(`skew: the main job on Kubernetes ${kubernetesVersions.older}`, function () {
  this.timeout(60_000);
  let cluster: WholeCluster;
  let guarded: GuardedCluster;

  before(async function () {
    if (noWholeCluster !== undefined) this.skip();
    cluster = await wholeCluster('older');
    guarded = await guardCluster({ cluster, name: 'skew-job' });
  });
  // Undefined where the suite was skipped.
  after(async () => (guarded as GuardedCluster | undefined)?.stop());

  it('auth whoami names the person, with the groups of grants', async () => {
    const ana = await guarded.person('ana', { role: 'view' });
    const { code, stdout, stderr } = await run(await ana.terminal(), 'auth', 'whoami', '-o', 'json');
    expect(code, stderr).to.equal(0);
    const { userInfo } = (JSON.parse(stdout) as Review).status;
    expect(userInfo.username).to.equal(`infra:${ana.email}`);
    expect(userInfo.groups).to.deep.equal([`infra:view@${guarded.namespace}`, 'system:authenticated']);
  });

  it('who has no grant is refused; a grant becomes a binding, and lets into its namespace alone', async () => {
    const ben = await guarded.person('ben');
    const terminal = await ben.terminal();
    const before = await run(terminal, 'get', 'configmaps');
    expect(before.code).to.equal(1);
    expect(before.stderr).to.include(`infra grants add ${ben.email} --role`);

    await ben.grant({ role: 'edit' });
    await waitFor(async () => (await groupsBound()).includes(`infra:edit@${guarded.namespace}`), { within: 15, what: 'a binding' });
    const created = await run(terminal, 'create', 'configmap', 'of-ben');
    expect(created.code, created.stderr).to.equal(0);
    const elsewhere = await run(terminal, 'get', 'configmaps', '-n', 'kube-system');
    expect(elsewhere.code).to.equal(1);
    expect(elsewhere.stderr).to.include(ben.email);
  });

  it('a removed grant is enforced at once: its streams end, the next request is refused, and its binding goes', async () => {
    const eva = await guarded.person('eva');
    const grantId = await eva.grant({ role: 'admin' });
    const terminal = await eva.terminal();
    await runPod(guarded.admin, { namespace: guarded.namespace, name: 'worker', script: 'sleep 1000' });
    await waitFor(async () => (await groupsBound()).includes(`infra:admin@${guarded.namespace}`), { within: 15, what: 'a binding' });
    const watch = start(terminal, 'get', 'configmaps', '--watch');
    const exec = start(terminal, 'exec', '-i', 'worker', '--', 'sh', '-c', 'echo inside; cat');
    await waitFor(() => watch.stdout().includes('kube-root-ca.crt'), { within: 15, what: 'the watch to show something' });
    await waitFor(() => exec.stdout().includes('inside'), { within: 15, what: 'the command to run' });

    const admin = newTerminal();
    await loginWithPassword(admin, guarded.server, { email: adminEmail, password: adminPassword });
    const removed = await admin.infra(['grants', 'remove', grantId, '--wait']);
    expect(removed.code, removed.stderr).to.equal(0);
    expect(removed.stdout + removed.stderr).to.match(/enforced in \d+ ms, 2 streams closed/);
    await waitFor(() => watch.hasEnded() && exec.hasEnded(), { within: 5, what: 'both streams to end' });
    const after = await run(terminal, 'get', 'configmaps');
    expect(after.code).to.equal(1);
    expect(after.stderr).to.include(`infra grants add ${eva.email} --role`);
    await waitFor(async () => !(await groupsBound()).includes(`infra:admin@${guarded.namespace}`), { within: 15, what: 'no binding' });
  });

  async function groupsBound(): Promise<readonly string[]> {
    const subjects = '-o=jsonpath={.items[*].subjects[*].name}';
    const label = `infra.internal/destination=${guarded.connector.destination.id}`;
    return (await guarded.admin('-n', guarded.namespace, 'get', 'rolebindings', '-l', label, subjects)).split(' ');
  }

  const inNamespace = (args: readonly string[]): readonly string[] => ['-n', guarded.namespace, ...args];

  async function run({ kubeconfig, env }: Terminal, ...args: readonly string[]): Promise<KubectlResult> {
    return kubectl({ kubeconfig, env, kubectlProgram: cluster.kubectl }, ...inNamespace(args));
  }

  function start({ kubeconfig, env }: Terminal, ...args: readonly string[]): LongKubectl {
    return startKubectl({ kubeconfig, env, kubectlProgram: cluster.kubectl }, ...inNamespace(args));
  }
});
