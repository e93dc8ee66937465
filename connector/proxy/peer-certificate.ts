/**
 * Whose certificate a connection showed, checked once per connection: pure over node:crypto. Time is left to each request, because a
 * connection and a resumed session outlive their certificate.
 */
import { X509Certificate } from 'node:crypto';
import { idPattern } from '../../shared/id.ts';

export interface Peer {
  readonly identityId: string;
  readonly leaseId: string;
  /** Milliseconds: the narrowest of leaf and intermediates. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export type PeerResult = { readonly kind: 'peer'; readonly peer: Peer } | { readonly kind: 'refused'; readonly why: string };

export interface PeerExpectations {
  /** Self-signed infra roots. */
  readonly roots: readonly X509Certificate[];
  /** Intermediates known from elsewhere: a resumed session brings only the leaf back. */
  readonly intermediates: readonly X509Certificate[];
  readonly trustDomain: string;
  readonly destinationId: string;
}

const clientAuth = '1.3.6.1.5.5.7.3.2';
const longestPath = 4;
const identityId = idPattern('user', 'workload');
const leaseId = idPattern('lease');

export function identifyPeer(leaf: X509Certificate, presented: readonly X509Certificate[], expected: PeerExpectations): PeerResult {
  const names = readNames(leaf, expected);
  if (typeof names === 'string') return refused(names);
  if (leaf.ca) return refused('a certificate authority is no client');
  const usages = leaf.keyUsage as readonly string[] | undefined;
  if (usages?.length !== 1 || usages[0] !== clientAuth) return refused('the certificate is not for client authentication alone');
  const path = pathToRoot(leaf, [...presented, ...expected.intermediates], expected.roots);
  if (path === undefined) return refused('the certificate was not issued by this infra');
  return {
    kind: 'peer',
    peer: {
      ...names,
      notBefore: Math.max(...path.map((certificate) => certificate.validFromDate.getTime())),
      notAfter: Math.min(...path.map((certificate) => certificate.validToDate.getTime())),
    },
  };
}

/** Identity and lease, or why the names are not what the server issues. Compared as a whole text: anything besides the one name differs. */
function readNames(leaf: X509Certificate, expected: PeerExpectations): { identityId: string; leaseId: string } | string {
  const prefix = `URI:spiffe://${expected.trustDomain}/destination/`;
  const name = leaf.subjectAltName;
  if (name?.startsWith(prefix) !== true) return 'the certificate does not name an identity of this infra';
  const [destination, identityWord, identity, leaseWord, lease, ...more] = name.slice(prefix.length).split('/');
  if (identityWord !== 'identity' || leaseWord !== 'lease' || more.length > 0 || identity === undefined || lease === undefined)
    return 'the certificate does not name one identity and lease';
  if (destination !== expected.destinationId) return 'the certificate is for another destination';
  if (!identityId.test(identity) || !leaseId.test(lease)) return 'the certificate does not name one identity and lease';
  if (leaf.subject !== `CN=${identity}`) return 'subject and name of the certificate differ';
  return { identityId: identity, leaseId: lease };
}

/** Leaf, intermediates and root; undefined when no path of genuine signatures leads to a root. */
function pathToRoot(
  leaf: X509Certificate,
  candidates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const path = [leaf];
  while (path.length <= longestPath) {
    const last = path.at(-1) ?? leaf;
    const root = roots.find((certificate) => issued(certificate, last));
    if (root !== undefined) return [...path, root];
    const next = candidates.find((certificate) => !path.includes(certificate) && certificate.ca && issued(certificate, last));
    if (next === undefined) return undefined;
    path.push(next);
  }
  return undefined;
}

/** Our authorities sign with ECDSA alone; a key of that kind cannot verify anything else. */
function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  if (issuer.publicKey.asymmetricKeyType !== 'ec' || !subject.checkIssued(issuer)) return false;
  return subject.verify(issuer.publicKey);
}

const refused = (why: string): PeerResult => ({ kind: 'refused', why });

export function parseCertificates(pems: readonly string[]): readonly X509Certificate[] {
  return pems.map((pem) => new X509Certificate(pem));
}
