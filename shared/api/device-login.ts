/**
 * The login by a code (OAuth 2.0 Device Authorization Grant, RFC 8628) as CLI and server see it: the CLI shows a short code, the person types it
 * at `devicePath` in a browser anywhere and approves there, and the CLI, which asks every few seconds, gets its session.
 */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { codeVerifier, openedSession } from './sessions.ts';

/** Where the code is typed; the only part of the way that a person has to copy besides the code. */
export const devicePath = '/device';

/** How a machine may call itself on the page that asks to let it in: no sentence fits in. */
export const deviceHost = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'takes a host name: letters, digits, dots, dashes');

export const deviceLogin = {
  /** Nothing but the code and the address is to be shown to anybody. */
  device: endpoint({
    name: 'login.device',
    summary: 'Begin a login by a code that is typed in a browser elsewhere',
    method: 'POST',
    path: '/api/v1/login/device',
    access: 'public',
    body: z.strictObject({
      /** S256 of the verifier with which it is asked about (RFC 7636 §4.2). */
      codeChallenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'is no S256 code challenge (RFC 7636 §4.2)'),
      /** Whatever the machine calls itself. */
      host: deviceHost.optional(),
    }),
    result: z.object({
      /** For `login.deviceToken`; a secret. */
      deviceCode: z.string(),
      /** For the person, in a form that is easy to read and type. */
      userCode: z.string(),
      verificationUri: z.string(),
      expiresInSeconds: z.int(),
      /** To wait before each question. */
      intervalSeconds: z.int(),
    }),
  }),
  /** Until it is approved: `device-login.authorization-pending`, or `device-login.slow-down`, from which on each wait is 5 s longer. */
  deviceToken: endpoint({
    name: 'login.deviceToken',
    summary: 'Ask whether a login by a code was approved, and finish it',
    method: 'POST',
    path: '/api/v1/login/device/token',
    access: 'public',
    body: z.strictObject({ deviceCode: z.string().max(200), codeVerifier }),
    result: openedSession,
  }),
};
