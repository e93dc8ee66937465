/** The server's settings (`docs` lists them from here): a flag, an environment variable and a key of the config file each. */
import { isAbsolute, join, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { email } from '../shared/api/values.ts';
import { parseListenAddress, type ListenAddress } from '../shared/node/listen-address.ts';
import { ConfigError, loadConfig, type ConfigSources, type Settings } from '../shared/node/load-config.ts';
import { duration, hostAndPort, listenAddress, onOff } from '../shared/node/setting-values.ts';
import { mailSettings, readMailSettings, type MailSettings } from './mail/mail-settings.ts';
import { canEndNames } from './trust-domain-rules.ts';

const httpsUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).protocol === 'https:' && ['', '/'].includes(new URL(text).pathname),
    'must be https://HOST[:PORT] without a path',
  );

/** A comma-separated list in flags and variables, a list in the file. */
const cidrs = z
  .union([
    z.string().transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
    z.array(z.string()),
  ])
  .refine((list) => list.every((cidr) => ipaddr.isValidCIDR(cidr)), 'must be networks such as 10.0.0.0/8')
  .default([]);

const optionalListenAddress = z
  .string()
  .optional()
  .transform((text, context) => {
    if (text === undefined) return undefined;
    const address = parseListenAddress(text);
    if (address === undefined) context.addIssue({ code: 'custom', message: 'must be HOST:PORT, such as 0.0.0.0:8445' });
    return address;
  });

const between = (schema: typeof duration, least: number, most: number, words: string) =>
  schema.refine((seconds) => seconds >= least && seconds <= most, words);

export const serverSettings = {
  listen: { schema: listenAddress('0.0.0.0:8443'), help: 'address of API and UI (0.0.0.0:8443)' },
  publicUrl: { schema: httpsUrl.default('https://localhost:8443'), help: 'what people and connectors use (https://localhost:8443)' },
  dataDir: { schema: z.string().min(1).default('./data'), help: 'database and certificate authority; created 0700 (./data)' },
  rootKeyFile: { schema: z.string().min(1).optional(), help: '32 bytes that seal secrets at rest (<dataDir>.key)' },
  databaseUrl: { schema: z.string().min(1).optional(), help: 'sqlite:<file> (sqlite:<dataDir>/infra.db)' },
  'tls.cert': { schema: z.string().min(1).optional(), help: 'PEM chain of the listener; read again when it changes (from the own CA)' },
  'tls.key': { schema: z.string().min(1).optional(), help: 'PEM key of the listener' },
  trustedProxies: { schema: cidrs, help: 'networks whose X-Forwarded-For counts (none)' },
  proxyProtocol: {
    schema: onOff.default(false),
    help: 'on: connections from trustedProxies begin with a PROXY header, version 2, and all others do not (off)',
  },
  'relay.listen': {
    schema: optionalListenAddress,
    help: 'a second address for relayed connections, where a balancer in front of the first ends TLS (none)',
  },
  'relay.address': { schema: hostAndPort.optional(), help: 'HOST:PORT that kubectl reaches the relay by (that of publicUrl)' },
  'relay.streams': {
    schema: z.coerce.number().int().min(1).max(1_000_000).default(5000),
    help: 'relayed connections to one destination at a time (5000)',
  },
  metricsListen: { schema: listenAddress('127.0.0.1:9090'), help: 'address of /metrics and health (127.0.0.1:9090)' },
  'session.lifetime': {
    schema: between(duration, 60, 30 * 86_400, 'must be between 1m and 30d').default(12 * 3600),
    help: 'life of a login (12h)',
  },
  'session.idle': {
    schema: between(duration, 60, 30 * 86_400, 'must be between 1m and 30d').optional(),
    help: 'end a login after this long without use (never)',
  },
  deviceLogin: {
    schema: onOff.default(true),
    help: 'logins by a code, for terminals without a browser: on or off (on)',
  },
  'lease.ttl': { schema: between(duration, 300, 86_400, 'must be between 5m and 24h').default(3600), help: 'life of a credential (1h)' },
  trustDomain: {
    schema: z
      .string()
      .regex(/^[a-z0-9._-]{1,200}$/, 'must be lower-case letters, digits, ".", "-" or "_"')
      .refine(canEndNames, 'must not end as an IP address does: names of destinations end in it, and clients refuse those; choose a name')
      .optional(),
    help: 'name of the trust domain; stored at the first start (host of publicUrl; infra.internal where that is an IP address)',
  },
  'admin.email': { schema: email.optional(), help: 'first admin, at the first start alone' },
  passkeyLogin: {
    schema: onOff.default(true),
    help: 'whether a passkey logs its owner in without the password (on)',
  },
  ...mailSettings,
  'log.level': {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    help: 'debug, info, warn, error or silent (info)',
  },
} as const satisfies Settings;

/** A file with the first admin's password: a variable, for a secret is never a flag. */
export const adminPasswordFileVariable = 'INFRA_SERVER_ADMIN_PASSWORD_FILE';

export interface ServerConfig {
  readonly listen: ListenAddress;
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly rootKeyFile: string;
  readonly databaseUrl: string;
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
  readonly relay: {
    readonly listen: ListenAddress | undefined;
    /** `HOST:PORT`. */
    readonly address: string;
    readonly streams: number;
  };
  readonly metricsListen: ListenAddress;
  readonly session: { readonly lifetimeSeconds: number; readonly idleSeconds: number | null };
  readonly deviceLogin: boolean;
  readonly leaseTtlSeconds: number;
  readonly trustDomain: string | undefined;
  readonly admin: { readonly email: string | undefined; readonly passwordFile: string | undefined };
  /** A passkey is enough. */
  readonly passkeyLogin: boolean;
  readonly mail: MailSettings | undefined;
  readonly logLevel: string;
}

export function loadServerConfig(sources: Omit<ConfigSources, 'prefix' | 'otherVariables'>): ServerConfig {
  const config = loadConfig(serverSettings, { ...sources, prefix: 'INFRA_SERVER', otherVariables: [adminPasswordFileVariable] });
  const dataDir = resolve(config.dataDir);
  const { 'tls.cert': cert, 'tls.key': key } = config;
  return {
    listen: config.listen,
    publicUrl: new URL(config.publicUrl).origin,
    dataDir,
    rootKeyFile: config.rootKeyFile ?? `${dataDir}.key`,
    databaseUrl: config.databaseUrl === undefined ? `sqlite:${join(dataDir, 'infra.db')}` : absoluteDatabase(config.databaseUrl),
    tls: bothOrNeither(cert, key),
    trustedProxies: config.trustedProxies,
    proxyProtocol: proxyProtocolOf(config),
    relay: {
      listen: config['relay.listen'],
      address: config['relay.address'] ?? addressOf(config.publicUrl),
      streams: config['relay.streams'],
    },
    metricsListen: config.metricsListen,
    session: { lifetimeSeconds: config['session.lifetime'], idleSeconds: config['session.idle'] ?? null },
    deviceLogin: config.deviceLogin,
    leaseTtlSeconds: config['lease.ttl'],
    trustDomain: config.trustDomain,
    admin: { email: config['admin.email'], passwordFile: sources.env[adminPasswordFileVariable] },
    passkeyLogin: config.passkeyLogin,
    mail: readMailSettings(config),
    logLevel: config['log.level'],
  };
}

/** Trusted are those whose header counts; without any the setting would mean nothing. */
function proxyProtocolOf({
  proxyProtocol,
  trustedProxies,
}: {
  readonly proxyProtocol: boolean;
  readonly trustedProxies: readonly string[];
}): boolean {
  if (proxyProtocol && trustedProxies.length === 0)
    throw new ConfigError(
      'proxyProtocol (--proxy-protocol) needs trustedProxies (--trusted-proxies): the networks whose PROXY header counts',
    );
  return proxyProtocol;
}

/** `HOST:PORT` of a URL. */
function addressOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port === '' ? '443' : port}`;
}

/** Half of it would mean a certificate of the own authority, which is not what was asked for. */
function bothOrNeither(cert: string | undefined, key: string | undefined): ServerConfig['tls'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key };
  throw new ConfigError('tls.cert and tls.key (--tls-cert, --tls-key) belong together; give both or neither');
}

const absoluteDatabase = (url: string): string => {
  const file = url.replace(/^sqlite:/, '');
  return url.startsWith('sqlite:') && !isAbsolute(file) ? `sqlite:${resolve(file)}` : url;
};
