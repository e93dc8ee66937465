/** The command lines that both kinds of cluster share: etcd, kube-apiserver, kube-controller-manager. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

export const auditLogOf = (directory: string): string => join(directory, 'log', 'audit.log');

/** Without fsync: the data lives as long as its processes. */
export function etcdCommand(program: string, directory: string, ports: { client: number; peer: number }): string[] {
  const client = `http://127.0.0.1:${ports.client}`;
  return [
    program,
    `--data-dir=${join(directory, 'etcd')}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=http://127.0.0.1:${ports.peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${ports.peer}`,
    `--initial-cluster=default=http://127.0.0.1:${ports.peer}`,
  ];
}

export interface ApiServerSettings {
  readonly etcdPort: number;
  readonly port: number;
  readonly bindAddress: string;
  readonly advertiseAddress: string;
  readonly serviceRange: string;
  readonly extra?: readonly string[];
}

export function apiServerCommand(program: string, directory: string, settings: ApiServerSettings): string[] {
  const pki = (name: string): string => join(directory, 'pki', name);
  const policyFile = join(directory, 'audit-policy.json');
  writeFileSync(policyFile, JSON.stringify(auditPolicy));
  return [
    program,
    `--etcd-servers=http://127.0.0.1:${settings.etcdPort}`,
    `--secure-port=${settings.port}`,
    `--bind-address=${settings.bindAddress}`,
    `--advertise-address=${settings.advertiseAddress}`,
    `--service-cluster-ip-range=${settings.serviceRange}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--service-account-key-file=${pki('sa.pub')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--audit-policy-file=${policyFile}`,
    `--audit-log-path=${auditLogOf(directory)}`,
    // Metadata of a day's tests fills a disk.
    '--audit-log-maxsize=20',
    '--audit-log-maxbackup=1',
    ...(settings.extra ?? []),
  ];
}

export function controllerManagerCommand(program: string, directory: string): string[] {
  const pki = (name: string): string => join(directory, 'pki', name);
  return [
    program,
    `--kubeconfig=${join(directory, 'controller-manager.kubeconfig')}`,
    '--use-service-account-credentials',
    `--service-account-private-key-file=${pki('sa.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--leader-elect=false',
    // At its usual pace it takes four seconds to start all its controllers.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    // Serves nothing: nobody asks it.
    '--secure-port=0',
  ];
}
