/**
 * Passkeys by the rules of WebAuthn Level 3 (§7): what a browser is asked for, and whether what it answers holds. The one door to
 * @simplewebauthn/server; beside its checks stand those that it leaves to its caller. Why an answer does not hold is told to nobody.
 */
import { isIP } from 'node:net';
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { COSEALG, decodeAttestationObject, isoBase64URL } from '@simplewebauthn/server/helpers';
import type { AssertedCredential, NewCredential } from '../../shared/api/passkeys.ts';

/** Whom passkeys are made for. */
export interface RelyingParty {
  /** The host that they belong to, and that browsers hold them to. */
  readonly id: string;
  readonly origin: string;
}

/** Undefined: the address is an IP, and an RP ID is a domain (§5.1.2). */
export function relyingPartyOf(publicUrl: string): RelyingParty | undefined {
  const { hostname, origin } = new URL(publicUrl);
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { id: hostname, origin } : undefined;
}

export interface KnownCredential {
  readonly id: string;
  readonly transports: readonly string[];
}
export interface BrowserOptions {
  readonly challenge: string;
  readonly [name: string]: unknown;
}

/** What every authenticator of today has one of, with the curve or length that is still good. */
const algorithms = [COSEALG.ES256, COSEALG.EdDSA, COSEALG.RS256];
const timeout = 120_000;

/** The authenticator checks who is before it; no attestation, for it would tell the person's device and we have no list to compare it with. */
export async function creationOptions(
  { id: rpID }: RelyingParty,
  user: { readonly id: string; readonly name: string },
  known: readonly KnownCredential[],
): Promise<BrowserOptions> {
  const options = await generateRegistrationOptions({
    ...{ rpName: 'infra', rpID, timeout, attestationType: 'none' },
    ...{ userID: Uint8Array.from(Buffer.from(user.id)), userName: user.name, userDisplayName: user.name },
    excludeCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms,
  });
  return { ...options };
}

/** With a challenge of 32 random bytes, or that one. None allowed: the person chooses among what their devices have for this host. */
export async function requestOptions(
  { id: rpID }: RelyingParty,
  allowed: readonly KnownCredential[],
  challenge?: Buffer,
): Promise<BrowserOptions> {
  const options = await generateAuthenticationOptions({
    ...{ rpID, timeout, userVerification: 'required' },
    allowCredentials: allowed.map(({ id, transports }) => ({ id, transports: [...transports] })),
    ...(challenge === undefined ? {} : { challenge: Uint8Array.from(challenge) }),
  });
  return { ...options };
}

export interface Asked {
  readonly party: RelyingParty;
  readonly challenge: string;
}
export interface NewPasskey {
  readonly credentialId: string;
  /** COSE (RFC 9052 §7). */
  readonly publicKey: Buffer;
  readonly signCount: number;
  readonly isBackupEligible: boolean;
  readonly isBackedUp: boolean;
  readonly transports: readonly string[];
  /** What its browser says of it, unsigned (§10.1.3): to be shown, and trusted with nothing. */
  readonly isDiscoverable: boolean | undefined;
}

/** §7.1; undefined when it does not hold. */
export async function readNewPasskey(
  { party, challenge }: Asked,
  { response, clientExtensionResults, ...credential }: NewCredential,
): Promise<NewPasskey | undefined> {
  if (!isOfTopPage(response.clientDataJSON) || !isUnattested(response.attestationObject)) return undefined;
  const verified = await verifyRegistrationResponse({
    response: { ...credential, response: { ...response, transports: [...response.transports] }, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  }).catch(() => undefined);
  if (verified?.verified !== true) return undefined;
  const { credential: made, credentialDeviceType, credentialBackedUp } = verified.registrationInfo;
  return {
    credentialId: made.id,
    publicKey: Buffer.from(made.publicKey),
    signCount: made.counter,
    isBackupEligible: credentialDeviceType === 'multiDevice',
    isBackedUp: credentialBackedUp,
    transports: response.transports.filter((each) => /^[a-z-]{1,20}$/.test(each)),
    isDiscoverable: clientExtensionResults?.credProps?.rk,
  };
}

export interface ExpectedPasskey {
  readonly identityId: string;
  readonly credentialId: string;
  readonly publicKey: Buffer;
  readonly isBackupEligible: boolean;
}

/** §7.2, all but the signature counter, which is compared where it is kept; undefined when it does not hold. */
export async function readAssertion(
  { party, challenge }: Asked,
  expected: ExpectedPasskey,
  { response: { userHandle, ...response }, ...credential }: AssertedCredential,
): Promise<{ readonly signCount: number; readonly isBackedUp: boolean } | undefined> {
  if (!isOfTopPage(response.clientDataJSON)) return undefined;
  // §7.2 step 6: an authenticator that says whose credential this is has to say what we told it.
  if (userHandle != null && Buffer.from(userHandle, 'base64url').toString('utf8') !== expected.identityId) return undefined;
  const verified = await verifyAuthenticationResponse({
    response: { ...credential, response, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: party.origin,
    expectedRPID: party.id,
    requireUserVerification: true,
    credential: { id: expected.credentialId, publicKey: Uint8Array.from(expected.publicKey), counter: 0 },
  }).catch(() => undefined);
  if (verified?.verified !== true) return undefined;
  const { newCounter, credentialDeviceType, credentialBackedUp } = verified.authenticationInfo;
  // §7.2 step 19: a credential that may be copied does not become one that may not, nor the other way round.
  if ((credentialDeviceType === 'multiDevice') !== expected.isBackupEligible) return undefined;
  return { signCount: newCounter, isBackedUp: credentialBackedUp };
}

/** Our pages are framed by nobody (§7.1 step 10, §7.2 step 14): the library refuses a frame only where the browser names the page around it. */
function isOfTopPage(clientDataJson: string): boolean {
  try {
    const data: unknown = JSON.parse(Buffer.from(clientDataJson, 'base64url').toString('utf8'));
    if (typeof data !== 'object' || data === null) return false;
    return !('topOrigin' in data) && (!('crossOrigin' in data) || data.crossOrigin === false);
  } catch {
    return false;
  }
}

/**
 * None was asked for, so none comes, or one by the new key itself (§7.1, "none" and self attestation). Certificates out of others would lead the
 * library to addresses that they name.
 */
function isUnattested(attestationObject: string): boolean {
  try {
    const decoded = decodeAttestationObject(isoBase64URL.toBuffer(attestationObject));
    const format = decoded.get('fmt');
    return format === 'none' || (format === 'packed' && decoded.get('attStmt').get('x5c') === undefined);
  } catch {
    return false;
  }
}
