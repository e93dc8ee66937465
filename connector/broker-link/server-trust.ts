/**
 * Which server is ours. The join token names the infra root by fingerprint; what the server shows on a first, mute connection is believed
 * only as far as it holds a certificate of that fingerprint, and from then on ordinary TLS verification against that root applies.
 */
import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import type { ProxyVariables } from './server-fetch.ts';
import { certificateFingerprint, sameFingerprint, splitPem } from '../../shared/node/fingerprint.ts';

export type ServerTrust =
  /** The server's certificate chains to the infra root. */
  | { readonly kind: 'pinned'; readonly roots: string }
  /** It is publicly trusted; the infra root then comes with the enrolment's answer and must have the fingerprint. */
  | { readonly kind: 'system' };

export class UntrustedServerError extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'UntrustedServerError';
  }
}

const connectMilliseconds = 10_000;

/** Sends nothing but a TLS hello. */
export async function findServerTrust(serverUrl: string, rootFingerprint: string, proxyEnv: ProxyVariables): Promise<ServerTrust> {
  const url = new URL(serverUrl);
  const { chain, publiclyTrusted } = await presentedChain(url, proxyEnv);
  const root = chain.find((certificate) => sameFingerprint(certificateFingerprint(certificate.toString()), rootFingerprint));
  if (root !== undefined) return { kind: 'pinned', roots: root.toString() };
  if (publiclyTrusted) return { kind: 'system' };
  throw new UntrustedServerError(
    `${url.origin} does not show the certificate authority that the join token names: it is another server, or something stands in between`,
  );
}

/** The certificates of a PEM bundle that the fingerprint vouches for, itself first; undefined when it is not among them. */
export function rootsVouchedFor(bundle: string, rootFingerprint: string): string | undefined {
  const certificates = splitPem(bundle);
  return certificates.some((pem) => sameFingerprint(certificateFingerprint(pem), rootFingerprint)) ? certificates.join('') : undefined;
}

function presentedChain(url: URL, proxyEnv: ProxyVariables): Promise<{ chain: X509Certificate[]; publiclyTrusted: boolean }> {
  return new Promise((resolve, reject) => {
    // Only to look: what it shows is checked by fingerprint.
    const agent = new Agent({ proxyEnv, rejectUnauthorized: false });
    // Never ended, so never sent.
    const looking = request(url, { agent, timeout: connectMilliseconds });
    looking.once('timeout', () => looking.destroy(new Error(`no TLS answer from ${url.host} in ${connectMilliseconds} ms`)));
    looking.once('error', reject);
    looking.once('socket', (socket) => {
      if (!(socket instanceof TLSSocket)) throw new TypeError('an https agent makes TLS connections');
      const look = (): boolean => {
        const chain = chainOf(socket);
        if (chain.length === 0) return false;
        resolve({ chain, publiclyTrusted: socket.authorized });
        looking.destroy();
        return true;
      };
      // Through a proxy it comes when its handshake is over.
      if (!look()) socket.once('secureConnect', look);
    });
  });
}

/** Nothing before the handshake. Not by `getPeerX509Certificate`: after it Node 24 knows of no certificate any more. */
function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < 10) {
    chain.push(new X509Certificate(certificate.raw));
    const issuer: DetailedPeerCertificate | undefined = certificate.issuerCertificate;
    // A self-signed certificate names itself as issuer.
    certificate = issuer === certificate ? undefined : issuer;
  }
  return chain;
}
