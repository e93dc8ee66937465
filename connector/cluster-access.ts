/** How this connector itself reaches its kube-apiserver: from a kubeconfig, or as a pod by its service account. Secrets are read anew when they rotate. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isIP } from 'node:net';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../shared/node/load-config.ts';
import { SecretValue } from '../shared/node/secret-value.ts';

export interface ClusterAccess {
  readonly host: string;
  readonly port: number;
  /** Name the certificate is checked for; empty for an IP (RFC 6066 §3 knows no SNI for those). */
  readonly serverName: string;
  readonly ca: string | undefined;
  readonly clientCertificate: { readonly certificate: string; readonly key: SecretValue } | undefined;
  /** Asked for every request: tokens of service accounts rotate. */
  readonly bearerToken: () => SecretValue | undefined;
  /** The namespace this connector runs in; undefined outside a cluster. */
  readonly namespace: string | undefined;
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ClusterAccessSources {
  readonly kubeconfig: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly serviceAccountFolder?: string;
}

/** The kubeconfig that was named, else the pod's service account, else `$KUBECONFIG`. */
export function findClusterAccess(sources: ClusterAccessSources): ClusterAccess {
  const folder = sources.serviceAccountFolder ?? serviceAccountFolder;
  if (sources.kubeconfig !== undefined) return readKubeconfig(sources.kubeconfig);
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, KUBECONFIG: fromEnvironment } = sources.env;
  if (host !== undefined && port !== undefined && existsSync(join(folder, 'token'))) return inCluster(host, Number(port), folder);
  const first = fromEnvironment?.split(process.platform === 'win32' ? ';' : ':').find((path) => path !== '');
  if (first !== undefined) return readKubeconfig(first);
  throw new ConfigError('no way to the kube-apiserver: set kubeconfig, or run as a pod with a service account');
}

function inCluster(host: string, port: number, folder: string): ClusterAccess {
  return {
    host,
    port,
    serverName: isIP(host) === 0 ? host : '',
    ca: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    clientCertificate: undefined,
    bearerToken: tokenFile(join(folder, 'token')),
    namespace: readFileSync(join(folder, 'namespace'), 'utf8').trim(),
  };
}

const base64 = z.string().transform((text) => Buffer.from(text, 'base64').toString('utf8'));
const named = <Value extends z.ZodType>(key: string, value: Value) =>
  z.array(z.object({ name: z.string(), value: z.unknown().optional() }).loose()).transform((entries) => {
    const found = new Map<string, z.output<Value>>();
    for (const entry of entries) {
      const parsed = value.safeParse((entry as Record<string, unknown>)[key]);
      if (parsed.success) found.set(entry.name, parsed.data);
    }
    return found;
  });

const kubeconfigSchema = z.object({
  'current-context': z.string(),
  contexts: named('context', z.object({ cluster: z.string(), user: z.string() })),
  clusters: named(
    'cluster',
    z.object({
      server: z.url(),
      'certificate-authority': z.string().optional(),
      'certificate-authority-data': base64.optional(),
      'tls-server-name': z.string().optional(),
      'insecure-skip-tls-verify': z.boolean().optional(),
    }),
  ),
  users: named(
    'user',
    z.object({
      'client-certificate': z.string().optional(),
      'client-certificate-data': base64.optional(),
      'client-key': z.string().optional(),
      'client-key-data': base64.optional(),
      token: z.string().optional(),
      tokenFile: z.string().optional(),
    }),
  ),
});

function readKubeconfig(path: string): ClusterAccess {
  const parsed = kubeconfigSchema.safeParse(parseKubeconfig(path));
  const config = parsed.data;
  const context = config?.contexts.get(config['current-context']);
  const cluster = config?.clusters.get(context?.cluster ?? '');
  const user = config?.users.get(context?.user ?? '');
  if (cluster === undefined || user === undefined) throw new ConfigError(`${path}: its current context names no complete cluster and user`);
  if (cluster['insecure-skip-tls-verify'] === true)
    throw new ConfigError(`${path}: insecure-skip-tls-verify would let anyone pose as the cluster; give its certificate authority instead`);
  const from = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : readFileSync(isAbsolute(file) ? file : join(dirname(path), file), 'utf8');

  const certificate = user['client-certificate-data'] ?? from(user['client-certificate']);
  const key = user['client-key-data'] ?? from(user['client-key']);
  const token = user.token;
  if ((certificate === undefined || key === undefined) && token === undefined && user.tokenFile === undefined)
    throw new ConfigError(`${path}: the connector needs a client certificate, a token or a tokenFile; exec plugins are not run`);

  const url = new URL(cluster.server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: Number(url.port === '' ? 443 : url.port),
    serverName: cluster['tls-server-name'] ?? (isIP(host) === 0 ? host : ''),
    ca: cluster['certificate-authority-data'] ?? from(cluster['certificate-authority']),
    clientCertificate: certificate === undefined || key === undefined ? undefined : { certificate, key: new SecretValue(key) },
    bearerToken: user.tokenFile === undefined ? fixedToken(token) : tokenFile(user.tokenFile),
    namespace: undefined,
  };
}

function parseKubeconfig(path: string): unknown {
  try {
    return parseYaml(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`the kubeconfig ${path} cannot be read: ${cause instanceof Error ? cause.message : 'unknown error'}`);
  }
}

function fixedToken(token: string | undefined): () => SecretValue | undefined {
  const value = token === undefined ? undefined : new SecretValue(token);
  return () => value;
}

/** Reads the file again when it changed; looks at most once a second. */
function tokenFile(path: string): () => SecretValue {
  let value = new SecretValue(readFileSync(path, 'utf8').trim());
  let modified = statSync(path).mtimeMs;
  let lookedAt = performance.now();
  return () => {
    if (performance.now() - lookedAt < 1000) return value;
    lookedAt = performance.now();
    const { mtimeMs } = statSync(path);
    if (mtimeMs !== modified) {
      modified = mtimeMs;
      value = new SecretValue(readFileSync(path, 'utf8').trim());
    }
    return value;
  };
}
