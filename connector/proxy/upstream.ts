/** The way to the kube-apiserver: pooled TLS connections, and the headers that say who we are and whom we act for. */
import { Agent } from 'node:https';
import type { SecretValue } from '../../shared/node/secret-value.ts';
import { impersonationHeaders, type Impersonation } from './impersonation.ts';
import { ownCredentialRefused, responseRefusal } from './response-screen.ts';
import type { Refusal } from './status.ts';
import { createUpstreamPool, type UpstreamPool, type UpstreamTls } from './upstream-pool.ts';

/** What the proxy needs to know of the cluster; compose passes the real one. */
export interface UpstreamAccess {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  /** Asked for every connection; the same object as long as nothing changed. */
  readonly tls: () => UpstreamTls;
  readonly bearerToken: () => SecretValue | undefined;
  /** The cluster answered 401. */
  readonly refused: () => void;
}

export interface Upstream {
  readonly host: string;
  readonly port: number;
  /** The name its certificate is checked for; empty for an IP. */
  readonly serverName: string;
  /** For ordinary requests. */
  readonly pool: UpstreamPool;
  readonly tls: () => UpstreamTls;
  /** For upgrades: a connection each, with TLS sessions resumed. */
  readonly upgradeAgent: Agent;
  /** The client's clean headers with the identity set over them, last. */
  headersFor(clean: UpstreamHeaders, impersonation: Impersonation, auditId: string): UpstreamHeaders;
  /** Why an answer must not go on; that our own credential was refused is told to where it comes from. */
  refusalOf(status: number, location: string | undefined, subresource: string): Refusal | undefined;
  close(): void;
}

export type UpstreamHeaders = Record<string, string | string[]>;

export function createUpstream(access: UpstreamAccess): Upstream {
  const hostHeader = `${access.host.includes(':') ? `[${access.host}]` : access.host}:${access.port}`;
  const pool = createUpstreamPool(access);
  const upgradeAgent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });

  return {
    host: access.host,
    port: access.port,
    serverName: access.serverName,
    tls: access.tls,
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
    refusalOf: (status, location, subresource) => {
      const refusal = responseRefusal(status, location, subresource);
      if (refusal === ownCredentialRefused) access.refused();
      return refusal;
    },
    close: () => {
      pool.close();
      upgradeAgent.destroy();
    },
  };
}
