/** The public key infrastructure of a throw-away cluster: one CA, a certificate for each part, a kubeconfig for each client. */
import { randomBytes, webcrypto } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const lifetimeDays = 30;

interface Subject {
  /** Files are pki/NAME.crt and pki/NAME.key. */
  readonly name: string;
  readonly commonName: string;
  readonly organization?: string;
  /** DNS names and IP addresses: given, it is a server's certificate; absent, a client's. */
  readonly serves?: readonly string[];
}

export interface CertificateAuthority {
  issue(subject: Subject): Promise<void>;
}

/** Makes pki/ca.crt, and the key pair that signs service-account tokens: pki/sa.key, pki/sa.pub. */
export async function createCertificateAuthority(directory: string, commonName: string): Promise<CertificateAuthority> {
  const file = (name: string): string => join(directory, 'pki', name);
  const keys = await newKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [commonName] }],
      serialNumber: serialNumber(),
      ...validity(),
      keys,
      signingAlgorithm: ecdsa,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    },
    webcrypto,
  );
  writeFileSync(file('ca.crt'), certificate.toString('pem'));
  await writeKey(file('ca.key'), keys.privateKey);
  const serviceAccount = await newKeyPair();
  await writeKey(file('sa.key'), serviceAccount.privateKey);
  const publicKey = await webcrypto.subtle.exportKey('spki', serviceAccount.publicKey);
  writeFileSync(file('sa.pub'), x509.PemConverter.encode(publicKey, 'PUBLIC KEY'));
  return { issue: (subject) => issue(directory, { certificate, keys }, subject) };
}

async function issue(
  directory: string,
  authority: { certificate: x509.X509Certificate; keys: webcrypto.CryptoKeyPair },
  { name, commonName, organization, serves }: Subject,
): Promise<void> {
  const keys = await newKeyPair();
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const names = (serves ?? []).map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: [{ CN: [commonName] }, ...(organization === undefined ? [] : [{ O: [organization] }])],
      issuer: authority.certificate.subject,
      serialNumber: serialNumber(),
      ...validity(),
      publicKey: keys.publicKey,
      signingKey: authority.keys.privateKey,
      signingAlgorithm: ecdsa,
      extensions: [
        new x509.ExtendedKeyUsageExtension([serves === undefined ? clientAuth : serverAuth]),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    },
    webcrypto,
  );
  writeFileSync(join(directory, 'pki', `${name}.crt`), certificate.toString('pem'));
  await writeKey(join(directory, 'pki', `${name}.key`), keys.privateKey);
}

/** Writes NAME.kubeconfig for the client whose certificate is pki/NAME.crt, with everything inline. */
export function writeKubeconfig(directory: string, name: string, url: string): string {
  const inline = (file: string): string => readFileSync(join(directory, 'pki', file)).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server: url, 'certificate-authority-data': inline('ca.crt') } }],
    users: [{ name, user: { 'client-certificate-data': inline(`${name}.crt`), 'client-key-data': inline(`${name}.key`) } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: name } }],
    'current-context': 'local',
  };
  const file = join(directory, `${name}.kubeconfig`);
  // YAML is a superset of JSON.
  writeFileSync(file, `${JSON.stringify(kubeconfig, null, 2)}\n`, { mode: 0o600 });
  return file;
}

const newKeyPair = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);

/** RFC 5280 §4.1.2.2: positive, at most 20 octets. */
const serialNumber = (): string => `01${randomBytes(15).toString('hex')}`;

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + lifetimeDays * 86_400_000) };
}

async function writeKey(file: string, key: webcrypto.CryptoKey): Promise<void> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  writeFileSync(file, x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), { mode: 0o600 });
}
