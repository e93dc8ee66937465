/** The connector's own account in a cluster, made from the manifest that people apply: docs/connector-rbac.yaml. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

export interface ConnectorAccount {
  readonly namespace: string;
  /** As the cluster calls it. */
  readonly username: string;
  readonly token: string;
  /** Also of the ClusterRoleBinding. */
  readonly clusterRole: string;
  readonly kubeconfig: string;
}

export interface AccountWish {
  readonly kubectl: string;
  readonly adminKubeconfig: string;
  /** Made if it is not there; clusters are shared, and each account has one of its own. */
  readonly namespace: string;
  /** Where its kubeconfig is written. */
  readonly kubeconfig: string;
}

const manifestFile = join(import.meta.dirname, '..', '..', 'docs', 'connector-rbac.yaml');
const account = 'infra-connector';
const tokenSecret = `${account}-token`;

export async function createConnectorAccount(wish: AccountWish): Promise<ConnectorAccount> {
  const { namespace } = wish;
  const clusterRole = namespace === 'infra' ? account : `${account}-${namespace}`;
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: tokenSecret, namespace, annotations: { 'kubernetes.io/service-account.name': account } },
    type: 'kubernetes.io/service-account-token',
  };
  const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const items = [home, ...manifest(namespace, clusterRole), secret];
  await kubectl(wish, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const { token, ca } = await tokenOf(wish);
  writeKubeconfig(wish, { token, ca, ...(await clusterOf(wish)) });
  return { namespace, username: `system:serviceaccount:${namespace}:${account}`, token, clusterRole, kubeconfig: wish.kubeconfig };
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** As it stands but for names, so that several live in one cluster. */
function manifest(namespace: string, clusterRole: string): readonly object[] {
  // Ours, and checked by the cluster.
  const documents = parseAllDocuments(readFileSync(manifestFile, 'utf8')).map((document) => document.toJS() as Manifest);
  const subject = { kind: 'ServiceAccount', name: account, namespace };
  return documents.map((each) => {
    if (each.kind === 'ServiceAccount') return { ...each, metadata: { name: account, namespace } };
    const renamed = { ...each, metadata: { name: clusterRole } };
    if (each.kind === 'ClusterRole') return renamed;
    return { ...renamed, subjects: [subject], roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterRole } };
  });
}

const decoded = z.string().transform((text) => Buffer.from(text, 'base64').toString('utf8'));
const secretSchema = z.object({ data: z.object({ token: decoded, 'ca.crt': decoded }) });

/** The controller manager fills the secret in a moment. */
async function tokenOf(wish: AccountWish): Promise<{ token: string; ca: string }> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const found = secretSchema.safeParse(
      JSON.parse(await kubectl(wish, ['-n', wish.namespace, 'get', 'secret', tokenSecret, '-o', 'json'])),
    );
    if (found.success) return { token: found.data.data.token, ca: found.data.data['ca.crt'] };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the cluster gives the connector no token');
}

const configSchema = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: z.string(), 'tls-server-name': z.string().optional() }).loose() })]),
});

async function clusterOf(wish: AccountWish): Promise<{ server: string; serverName: string | undefined }> {
  const config = configSchema.parse(JSON.parse(await kubectl(wish, ['config', 'view', '--minify', '--raw', '-o', 'json'])));
  const { cluster } = config.clusters[0];
  return { server: cluster.server, serverName: cluster['tls-server-name'] };
}

function writeKubeconfig(
  { kubeconfig }: AccountWish,
  access: { readonly token: string; readonly ca: string; readonly server: string; readonly serverName: string | undefined },
): void {
  const authority = Buffer.from(access.ca).toString('base64');
  const cluster = {
    server: access.server,
    'certificate-authority-data': authority,
    ...(access.serverName === undefined ? {} : { 'tls-server-name': access.serverName }),
  };
  const config = {
    'current-context': 'connector',
    contexts: [{ name: 'connector', context: { cluster: 'cluster', user: 'connector' } }],
    clusters: [{ name: 'cluster', cluster }],
    users: [{ name: 'connector', user: { token: access.token } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
}

async function kubectl(wish: AccountWish, args: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)(wish.kubectl, ['--kubeconfig', wish.adminKubeconfig, ...args]);
  running.child.stdin?.end(input);
  return (await running).stdout;
}
