/** Keys by which we are known at identity providers. The private part is made here, sealed, and never leaves. */
import { createPrivateKey, createPublicKey, randomUUID, webcrypto } from 'node:crypto';
import { exportJWK, generateKeyPair, importPKCS8 } from 'jose';
import { selfSignedCertificate } from '../authority/client-certificate.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { ClientKey, ClientKeyAlgorithm } from '../identity/client-key-rules.ts';

const year = 365 * 24 * 3_600_000;
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

export interface NewClientKey {
  readonly sealed: string;
  readonly publicKey: ClientKey;
}

const purpose = (providerId: string): string => `identity-provider:${providerId}:client-key`;

/** @param certified adds a certificate, for two years. */
export async function newClientKey(
  sealing: Sealing,
  wish: { readonly providerId: string; readonly algorithm: ClientKeyAlgorithm; readonly certified: boolean; readonly now: number },
): Promise<NewClientKey> {
  const { providerId, algorithm: alg, certified, now } = wish;
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 3072 });
  const { kty = '', x5c: _none, ...members } = await exportJWK(publicKey);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  const certificate: Pick<ClientKey, 'x5c'> = certified ? { x5c: [await certificateOf(pkcs8, now)] } : {};
  return {
    sealed: sealing.seal(pkcs8, purpose(providerId)),
    publicKey: { ...members, kty, kid: randomUUID(), alg, use: 'sig', ...certificate },
  };
}

export async function openClientKey(
  sealing: Sealing,
  providerId: string,
  sealed: string,
  algorithm: ClientKeyAlgorithm,
): Promise<webcrypto.CryptoKey> {
  const pem = createPrivateKey({ key: sealing.open(sealed, purpose(providerId)), format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  });
  return importPKCS8(pem.toString(), algorithm);
}

/** Signed with PKCS #1 v1.5 whatever the key signs later: nobody reads a self-signed certificate's own signature, but all know that form. */
async function certificateOf(pkcs8: Buffer, now: number): Promise<string> {
  const spki = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({ format: 'der', type: 'spki' });
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, rsa, true, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, rsa, true, ['verify']),
  };
  const der = await selfSignedCertificate({
    keys,
    commonName: 'infra',
    notBefore: new Date(now - 300_000),
    notAfter: new Date(now + 2 * year),
  });
  return der.toString('base64');
}
