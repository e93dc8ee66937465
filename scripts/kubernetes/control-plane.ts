/**
 * A real Kubernetes control plane without nodes: etcd, kube-apiserver, kube-controller-manager on loopback ports chosen at run time.
 * Enough for everything but running pods. Needs neither root nor Linux.
 */
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createCertificateAuthority, writeKubeconfig } from './certificates.ts';
import { claimDirectory, type Cluster, markReady, type StartOptions } from './cluster.ts';
import { type Component, ComponentEnded, startComponent } from './component.ts';
import { freePorts } from './free-ports.ts';
import { apiServerCommand, auditLogOf, controllerManagerCommand, etcdCommand } from './kubernetes-programs.ts';
import { type AssetsFolder, kubernetesVersions, obtainAssets } from './obtain-assets.ts';
import { untilReady, untilServiceAccount } from './readiness.ts';

export interface ControlPlane extends Cluster {
  /** Ends its processes and removes its directory. */
  stop(): Promise<void>;
  /** The cluster as a client sees it whose API server is away; only for whoever started the cluster for himself. */
  killApiServer(): Promise<void>;
  /** Brings it back at the same address with the same data. */
  startApiServer(): Promise<void>;
}

const attempts = 4;

export async function startControlPlane(options: StartOptions): Promise<ControlPlane> {
  const directory = resolve(options.directory);
  const { log = () => undefined } = options;
  const assets = await obtainAssets('control-plane', { log });
  const stop = await claimDirectory(options);
  try {
    log(`control plane ${kubernetesVersions.pinned}: starting`);
    await createPki(directory);
    const parts = await startOnFreePorts(directory, assets, log);
    const state = { ...parts.state, directory, kubectl: join(assets, 'kubectl'), auditLog: auditLogOf(directory) };
    log(`control plane ${kubernetesVersions.pinned}: ready at ${state.url}`);
    return { ...markReady(state), stop, ...parts.apiServer };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createPki(directory: string): Promise<void> {
  const authority = await createCertificateAuthority(directory, 'kubernetes-ca');
  const names = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', '127.0.0.1', '10.97.0.1'];
  await authority.issue({ name: 'apiserver', commonName: 'kube-apiserver', serves: names });
  await authority.issue({ name: 'admin', commonName: 'admin', organization: 'system:masters' });
  await authority.issue({ name: 'controller-manager', commonName: 'system:kube-controller-manager' });
}

type Parts = Awaited<ReturnType<typeof start>>;

async function startOnFreePorts(directory: string, assets: AssetsFolder, log: (line: string) => void): Promise<Parts> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(directory, assets);
    } catch (error) {
      if (!(error instanceof ComponentEnded && error.lostItsPort) || attempt === attempts) throw error;
      log('control plane: a port was taken meanwhile; trying others');
      rmSync(join(directory, 'etcd'), { recursive: true, force: true });
    }
  }
}

async function start(directory: string, assets: AssetsFolder) {
  const [port = 0, etcdPort = 0, etcdPeerPort = 0] = await freePorts(3);
  const url = `https://127.0.0.1:${port}`;
  const program = (name: string): string => join(assets, name);
  const begun: Component[] = [];
  const begin = (name: string, command: readonly string[]): Component => {
    const component = startComponent({ directory, name, command });
    begun.push(component);
    return component;
  };
  const network = { bindAddress: '127.0.0.1', advertiseAddress: '127.0.0.1', serviceRange: '10.97.0.0/24' };
  // Nobody reaches this API server by its Service, and a loopback address may not be an endpoint.
  const settings = { ...network, etcdPort, port, extra: ['--endpoint-reconciler-type=none'] };
  const beginApiServer = (): Component => begin('kube-apiserver', apiServerCommand(program('kube-apiserver'), directory, settings));

  const state = { url, caFile: join(directory, 'pki', 'ca.crt'), adminKubeconfig: writeKubeconfig(directory, 'admin', url) };
  writeKubeconfig(directory, 'controller-manager', url);
  try {
    begin('etcd', etcdCommand(program('etcd'), directory, { client: etcdPort, peer: etcdPeerPort }));
    let apiServer = beginApiServer();
    await untilReady({ directory, url }, begun);
    begin('kube-controller-manager', controllerManagerCommand(program('kube-controller-manager'), directory));
    await untilServiceAccount({ directory, url }, begun);
    const killApiServer = (): Promise<void> => apiServer.kill();
    const startApiServer = async (): Promise<void> => {
      apiServer = beginApiServer();
      await untilReady({ directory, url }, [apiServer]);
    };
    return { state, apiServer: { killApiServer, startApiServer } };
  } catch (error) {
    for (const component of begun) await component.kill();
    throw error;
  }
}

if (import.meta.main) {
  const directory = process.argv[2] ?? '.local/clusters/by-hand';
  const controlPlane = await startControlPlane({ directory, log: console.error });
  console.log(`export KUBECONFIG=${controlPlane.adminKubeconfig}`);
  console.error('Ctrl-C ends it.');
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => process.on('SIGINT', resolve).on('SIGTERM', resolve));
  clearInterval(alive);
  await controlPlane.stop();
}
