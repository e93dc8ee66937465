/** Second factors of people, and proving one: at a login after the password, and anew in a session (step-up). */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { openedSession, passwordChangeRequired } from './sessions.ts';
import { change, idParams, secondFactorId, secondFactorKind, time, userId } from './values.ts';

export const secondFactor = z.object({
  id: secondFactorId,
  kind: secondFactorKind,
  /** What its owner calls it; null: a code app, of which there is one. */
  name: z.string().nullable().default(null),
  createdAt: time,
  lastUsedAt: time.nullable(),
  /** A passkey that logs its owner in without the password, as things are now; null: its device has not told whether it can. */
  signsInAlone: z.boolean().nullable().default(false),
});
export type SecondFactor = z.output<typeof secondFactor>;

/** Six digits of the app, or a recovery code, in which spaces and dashes do not matter; or in a session the proof of a passkey (`passkeys.ask`). */
export const code = z.string().min(1).max(100);
/** Each is good once; told this once, their hashes alone are kept. */
export const recoveryCodes = z.array(z.string());

export const secondFactors = {
  list: endpoint({
    name: 'secondFactors.list',
    summary: 'My second factors',
    method: 'GET',
    path: '/api/v1/second-factors',
    access: 'session',
    /** `atProvider`: the identity provider of this session, whose word on second factors counts: a new login there proves one. */
    result: z.object({ items: z.array(secondFactor), recoveryCodesLeft: z.int(), atProvider: z.string().nullable().default(null) }),
  }),
  /** The first needs a login of the last ten minutes, another a proof of one there is. It counts once it is confirmed, and then instead of the app before it. */
  begin: endpoint({
    name: 'secondFactors.begin',
    summary: 'Begin to add a second factor; its secret is told this once',
    method: 'POST',
    path: '/api/v1/second-factors',
    access: 'session',
    body: z.strictObject({ kind: z.literal('totp'), code: code.optional() }),
    /** `secret` in base 32; `otpauthUri` holds it for a QR code. */
    result: z.object({ id: secondFactorId, secret: z.string(), otpauthUri: z.string(), expiresAt: time }),
    status: 201,
  }),
  /** In the session that began it, within ten minutes. Proofs of the factor before it count no more. */
  confirm: endpoint({
    name: 'secondFactors.confirm',
    summary: 'Confirm a second factor with a code of it',
    method: 'POST',
    path: '/api/v1/second-factors/:id/confirm',
    access: 'session',
    params: idParams(secondFactorId),
    body: z.strictObject({ code }),
    result: z.object({ secondFactor, recoveryCodes, change }),
  }),
  /** A code goes with it, so that a session in the wrong hands removes nothing. Recovery codes go with the last, and no session counts as proven any more. */
  remove: endpoint({
    name: 'secondFactors.remove',
    summary: 'Remove a second factor of mine',
    method: 'POST',
    path: '/api/v1/second-factors/:id/remove',
    access: 'session',
    params: idParams(secondFactorId),
    body: z.strictObject({ code }),
    result: z.object({ change }),
  }),
  /** Those of before are void. */
  renewRecoveryCodes: endpoint({
    name: 'secondFactors.renewRecoveryCodes',
    summary: 'New recovery codes, told this once',
    method: 'POST',
    path: '/api/v1/second-factors/recovery-codes',
    access: 'session',
    body: z.strictObject({ code }),
    result: z.object({ recoveryCodes }),
  }),
  /** Step-up. Leases of this session follow, so nothing has to be issued anew. */
  prove: endpoint({
    name: 'secondFactors.prove',
    summary: 'Prove a second factor in my session',
    method: 'POST',
    path: '/api/v1/whoami/second-factor',
    access: 'session',
    body: z.strictObject({ code }),
    result: z.object({ mfaAt: time, change }),
  }),
  /** Sessions and leases end too. From then on the password alone opens the door, until the user adds a second factor again. */
  reset: endpoint({
    name: 'secondFactors.reset',
    summary: 'Take a user’s second factors away; sessions and leases end',
    method: 'POST',
    path: '/api/v1/users/:id/reset-second-factors',
    access: 'admin',
    params: idParams(userId),
    result: z.object({ factorsRemoved: z.int(), sessionsEnded: z.int(), leasesRevoked: z.int(), change }),
  }),
};

export const secondFactorLogin = {
  /** Finishes a login whose answer was `mfa-required`. A one-time password has to be changed after that. */
  secondFactor: endpoint({
    name: 'login.secondFactor',
    summary: 'Prove a second factor after the password',
    method: 'POST',
    path: '/api/v1/login/second-factor',
    access: 'public',
    body: z.strictObject({ mfaToken: z.string().max(200), code }),
    result: z.discriminatedUnion('status', [openedSession, passwordChangeRequired]),
  }),
};
