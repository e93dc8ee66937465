/** The connector's settings, as `--help` prints them. */
import { z } from 'zod';
import { describeSettings, loadConfig, type Config } from '../shared/node/load-config.ts';
import { SecretValue } from '../shared/node/secret-value.ts';
import { duration, hostAndPort, listenAddress, onOff } from '../shared/node/setting-values.ts';
import type { Limits } from './proxy/identity-limits.ts';

export const variablePrefix = 'INFRA_CONNECTOR';

const path = z.string().min(1, 'must be a path').optional();

const serverUrl = z
  .url({ error: 'must be the URL of the infra server, such as https://infra.example.com:8443' })
  .refine((text) => text.startsWith('https://'), 'must start with https://');

const limit = (fallback: number) => z.coerce.number().int().min(1).max(10_000_000).default(fallback);

export const settings = {
  server: { schema: serverUrl, help: 'URL of the infra server' },
  token: {
    schema: z
      .string()
      .optional()
      .transform((text) => (text === undefined ? undefined : new SecretValue(text.trim()))),
    help: 'join token; not needed again once enrolled',
    secret: true,
  },
  tokenFile: { schema: path, help: 'file with the join token' },
  ca: { schema: path, help: "PEM file that the server's certificate is checked with (default: the infra root named by the join token)" },
  listen: { schema: listenAddress('0.0.0.0:8444'), help: 'where kubectl connects to (default 0.0.0.0:8444)' },
  address: { schema: hostAndPort.optional(), help: 'HOST:PORT that kubeconfigs point at (default: none, the relay of the server)' },
  relayOnly: {
    schema: onOff.default(false),
    help: 'on: listen on nothing, and be reached through the relay of the server alone (default off)',
  },
  tunnels: {
    schema: z.coerce.number().int().min(0).max(8).default(2),
    help: 'connections to the relay of the server, which share what comes through it; 0: none (default 2)',
  },
  stateDir: {
    schema: z.string().min(1).default('./connector'),
    help: 'key, certificate and last desired state; 0700 (default ./connector)',
  },
  kubeconfig: { schema: path, help: 'how to reach the kube-apiserver (default: in-cluster, else $KUBECONFIG)' },
  namespace: { schema: z.string().max(63).optional(), help: "the connector's own namespace, kept from all but cluster-admin" },
  stalenessLimit: {
    schema: duration.default(3600),
    help: 'without contact for longer: refuse; until the server says otherwise (default 1h)',
  },
  auditMode: {
    schema: z.enum(['required', 'bestEffort']).default('required'),
    help: 'required or bestEffort; until the server says otherwise (default required)',
  },
  auditSpoolMegabytes: {
    schema: z.coerce.number().int().min(1).max(100_000).default(256),
    help: 'disk for access log lines the server has not taken yet (default 256)',
  },
  'limits.streams': {
    schema: limit(2500),
    help: 'watches, logs and sessions (exec, attach, port-forward) of one identity at a time (default 2500)',
  },
  'limits.openRequests': { schema: limit(400), help: 'other requests of one identity at a time (default 400)' },
  'limits.requestsPerSecond': { schema: limit(500), help: 'requests of one identity, lasting (default 500)' },
  'limits.burst': { schema: limit(2000), help: 'requests of one identity at once, before that counts (default 2000)' },
  'limits.handshakesPerSecond': {
    schema: limit(100),
    help: 'new connections of one identity, or of one address without a valid certificate, lasting (default 100)',
  },
  'limits.handshakeBurst': { schema: limit(500), help: 'new connections at once, before that counts (default 500)' },
  'limits.connections': { schema: limit(10_000), help: 'connections of everybody together (default 10000)' },
  healthListen: { schema: listenAddress('127.0.0.1:9091'), help: '/livez, /readyz and /metrics (default 127.0.0.1:9091)' },
  logLevel: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    help: 'debug, info, warn or error (default info)',
  },
} as const;

export type ConnectorConfig = Config<typeof settings>;

export function loadConnectorConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): ConnectorConfig {
  return loadConfig(settings, { prefix: variablePrefix, argv, env });
}

export const limitsOf = (config: ConnectorConfig): Limits => ({
  streams: config['limits.streams'],
  openRequests: config['limits.openRequests'],
  requestRate: { perSecond: config['limits.requestsPerSecond'], burst: config['limits.burst'] },
  handshakeRate: { perSecond: config['limits.handshakesPerSecond'], burst: config['limits.handshakeBurst'] },
  connections: config['limits.connections'],
});

export const helpText = (): string =>
  [
    'infra-connector: guards a Kubernetes cluster for an infra server',
    '',
    'usage: infra-connector [settings]',
    '',
    describeSettings(settings, variablePrefix),
    `  --config  ${variablePrefix}_CONFIG  YAML file with the settings above as keys`,
    '  --version, --help',
    '',
  ].join('\n');
