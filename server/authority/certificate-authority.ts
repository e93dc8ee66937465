/**
 * The certificate authority: root → intermediate → short-lived leaves. Owns the hierarchy and what a certificate of each kind says; trusts its
 * callers that the person may have it. Signs in memory and stores nothing of the leaves: leases do.
 */
import { isIP } from 'node:net';
import { fromTime, toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { certificateFingerprint } from '../../shared/node/fingerprint.ts';
import type { Transact } from '../storage/transact.ts';
import type { AuthorityRecord, AuthorityStore } from './authority-store.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { toPem } from './leaf-certificate.ts';
import type { Sealing } from './sealing.ts';
import {
  createIntermediate,
  createLeaf,
  createRoot,
  exportPrivateKey,
  exportPublicKey,
  importPrivateKey,
  newKeyPair,
  type Issuer,
  type KeyPair,
} from './x509.ts';

const day = 86_400_000;
const rootLife = 10 * 365 * day;
const intermediateLife = 365 * day;
/** A new intermediate takes over while the old one still has this much: every chain that is out stays good. */
const intermediateOverlap = 120 * day;
/** Clocks differ: a certificate holds from a minute before it was asked for. */
const backdate = 60_000;

export interface IssuedChain {
  /** Leaf, then intermediate, PEM. */
  readonly chain: string;
  readonly serial: string;
  readonly expiresAt: number;
}

export interface CertificateAuthority {
  readonly trustDomain: string;
  /** The root, PEM. */
  readonly rootCertificate: string;
  readonly rootFingerprint: string;
  /** For one person, one destination, one lease (`architecture.md` §5). `expiresAt` in milliseconds. */
  issueForLease(request: {
    readonly csr: string;
    readonly destinationId: string;
    readonly identityId: string;
    readonly leaseId: string;
    readonly expiresAt: number;
  }): Promise<IssuedChain>;
  /** For a connector's listener: its name in the trust domain, and the host it is reached at. */
  issueForConnector(request: { readonly csr: string; readonly destinationId: string; readonly host: string | null }): Promise<IssuedChain>;
  /** For the server's own listener, with a key made here and kept in memory. The root is at the end of the chain, for those who pin it. */
  issueForServer(hosts: readonly string[]): Promise<IssuedChain & { readonly privateKey: string }>;
  /** Puts a new intermediate in place when the present one has come near its end. */
  rotate(): Promise<boolean>;
}

export interface CertificateAuthorityOptions {
  readonly transact: Transact<{ readonly authorities: AuthorityStore }>;
  readonly sealing: Sealing;
  readonly trustDomain: string;
  readonly clock: Clock;
}

export const connectorServerName = (destinationId: string, trustDomain: string): string => `${destinationId}.connector.${trustDomain}`;
export const leaseUri = (
  trustDomain: string,
  ids: { readonly destinationId: string; readonly identityId: string; readonly leaseId: string },
): string => `spiffe://${trustDomain}/destination/${ids.destinationId}/identity/${ids.identityId}/lease/${ids.leaseId}`;

/** Opens the hierarchy, making what is missing. */
export async function openCertificateAuthority(options: CertificateAuthorityOptions): Promise<CertificateAuthority> {
  const { trustDomain, clock } = options;
  const root = await openOrCreate(options, 'root');
  let intermediate = await openOrCreate(options, 'intermediate', root);

  const validUntil = (expiresAt: number) => ({ notBefore: new Date(clock.now() - backdate), notAfter: new Date(expiresAt) });
  const chained = (leaf: { readonly certificate: string; readonly serial: string }, expiresAt: number): IssuedChain => ({
    chain: leaf.certificate + intermediate.certificate,
    serial: leaf.serial,
    expiresAt,
  });

  return {
    trustDomain,
    rootCertificate: root.certificate,
    rootFingerprint: certificateFingerprint(root.certificate),

    issueForLease: async ({ csr, expiresAt, ...ids }) => {
      const publicKey = readCertificateRequest(csr);
      const names = [{ type: 'url', value: leaseUri(trustDomain, ids) }] as const;
      const contents = { publicKey, commonName: ids.identityId, usage: 'clientAuth', names, ...validUntil(expiresAt) } as const;
      return chained(createLeaf(intermediate, contents), expiresAt);
    },

    issueForConnector: async ({ csr, destinationId, host }) => {
      const publicKey = readCertificateRequest(csr);
      const expiresAt = clock.now() + 7 * day;
      const commonName = connectorServerName(destinationId, trustDomain);
      return chained(
        createLeaf(intermediate, {
          publicKey,
          commonName: destinationId,
          usage: 'serverAuth',
          names: [commonName, host].filter((name) => name !== null).map(hostName),
          ...validUntil(expiresAt),
        }),
        expiresAt,
      );
    },

    issueForServer: async (hosts) => {
      const keys = await newKeyPair();
      const expiresAt = clock.now() + 30 * day;
      const leaf = createLeaf(intermediate, {
        publicKey: exportPublicKey(keys.publicKey),
        commonName: 'infra-server',
        usage: 'serverAuth',
        names: [...new Set(hosts)].map(hostName),
        ...validUntil(expiresAt),
      });
      const { chain, serial } = chained(leaf, expiresAt);
      return {
        chain: chain + root.certificate,
        serial,
        expiresAt,
        privateKey: toPem(await exportPrivateKey(keys.privateKey), 'PRIVATE KEY'),
      };
    },

    rotate: async () => {
      if (intermediate.notAfter - clock.now() > intermediateOverlap) return false;
      intermediate = await create(options, 'intermediate', root, intermediate.id);
      return true;
    },
  };
}

interface OpenAuthority extends Issuer {
  readonly id: string;
  readonly notAfter: number;
}

async function openOrCreate(
  options: CertificateAuthorityOptions,
  kind: 'root' | 'intermediate',
  root?: OpenAuthority,
): Promise<OpenAuthority> {
  const record = await options.transact(async ({ authorities }) => authorities.active(kind));
  return record === undefined ? create(options, kind, root) : open(options.sealing, record);
}

async function open(sealing: Sealing, record: AuthorityRecord): Promise<OpenAuthority> {
  if (record.sealedKey === null) throw new Error(`the ${record.kind} certificate authority has no key here`);
  const privateKey = await importPrivateKey(sealing.open(record.sealedKey, purpose(record.id)));
  return { id: record.id, certificate: record.certificate, privateKey, notAfter: fromTime(record.notAfter) };
}

const purpose = (id: string): string => `authority:${id}`;

async function create(
  options: CertificateAuthorityOptions,
  kind: 'root' | 'intermediate',
  root?: OpenAuthority,
  replaces?: string,
): Promise<OpenAuthority> {
  const { transact, sealing, trustDomain, clock } = options;
  const now = clock.now();
  const id = newId('authority', now);
  const keys = await newKeyPair();
  const notAfter = now + (root === undefined ? rootLife : intermediateLife);
  const { certificate } = await sign(
    keys,
    { kind, trustDomain, root, id },
    { notBefore: new Date(now - backdate), notAfter: new Date(notAfter) },
  );
  const record: AuthorityRecord = {
    id,
    kind,
    state: 'active',
    certificate,
    sealedKey: sealing.seal(await exportPrivateKey(keys.privateKey), purpose(id)),
    createdAt: toTime(now),
    notAfter: toTime(notAfter),
  };
  await transact(async ({ authorities }) => {
    if (replaces !== undefined) await authorities.setState(replaces, 'verify-only');
    await authorities.insert(record);
  });
  return open(sealing, record);
}

async function sign(
  keys: KeyPair,
  what: { kind: string; trustDomain: string; root: OpenAuthority | undefined; id: string },
  validity: { notBefore: Date; notAfter: Date },
) {
  if (what.root === undefined) return createRoot(keys, `infra root ${what.trustDomain}`, validity);
  // The id makes the name of each intermediate its own, so chains of the old and the new one cannot be mixed up.
  return createIntermediate(keys.publicKey, what.root, `infra intermediate ${what.id}`, validity);
}

const hostName = (host: string): { type: 'dns' | 'ip'; value: string } => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host });
