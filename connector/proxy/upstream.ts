/** The way to the kube-apiserver: pooled TLS connections, and the headers that say who we are and whom we act for. */
import { Agent, type AgentOptions } from 'node:https';
import type { SecretValue } from '../../shared/node/secret-value.ts';
import { impersonationHeaders, type Impersonation } from './impersonation.ts';

/** What the proxy needs to know of the cluster; compose passes the real one. */
export interface UpstreamAccess {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  readonly ca: string | undefined;
  readonly clientCertificate: { readonly certificate: string; readonly key: SecretValue } | undefined;
  readonly bearerToken: () => SecretValue | undefined;
}

export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** For ordinary requests. */
  readonly agent: Agent;
  /** For upgrades: a connection each, with TLS sessions resumed. */
  readonly upgradeAgent: Agent;
  /** The client's clean headers with the identity set over them, last. */
  headersFor(clean: UpstreamHeaders, impersonation: Impersonation, auditId: string): UpstreamHeaders;
  close(): void;
}

export type UpstreamHeaders = Record<string, string | string[]>;

const idleMilliseconds = 50_000;

export function createUpstream(access: UpstreamAccess): Upstream {
  const tls: AgentOptions = {
    minVersion: 'TLSv1.2',
    servername: access.serverName,
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.clientCertificate === undefined
      ? {}
      : { cert: access.clientCertificate.certificate, key: access.clientCertificate.key.reveal() }),
  };
  // `timeout` closes idle pooled connections before the apiserver would; it does not touch ones in use.
  const agent = new Agent({
    ...tls,
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 256,
    timeout: idleMilliseconds,
  });
  const upgradeAgent = new Agent({ ...tls, keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
  const hostHeader = `${access.host.includes(':') ? `[${access.host}]` : access.host}:${access.port}`;

  return {
    host: access.host,
    port: access.port,
    agent,
    upgradeAgent,
    headersFor: (clean, impersonation, auditId) => {
      const headers: UpstreamHeaders = { ...clean, host: hostHeader, 'audit-id': auditId };
      const token = access.bearerToken();
      if (token !== undefined) headers['authorization'] = `Bearer ${token.reveal()}`;
      for (const [name, value] of impersonationHeaders(impersonation)) {
        const before = headers[name];
        headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
      }
      return headers;
    },
    close: () => {
      agent.destroy();
      upgradeAgent.destroy();
    },
  };
}
