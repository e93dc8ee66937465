/**
 * A real Kubernetes cluster with one node: control plane, kubelet, containerd, bridge network and kube-proxy, in network, mount and
 * pid namespaces of its own. Pods run, so exec, attach, logs and port-forward work. Linux and root only.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createCertificateAuthority, writeKubeconfig } from './certificates.ts';
import { claimDirectory, markReady, type StartOptions, type WholeCluster } from './cluster.ts';
import { type Component, startComponent } from './component.ts';
import { writeTestImages } from './images/test-images.ts';
import { apiServerCommand, auditLogOf, controllerManagerCommand, etcdCommand } from './kubernetes-programs.ts';
import { addressesOf, containerdSocket, writeNodeConfig } from './node-config.ts';
import { type AssetsFolder, type KubernetesRelease, kubernetesVersions, obtainAssets } from './obtain-assets.ts';
import { until, untilReady, untilServiceAccount } from './readiness.ts';

export interface RunningWholeCluster extends WholeCluster {
  /** Ends its processes and removes its directory, namespaces, routes and cgroups. */
  stop(): Promise<void>;
}

export interface WholeClusterOptions extends StartOptions {
  /** Absent: the pinned one. */
  readonly release?: KubernetesRelease;
}

const packages = 'containerd runc containernetworking-plugins iptables conntrack socat busybox-static iproute2 procps'.split(' ');
const namespaces = join(import.meta.dirname, 'node-namespaces.sh');
const execute = promisify(execFile);

/** Why this machine cannot run a whole cluster; undefined: it can. */
export function whyNoWholeCluster(): string | undefined {
  if (process.platform !== 'linux') return 'a whole cluster needs Linux';
  return process.getuid?.() === 0 ? undefined : 'a whole cluster needs root';
}

/** `localhost/busybox:1` is there for pods (imagePullPolicy: Never). */
export async function startWholeCluster(options: WholeClusterOptions): Promise<RunningWholeCluster> {
  const reason = whyNoWholeCluster();
  if (reason !== undefined) throw new Error(reason);
  const directory = resolve(options.directory);
  const { log = () => undefined, release = 'pinned' } = options;
  const version = kubernetesVersions[release];
  await execute(join(import.meta.dirname, '..', 'lib', 'debian-packages.sh'), packages);
  const assets = await obtainAssets('node', { release, log });
  const stop = await claimDirectory({ ...options, directory });
  try {
    log(`whole cluster ${version}: starting`);
    const number = await claimNumber(directory);
    const cluster = await new Node(directory, assets, number).start();
    log(`whole cluster ${version}: ready at ${cluster.url}`);
    return { ...markReady(cluster), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Opens the namespaces under the first number that nobody on this machine has. */
async function claimNumber(directory: string): Promise<number> {
  for (let number = 1; number <= 254; number++) {
    try {
      await execute(namespaces, ['up', String(number), directory]);
      return number;
    } catch (error) {
      if ((error as { code?: unknown }).code !== numberTaken) throw error;
    }
  }
  throw new Error('254 whole clusters run on this machine: end some');
}

/** Exit code of node-namespaces.sh. */
const numberTaken = 3;

class Node {
  readonly #components: Component[] = [];
  readonly #directory: string;
  readonly #assets: AssetsFolder;
  readonly #number: number;
  readonly #name: string;
  readonly #url: string;

  constructor(directory: string, assets: AssetsFolder, number: number) {
    this.#directory = directory;
    this.#assets = assets;
    this.#number = number;
    this.#name = `infra-node-${number}`;
    this.#url = `https://${addressesOf(number).node}:6443`;
  }

  async start(): Promise<WholeCluster> {
    await this.#createPki();
    writeNodeConfig(this.#directory, this.#name, this.#number);
    await this.#startControlPlane();
    await Promise.all([this.#startNode(), this.#waitForServiceAccount()]);
    const file = (...names: string[]): string => join(this.#directory, ...names);
    return {
      directory: this.#directory,
      url: this.#url,
      adminKubeconfig: file('admin.kubeconfig'),
      caFile: file('pki', 'ca.crt'),
      auditLog: auditLogOf(this.#directory),
      kubectl: this.#program('kubectl'),
      nodeName: this.#name,
      nodeAddress: addressesOf(this.#number).node,
      namespacesPid: Number(readFileSync(file('init.pid'), 'utf8')),
    };
  }

  async #createPki(): Promise<void> {
    const { node, apiService } = addressesOf(this.#number);
    const authority = await createCertificateAuthority(this.#directory, `kubernetes-ca-${this.#name}`);
    const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
    await authority.issue({ name: 'apiserver', commonName: 'kube-apiserver', serves: [...names, '127.0.0.1', node, apiService] });
    await authority.issue({ name: 'kubelet-server', commonName: this.#name, serves: [this.#name, '127.0.0.1', node] });
    await authority.issue({ name: 'kubelet-client', commonName: 'apiserver-kubelet-client', organization: 'system:masters' });
    const clients = [
      { name: 'admin', commonName: 'admin', organization: 'system:masters' },
      { name: 'controller-manager', commonName: 'system:kube-controller-manager' },
      { name: 'scheduler', commonName: 'system:kube-scheduler' },
      { name: 'kube-proxy', commonName: 'system:kube-proxy' },
      { name: 'kubelet', commonName: `system:node:${this.#name}`, organization: 'system:nodes' },
    ];
    for (const client of clients) {
      await authority.issue(client);
      writeKubeconfig(this.#directory, client.name, this.#url);
    }
  }

  async #startControlPlane(): Promise<void> {
    const { node, services } = addressesOf(this.#number);
    const pki = (name: string): string => join(this.#directory, 'pki', name);
    // Inside its own network no port is ever taken.
    this.#begin('etcd', etcdCommand(this.#program('etcd'), this.#directory, { client: 2379, peer: 2380 }));
    const network = { bindAddress: '0.0.0.0', advertiseAddress: node, port: 6443, etcdPort: 2379, serviceRange: services };
    const extra = [
      `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
      `--kubelet-client-key=${pki('kubelet-client.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP,Hostname',
    ];
    this.#begin('kube-apiserver', apiServerCommand(this.#program('kube-apiserver'), this.#directory, { ...network, extra }));
    this.#begin('containerd', ['containerd', '--config', join(this.#directory, 'containerd.toml')]);
    await this.#importImages();
    await untilReady({ directory: this.#directory, url: this.#url }, this.#components);
    this.#begin('kube-controller-manager', controllerManagerCommand(this.#program('kube-controller-manager'), this.#directory));
    this.#begin('kube-scheduler', [
      this.#program('kube-scheduler'),
      `--kubeconfig=${join(this.#directory, 'scheduler.kubeconfig')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ]);
  }

  async #importImages(): Promise<void> {
    const enter = (...command: string[]) => execute(namespaces, ['enter', this.#directory, ...command]);
    const answersVersion = () =>
      enter('ctr', '-a', containerdSocket, 'version').then(
        () => true,
        () => false,
      );
    await until(answersVersion, { what: 'containerd', withinSeconds: 60, components: this.#components });
    for (const archive of await writeTestImages(this.#directory))
      await enter('ctr', '-a', containerdSocket, '-n', 'k8s.io', 'images', 'import', archive);
  }

  async #startNode(): Promise<void> {
    const { node } = addressesOf(this.#number);
    this.#begin('kubelet', [
      this.#program('kubelet'),
      `--kubeconfig=${join(this.#directory, 'kubelet.kubeconfig')}`,
      `--config=${join(this.#directory, 'kubelet.json')}`,
      `--hostname-override=${this.#name}`,
      `--node-ip=${node}`,
      '--root-dir=/var/lib/kubelet',
    ]);
    const kubectl = (...command: string[]) =>
      execute(this.#program('kubectl'), ['--kubeconfig', join(this.#directory, 'admin.kubeconfig'), ...command]);
    await kubectl('create', 'clusterrolebinding', 'node-proxier', '--clusterrole=system:node-proxier', '--user=system:kube-proxy');
    this.#begin('kube-proxy', [this.#program('kube-proxy'), '--config', join(this.#directory, 'kube-proxy.json')]);
    const isReady = async (): Promise<boolean> => {
      const jsonPath = '-o=jsonpath={.status.conditions[?(@.type=="Ready")].status}';
      const { stdout } = await kubectl('get', 'node', this.#name, '--ignore-not-found', jsonPath);
      return stdout === 'True';
    };
    await until(isReady, { what: 'node ready', withinSeconds: 120, components: this.#components });
  }

  #waitForServiceAccount(): Promise<void> {
    return untilServiceAccount({ directory: this.#directory, url: this.#url }, this.#components);
  }

  #program(name: string): string {
    return join(this.#assets, name);
  }

  #begin(name: string, command: readonly string[]): void {
    const enter = [namespaces, 'enter', this.#directory];
    this.#components.push(startComponent({ directory: this.#directory, name, command: [...enter, ...command] }));
  }
}
