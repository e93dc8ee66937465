/**
 * Passkeys as second factors (WebAuthn Level 3). A ceremony takes a browser, so it has a link that leads one there; the session that asked for the
 * link, and it alone, takes what came of it.
 */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { code, recoveryCodes, secondFactor } from './second-factors.ts';
import { change, idParams, note, passkeyLinkId, time } from './values.ts';

/** What a proof is asked for, and good for: a step-up, a further second factor, removing one, new recovery codes. */
export const proofPurpose = z.enum(['verify', 'add', 'remove', 'recovery-codes']);
export type ProofPurpose = z.output<typeof proofPurpose>;

/** `url` is told this once and holds for five minutes; whoever opens it needs the passkey all the same. */
const link = z.object({ id: passkeyLinkId, url: z.string(), expiresAt: time });

const passkeyName = note.pipe(z.string().min(1, 'is empty').max(60, 'has more than 60 characters'));

const base64url = (maximum: number) =>
  z
    .string()
    .max(maximum)
    .regex(/^[A-Za-z0-9_-]+$/, 'is no base64url');
/** Of at most 1023 bytes (WebAuthn §4, credential ID). */
const credential = { id: base64url(1364), rawId: base64url(1364), type: z.literal('public-key') };

/** As `PublicKeyCredential.toJSON()` gives it (WebAuthn §5.1.8). What is not named here is not looked at. */
export const newCredential = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(8192),
    attestationObject: base64url(32_768),
    transports: z.array(z.string().max(40)).max(20).default([]),
  }),
  /** `rk`: the device's own word on whether it offers this passkey without being told an account (§10.1.3). */
  clientExtensionResults: z.object({ credProps: z.object({ rk: z.boolean().optional() }).optional() }).optional(),
});
export type NewCredential = z.output<typeof newCredential>;

export const assertedCredential = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url(8192),
    authenticatorData: base64url(8192),
    signature: base64url(8192),
    userHandle: base64url(128).nullable().optional(),
  }),
});
export type AssertedCredential = z.output<typeof assertedCredential>;

/** What the page does with the browser: `navigator.credentials.create` or `.get`, with `options` as JSON. */
const ceremony = z.object({
  step: z.enum(['create', 'get']),
  account: z.string(),
  /** Null: a new passkey of this name. */
  purpose: proofPurpose.nullable(),
  name: z.string().nullable(),
  /** Which session asked for the link, so that nobody proves anything for somebody else's. */
  askedBy: z.object({ loggedInAt: time, sourceAddress: z.string(), userAgent: z.string() }),
  options: z.looseObject({ challenge: z.string() }),
});

export const passkeys = {
  /** The first second factor needs a login of the last ten minutes, another a proof of one there is. */
  begin: endpoint({
    name: 'passkeys.begin',
    summary: 'Begin to add a passkey: a link to open in the browser',
    method: 'POST',
    path: '/api/v1/passkeys',
    access: 'session',
    body: z.strictObject({ name: passkeyName.default('passkey'), code: code.optional() }),
    result: link,
    status: 201,
  }),
  /** `proof` goes in place of a code with one request of this session, once the browser is done, and for this purpose alone. */
  ask: endpoint({
    name: 'passkeys.ask',
    summary: 'Ask for a proof by a passkey of mine: a link to open in the browser',
    method: 'POST',
    path: '/api/v1/passkeys/proofs',
    access: 'session',
    body: z.strictObject({ purpose: proofPurpose }),
    result: link.extend({ proof: z.string() }),
    status: 201,
  }),
  link: endpoint({
    name: 'passkeys.link',
    summary: 'Whether the browser is done with a link of this session',
    method: 'GET',
    path: '/api/v1/passkeys/links/:id',
    access: 'session',
    params: idParams(passkeyLinkId),
    result: z.object({ isDone: z.boolean() }),
  }),
  /** In the session that began it. It counts from then on. Recovery codes come with the first second factor; else none. */
  confirm: endpoint({
    name: 'passkeys.confirm',
    summary: 'Add the passkey that the browser made',
    method: 'POST',
    path: '/api/v1/passkeys/links/:id/confirm',
    access: 'session',
    params: idParams(passkeyLinkId),
    result: z.object({ secondFactor, recoveryCodes, change }),
  }),
  /** By the page behind the link, with what stands after its `#`. Each look makes a new challenge, and the one before is void. */
  open: endpoint({
    name: 'passkeys.open',
    summary: 'What the browser is asked for behind a link',
    method: 'POST',
    path: '/api/v1/passkeys/open',
    access: 'public',
    body: z.strictObject({ token: z.string().max(200) }),
    result: ceremony,
  }),
  finish: endpoint({
    name: 'passkeys.finish',
    summary: 'What the browser’s authenticator made or proved',
    method: 'POST',
    path: '/api/v1/passkeys/finish',
    access: 'public',
    body: z.strictObject({ token: z.string().max(200), credential: z.union([newCredential, assertedCredential]) }),
    status: 204,
  }),
};
