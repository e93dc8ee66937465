/** The way to the kube-apiserver: pooled TLS connections, and the headers that say who we are and whom we act for. */
import { Agent } from 'node:https';
import type { SecretValue } from '../../shared/node/secret-value.ts';
import { impersonationHeaders, type Impersonation } from './impersonation.ts';
import { createUpstreamPool, type UpstreamPool, type UpstreamTls } from './upstream-pool.ts';

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
  readonly pool: UpstreamPool;
  /** The name its certificate is checked for; undefined for an IP. */
  readonly serverName: string | undefined;
  /** For upgrades: a connection each, with TLS sessions resumed. */
  readonly upgradeAgent: Agent;
  /** The client's clean headers with the identity set over them, last. */
  headersFor(clean: UpstreamHeaders, impersonation: Impersonation, auditId: string): UpstreamHeaders;
  close(): void;
}

export type UpstreamHeaders = Record<string, string | string[]>;

export function createUpstream(access: UpstreamAccess): Upstream {
  const tls: UpstreamTls = {
    minVersion: 'TLSv1.2',
    servername: access.serverName,
    ...(access.ca === undefined ? {} : { ca: access.ca }),
    ...(access.clientCertificate === undefined
      ? {}
      : { cert: access.clientCertificate.certificate, key: access.clientCertificate.key.reveal() }),
  };
  const hostHeader = `${access.host.includes(':') ? `[${access.host}]` : access.host}:${access.port}`;
  const pool = createUpstreamPool(`https://${hostHeader}`, tls);
  const upgradeAgent = new Agent({ ...tls, keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });

  return {
    host: access.host,
    port: access.port,
    serverName: access.serverName === '' ? undefined : access.serverName,
    pool,
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
      pool.close();
      upgradeAgent.destroy();
    },
  };
}
