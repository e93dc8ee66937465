/**
 * The login by browser as CLI and server see it. The CLI listens on 127.0.0.1, opens `browserLoginUrl` and gets a code at `loopbackUrl`, which it
 * exchanges with `login.browser`. Only a port is told, so no other address can be asked for (RFC 8252 §7.3, §8.3).
 */
import { z } from 'zod';
import { serverResource } from '../resource-name.ts';

export const browserLoginPath = '/login/cli';
/** Where the CLI sends the browser when it has its code, or could not use it: pages that say so. */
export const browserLoginDonePath = '/login/done';
export const browserLoginFailedPath = '/login/failed';

/** Among the names of identity providers: the server's own pages, with a password. None can be called that (`isProviderName`). */
export const ownProvider = serverResource;
/** Among a server's `loginMethods`: it has such pages. */
export const ownPagesMethod = 'browser-password';

export const browserLoginQuery = z.strictObject({
  /** Of the CLI's listener on 127.0.0.1. */
  port: z
    .string()
    .regex(/^[1-9]\d{3,4}$/)
    .transform(Number)
    .refine((port) => port >= 1024 && port <= 65_535),
  /** The CLI's own one-time value; it accepts no answer without it. */
  state: z.string().regex(/^[A-Za-z0-9_-]{22,128}$/),
  /** S256 of the CLI's code verifier (RFC 7636 §4.2). */
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  /** `ownProvider`: with a password. Absent: the one there is, or a page to choose from. */
  provider: z.string().max(100).optional(),
});

export function browserLoginUrl(
  serverUrl: string,
  asked: { readonly port: number; readonly state: string; readonly challenge: string; readonly provider?: string | undefined },
): string {
  const url = new URL(browserLoginPath, serverUrl);
  url.searchParams.set('port', String(asked.port));
  url.searchParams.set('state', asked.state);
  url.searchParams.set('challenge', asked.challenge);
  if (asked.provider !== undefined) url.searchParams.set('provider', asked.provider);
  return url.href;
}

/** The one path the CLI answers at. */
export const loopbackPath = '/callback';
export const loopbackUrl = (port: number): string => `http://127.0.0.1:${port}${loopbackPath}`;

/** What comes to the loopback: a code, or why there is none. */
export const loopbackQuery = z.union([
  z.object({ state: z.string(), code: z.string() }),
  /** `error` is a problem code, `error_description` a sentence of the server's. */
  z.object({ state: z.string(), error: z.string(), error_description: z.string() }),
]);
