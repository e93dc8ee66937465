/** How this connector itself reaches its kube-apiserver: from a kubeconfig, or as a pod by its service account. Secrets are read anew when they rotate. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../shared/node/load-config.ts';
import { SecretValue } from '../shared/node/secret-value.ts';

export type ClusterTls = Pick<ConnectionOptions, 'minVersion' | 'servername' | 'ca' | 'cert' | 'key'>;

export interface ClusterAccess {
  readonly host: string;
  readonly port: number;
  /** Name the certificate is checked for; empty for an IP (RFC 6066 §3 knows no SNI for those). */
  readonly serverName: string;
  /** Asked for every connection: authorities and client certificates rotate. The same object as long as nothing did. */
  readonly tls: () => ClusterTls;
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
  const serverName = isIP(host) === 0 ? host : '';
  return {
    host,
    port,
    serverName,
    tls: tlsOf({ serverName, ca: watchedFile(join(folder, 'ca.crt')) }),
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
  const beside = (file: string): string => (isAbsolute(file) ? file : join(dirname(path), file));
  const either = (data: string | undefined, file: string | undefined): (() => string) | undefined => {
    if (data !== undefined) return () => data;
    return file === undefined ? undefined : watchedFile(beside(file));
  };

  const certificate = either(user['client-certificate-data'], user['client-certificate']);
  const key = either(user['client-key-data'], user['client-key']);
  const token = user.token;
  if ((certificate === undefined || key === undefined) && token === undefined && user.tokenFile === undefined)
    throw new ConfigError(`${path}: the connector needs a client certificate, a token or a tokenFile; exec plugins are not run`);

  const url = new URL(cluster.server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const serverName = cluster['tls-server-name'] ?? (isIP(host) === 0 ? host : '');
  return {
    host,
    port: Number(url.port === '' ? 443 : url.port),
    serverName,
    tls: tlsOf({
      serverName,
      ca: either(cluster['certificate-authority-data'], cluster['certificate-authority']),
      ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
    }),
    bearerToken: user.tokenFile === undefined ? fixedToken(token) : tokenFile(beside(user.tokenFile)),
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

interface TlsParts {
  readonly serverName: string;
  readonly ca: (() => string) | undefined;
  readonly certificate?: () => string;
  readonly key?: () => string;
}

function tlsOf({ serverName, ca, certificate, key }: TlsParts): () => ClusterTls {
  let parts: readonly (string | undefined)[] = [];
  let current: ClusterTls = { minVersion: 'TLSv1.2', servername: serverName };
  return () => {
    const now = [ca?.(), certificate?.(), key?.()];
    if (parts.length > 0 && now.every((part, index) => part === parts[index])) return current;
    parts = now;
    const [caText, cert, keyText] = now;
    current = {
      minVersion: 'TLSv1.2',
      servername: serverName,
      ...(caText === undefined ? {} : { ca: caText }),
      ...(cert === undefined || keyText === undefined ? {} : { cert, key: keyText }),
    };
    return current;
  };
}

function tokenFile(path: string): () => SecretValue {
  const text = watchedFile(path);
  let value = new SecretValue(text().trim());
  return () => {
    const now = text().trim();
    if (now !== value.reveal()) value = new SecretValue(now);
    return value;
  };
}

const lookMilliseconds = 1000;

/** Reads the file again when it changed; looks at most once a second. While it cannot be read, what it held stands. */
function watchedFile(path: string): () => string {
  let text = readFileSync(path, 'utf8');
  let modified = statSync(path).mtimeMs;
  let lookedAt = performance.now();
  return () => {
    if (performance.now() - lookedAt < lookMilliseconds) return text;
    lookedAt = performance.now();
    try {
      const { mtimeMs } = statSync(path);
      if (mtimeMs === modified) return text;
      text = readFileSync(path, 'utf8');
      modified = mtimeMs;
    } catch {
      // Between two names of a file that is being replaced; the next look finds it.
    }
    return text;
  };
}
