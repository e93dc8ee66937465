/** What the programs of a node read: kubelet, kube-proxy, containerd and its network plugins. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NodeAddresses {
  readonly node: string;
  readonly pods: string;
  readonly services: string;
  /** The Service `kubernetes`. */
  readonly apiService: string;
}

/** The plan of node-namespaces.sh. */
export function addressesOf(number: number): NodeAddresses {
  return { node: `10.99.${number}.2`, pods: `10.98.${number}.0/24`, services: `10.97.${number}.0/24`, apiService: `10.97.${number}.1` };
}

export const containerdSocket = '/run/containerd/containerd.sock';

export function writeNodeConfig(directory: string, nodeName: string, number: number): void {
  const { pods } = addressesOf(number);
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content));
  mkdirSync(join(directory, 'cni'));
  write('cni/10-bridge.conflist', networkOf(pods));
  write('containerd.toml', containerdOf(directory));
  write('kubelet.json', kubeletOf(directory, `/infra-node-${number}`));
  write('kube-proxy.json', proxyOf(directory, nodeName, pods));
  // Pods look names up in the cluster or not at all.
  write('resolv.conf', '');
}

const networkOf = (pods: string) => ({
  cniVersion: '0.4.0',
  name: 'infra',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: pods }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

// restrict_oom_score_adj: without CAP_SYS_RESOURCE no container would start.
const containerdOf = (directory: string): string => `version = 2
root = "${directory}/containerd"
state = "/run/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "localhost/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${directory}/cni"
`;

const kubeletOf = (directory: string, cgroupRoot: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  authentication: { x509: { clientCAFile: join(directory, 'pki', 'ca.crt') }, anonymous: { enabled: false }, webhook: { enabled: true } },
  authorization: { mode: 'Webhook' },
  tlsCertFile: join(directory, 'pki', 'kubelet-server.crt'),
  tlsPrivateKeyFile: join(directory, 'pki', 'kubelet-server.key'),
  cgroupDriver: 'cgroupfs',
  cgroupRoot,
  failSwapOn: false,
  failCgroupV1: false,
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  // The disk is shared with everything else on this machine: its being full is not the cluster's to act on.
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '0%', 'imagefs.available': '0%', 'nodefs.inodesFree': '0%' },
  imageGCHighThresholdPercent: 100,
  clusterDomain: 'cluster.local',
  resolvConf: join(directory, 'resolv.conf'),
  nodeStatusUpdateFrequency: '4s',
});

const proxyOf = (directory: string, nodeName: string, clusterCIDR: string) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  bindAddress: '0.0.0.0',
  hostnameOverride: nodeName,
  clientConnection: { kubeconfig: join(directory, 'kube-proxy.kubeconfig') },
  mode: 'iptables',
  clusterCIDR,
  iptables: { minSyncPeriod: '0s' },
  // A network namespace may not set the machine's connection tracking.
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
});
