/** What is said to a credential plugin and what it answers (client.authentication.k8s.io): pure. */
import { z } from 'zod';

const versions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const;

/** `users[].user.exec` of a kubeconfig. */
export const execSchema = z.object({
  apiVersion: z.enum(versions, { error: `must be ${versions.join(' or ')}` }),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().optional(),
  interactiveMode: z.enum(['Never', 'IfAvailable']).optional(),
});
export type ExecPlugin = z.output<typeof execSchema>;

/** The cluster as the plugin is told of it. */
export interface ExecCluster {
  readonly server: string;
  readonly serverName: string | undefined;
  /** PEM. */
  readonly ca: string | undefined;
  /** The extension `client.authentication.k8s.io/exec` of the kubeconfig. */
  readonly config: unknown;
}

/** The value of KUBERNETES_EXEC_INFO. */
export function execInfo(plugin: ExecPlugin, cluster: ExecCluster): string {
  const { server, serverName, ca, config } = cluster;
  const told = {
    server,
    ...(serverName === undefined ? {} : { 'tls-server-name': serverName }),
    ...(ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(config === undefined ? {} : { config }),
  };
  const spec = { interactive: false, ...(plugin.provideClusterInfo === true ? { cluster: told } : {}) };
  return JSON.stringify({ apiVersion: plugin.apiVersion, kind: 'ExecCredential', spec });
}

export interface PluginCredential {
  readonly token: string | undefined;
  /** PEM. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Milliseconds; undefined: until the cluster refuses it. */
  readonly expiresAt: number | undefined;
}

const answerSchema = z.object({
  apiVersion: z.string(),
  kind: z.literal('ExecCredential'),
  status: z
    .object({
      token: z.string().min(1).optional(),
      clientCertificateData: z.string().min(1).optional(),
      clientKeyData: z.string().min(1).optional(),
      expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
    })
    .refine(
      (status) => (status.clientCertificateData === undefined) === (status.clientKeyData === undefined),
      'a certificate needs its key',
    )
    .refine((status) => status.token !== undefined || status.clientCertificateData !== undefined, 'there is no credential in it'),
});

/** The fault as a text, which names no part of the output: it holds secrets. */
export function readExecCredential(output: string, plugin: ExecPlugin): PluginCredential | { readonly fault: string } {
  const parsed = answerSchema.safeParse(parseJson(output));
  if (!parsed.success) return { fault: 'it printed no ExecCredential with a token or a client certificate and key' };
  const { apiVersion, status } = parsed.data;
  if (apiVersion !== plugin.apiVersion) return { fault: `it printed an ExecCredential of another version than ${plugin.apiVersion}` };
  return {
    token: status.token,
    certificate: status.clientCertificateData,
    key: status.clientKeyData,
    expiresAt: status.expirationTimestamp === undefined ? undefined : Date.parse(status.expirationTimestamp),
  };
}

const longestMargin = 60_000;

/** A fifth of its life before the end, a minute at most: a new one must be there when the old one ends. */
export const renewAt = (expiresAt: number, now: number): number => expiresAt - Math.min(longestMargin, Math.max(0, expiresAt - now) / 5);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
