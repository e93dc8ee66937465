/** How this server is set up, to be read: settings are made where it runs. Holds no secret. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { time } from './values.ts';

export const authorityCertificate = z.object({
  id: z.string(),
  kind: z.enum(['root', 'intermediate']),
  /** Its subject's common name. */
  name: z.string(),
  /** `active` signs; `verify-only` did, and is in chains that are out. */
  state: z.enum(['active', 'verify-only']),
  /** `SHA256:` and 64 hex digits over the DER. */
  fingerprint: z.string(),
  notBefore: time,
  notAfter: time,
  /** PEM. */
  certificate: z.string(),
});
export type AuthorityCertificate = z.output<typeof authorityCertificate>;

export const serverSettings = z.object({
  publicUrl: z.string(),
  trustDomain: z.string(),
  version: z.string(),
  commit: z.string(),
  startedAt: time,
  session: z.object({ lifetimeSeconds: z.int(), /** Null: no idle limit. */ idleSeconds: z.int().nullable() }),
  /** Life of a credential where a destination does not say otherwise. */
  leaseTtlSeconds: z.int(),
  /** Logins by a code, for terminals without a browser. */
  deviceLogin: z.boolean(),
  /** A passkey logs its owner in without the password. */
  passkeyLogin: z.boolean(),
  /** Mail can be sent. */
  mail: z.boolean(),
  /** `address`: `HOST:PORT` that kubectl reaches the relay by; `streams`: to one destination at a time. */
  relay: z.object({ address: z.string(), streams: z.int() }),
  /** How many networks whose `X-Forwarded-For` counts. */
  trustedProxies: z.int(),
  proxyProtocol: z.boolean(),
  /** The roots first, then the newest first. */
  authorities: z.array(authorityCertificate),
});
export type ServerSettings = z.output<typeof serverSettings>;

export const settings = {
  get: endpoint({
    name: 'settings.get',
    summary: 'How this server is set up',
    method: 'GET',
    path: '/api/v1/settings',
    access: 'view',
    result: serverSettings,
  }),
};
