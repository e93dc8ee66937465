/** What anyone may know of a server before trusting it with anything. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { email } from './values.ts';

export const serverInfo = z.object({
  product: z.literal('infra'),
  version: z.string(),
  trustDomain: z.string(),
  publicUrl: z.string(),
  /** Ways to log in; a client that knows none of them is too old for this server. */
  loginMethods: z.array(z.string()),
  /** Those that its settings have closed: there is no use in trying. */
  closedLoginMethods: z.array(z.string()).default([]),
  /** Identity providers that take logins now, by name: with `browser` among the methods. */
  providers: z.array(z.object({ name: z.string(), kind: z.string() })).default([]),
  /** Passwords can be reset by mail. */
  passwordReset: z.boolean().default(false),
  /** The infra root, PEM; to be pinned by its fingerprint, not believed because it arrived. */
  rootCertificate: z.string(),
  /** `SHA256:` and 64 hex digits over the root's DER. */
  rootFingerprint: z.string(),
  /** True until the first admin exists. */
  setupPending: z.boolean(),
});
export type ServerInfo = z.output<typeof serverInfo>;

export const server = {
  info: endpoint({
    name: 'server.info',
    summary: 'Who this server is',
    method: 'GET',
    path: '/api/v1/server',
    access: 'public',
    result: serverInfo,
  }),
  /** Makes an admin with a one-time link, from the first start or `infra-server recover-admin`. */
  setup: endpoint({
    name: 'server.setup',
    summary: 'Use a one-time link to make an admin',
    method: 'POST',
    path: '/api/v1/setup',
    access: 'public',
    body: z.strictObject({ token: z.string().max(200), email, password: z.string().max(1000) }),
    status: 204,
  }),
};
