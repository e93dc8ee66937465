/** How this connector itself reaches its kube-apiserver: from a kubeconfig, or as a pod by its service account. Secrets are read anew when they rotate. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../shared/node/load-config.ts';
import type { Logger } from '../shared/node/logger.ts';
import { SecretValue } from '../shared/node/secret-value.ts';
import { startExecCredential, type ExecCredential } from './exec-credential.ts';
import { execSchema, type ExecPlugin } from './exec-credential-format.ts';
import { watchedFile } from './watched-file.ts';

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
  /** The cluster answered 401. */
  readonly refused: () => void;
  /** The namespace this connector runs in; undefined outside a cluster. */
  readonly namespace: string | undefined;
  stop(): void;
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ClusterAccessSources {
  readonly kubeconfig: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly serviceAccountFolder?: string;
  readonly logger: Logger;
}

/** The kubeconfig that was named, else the pod's service account, else `$KUBECONFIG`. */
export async function findClusterAccess(sources: ClusterAccessSources): Promise<ClusterAccess> {
  const folder = sources.serviceAccountFolder ?? serviceAccountFolder;
  if (sources.kubeconfig !== undefined) return readKubeconfig(sources.kubeconfig, sources);
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port, KUBECONFIG: fromEnvironment } = sources.env;
  if (host !== undefined && port !== undefined && existsSync(join(folder, 'token'))) return inCluster(host, Number(port), folder);
  const first = fromEnvironment?.split(process.platform === 'win32' ? ';' : ':').find((path) => path !== '');
  if (first !== undefined) return readKubeconfig(first, sources);
  throw new ConfigError('no way to the kube-apiserver: set kubeconfig, or run as a pod with a service account');
}

const nothingToRun = { refused: (): void => undefined, stop: (): void => undefined };

function inCluster(host: string, port: number, folder: string): ClusterAccess {
  const serverName = isIP(host) === 0 ? host : '';
  return {
    host,
    port,
    serverName,
    tls: tlsOf({ serverName, ca: watchedFile(join(folder, 'ca.crt')) }),
    bearerToken: tokenFile(join(folder, 'token')),
    ...nothingToRun,
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
      extensions: named('extension', z.unknown()).optional(),
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
      exec: z.unknown().optional(),
    }),
  ),
});

async function readKubeconfig(path: string, { env, logger }: ClusterAccessSources): Promise<ClusterAccess> {
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

  const ca = either(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const certificate = either(user['client-certificate-data'], user['client-certificate']);
  const key = either(user['client-key-data'], user['client-key']);
  const token = user.token;
  const hasOwn = (certificate !== undefined && key !== undefined) || token !== undefined || user.tokenFile !== undefined;
  if (!hasOwn && user.exec === undefined)
    throw new ConfigError(`${path}: the connector needs a client certificate, a token, a tokenFile or an exec plugin`);
  if (hasOwn && user.exec !== undefined)
    throw new ConfigError(`${path}: its user has an exec plugin and a credential besides; keep one of them`);

  const url = new URL(cluster.server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const serverName = cluster['tls-server-name'] ?? (isIP(host) === 0 ? host : '');
  const place = { host, port: Number(url.port === '' ? 443 : url.port), serverName, namespace: undefined };
  if (user.exec !== undefined) {
    const { server, extensions, 'tls-server-name': told } = cluster;
    const config = extensions?.get('client.authentication.k8s.io/exec');
    const plugin = readPlugin(path, user.exec);
    const options = { plugin, cluster: () => ({ server, serverName: told, ca: ca?.(), config }), directory: dirname(path), env, logger };
    return { ...place, ...byPlugin(await startExecCredential(options), { serverName, ca }) };
  }
  return {
    ...place,
    tls: tlsOf({ serverName, ca, ...(certificate === undefined || key === undefined ? {} : { certificate, key }) }),
    bearerToken: user.tokenFile === undefined ? fixedToken(token) : tokenFile(beside(user.tokenFile)),
    ...nothingToRun,
  };
}

function readPlugin(path: string, exec: unknown): ExecPlugin {
  if (z.object({ interactiveMode: z.literal('Always') }).safeParse(exec).success)
    throw new ConfigError(`${path}: its exec plugin wants to ask somebody (interactiveMode: Always), and nobody sits at a connector`);
  const parsed = execSchema.safeParse(exec);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConfigError(`${path}: its exec plugin cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

function byPlugin(
  credential: ExecCredential,
  parts: Pick<TlsParts, 'serverName' | 'ca'>,
): Pick<ClusterAccess, 'tls' | 'bearerToken' | 'refused' | 'stop'> {
  return {
    tls: tlsOf({ ...parts, certificate: () => credential.current().certificate, key: () => credential.current().key }),
    bearerToken: changingToken(() => credential.current().token),
    refused: () => credential.refused(),
    stop: () => credential.stop(),
  };
}

function changingToken(token: () => string | undefined): () => SecretValue | undefined {
  let value: SecretValue | undefined;
  return () => {
    const now = token();
    if (now !== value?.reveal()) value = now === undefined ? undefined : new SecretValue(now);
    return value;
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
  readonly certificate?: () => string | undefined;
  readonly key?: () => string | undefined;
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

function tokenFile(path: string): () => SecretValue | undefined {
  const text = watchedFile(path);
  return changingToken(() => text().trim());
}
