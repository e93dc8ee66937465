import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, connectCluster } from '../../scripts/kubernetes/cluster.ts';
import { controlPlane, noWholeCluster, wholeCluster } from '../support/clusters.ts';
import { kubectl, kubectlOrThrow } from '../support/kubectl.ts';
import { auditedBy } from '../support/kubernetes-audit.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

/** The tests are worth what their clusters are worth. */
describe('the test environment', function () {
  this.timeout(180_000);

  it('has a Kubernetes API server that refuses strangers and records who asked', async () => {
    const cluster = await controlPlane();
    const stranger = await fetchStatus(cluster);
    expect(stranger).to.equal('UNABLE_TO_VERIFY_LEAF_SIGNATURE');

    const namespace = uniqueName('asked');
    const impersonate = ['--as', 'someone@example.com', '--as-group', 'system:masters'];
    await kubectlOrThrow({ kubeconfig: cluster.adminKubeconfig }, 'create', 'namespace', namespace, ...impersonate);

    const event = await auditedBy(cluster, ({ objectRef, verb }) => verb === 'create' && objectRef?.name === namespace);
    expect(event.user.username).to.equal('admin');
    expect(event.user.groups).to.include('system:masters');
    expect(event.impersonatedUser?.username).to.equal('someone@example.com');
  });

  it('has a controller manager: namespaces get a service account and can be deleted', async () => {
    const { adminKubeconfig: kubeconfig } = await controlPlane();
    const namespace = uniqueName('made');
    await kubectlOrThrow({ kubeconfig }, 'create', 'namespace', namespace);
    const hasAccount = async () => (await kubectl({ kubeconfig }, 'get', 'serviceaccount', 'default', '-n', namespace)).code === 0;
    await waitFor(hasAccount, { within: 30, what: 'the default service account' });
    await kubectlOrThrow({ kubeconfig, withinSeconds: 60 }, 'delete', 'namespace', namespace);
  });

  it('runs pods on a whole cluster, and kubectl exec reaches them through the API server', async function () {
    if (noWholeCluster !== undefined) this.skip();
    const cluster = await wholeCluster();
    const options = { kubeconfig: cluster.adminKubeconfig, withinSeconds: 90 };
    const pod = uniqueName('shell');
    const image = ['--image=localhost/busybox:1', '--image-pull-policy=Never'];
    await kubectlOrThrow(options, 'run', pod, ...image, '--command', '--', 'sleep', '600');
    await kubectlOrThrow(options, 'wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=80s');

    const said = await kubectlOrThrow({ ...options, input: 'from outside' }, 'exec', '-i', pod, '--', 'sh', '-c', 'hostname; cat');
    expect(said).to.equal(`${pod}\nfrom outside`);

    const event = await auditedBy(cluster, ({ objectRef }) => objectRef?.subresource === 'exec' && objectRef.name === pod);
    expect(event.user.username).to.equal('admin');
    await kubectlOrThrow(options, 'delete', 'pod', pod, '--now', '--wait=false');
  });

  it('leaves no process and no directory behind when the owner of a cluster is killed with -9', async () => {
    const directory = join(tempDir(), 'cluster');
    const module = join(import.meta.dirname, '../../scripts/kubernetes/control-plane.ts');
    const owner = spawn(process.execPath, [module, directory], { stdio: 'ignore' });
    try {
      await waitFor(() => connectCluster(directory), { within: 90, what: 'a control plane' });
      expect(processesNaming(directory)).to.have.length.at.least(3);
    } finally {
      owner.kill('SIGKILL');
    }
    await waitFor(() => !existsSync(directory), { within: 20, what: 'the removal of the directory' });
    expect(processesNaming(directory)).to.deep.equal([]);
  });
});

let count = 0;
const uniqueName = (name: string): string => `${name}-${process.pid}-${++count}`;

/** The error's code when there is no answer. */
async function fetchStatus({ url }: Cluster): Promise<unknown> {
  try {
    return (await fetch(url)).status;
  } catch (error) {
    return ((error as Error).cause as { code?: unknown }).code;
  }
}

/** Command lines, from /proc; nothing where the system has none. */
function processesNaming(directory: string): string[] {
  const pids = existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid) : [];
  return pids.map(commandLine).filter((line) => line.includes(`${directory}/`));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
