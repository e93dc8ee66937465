/**
 * Trust on first use: whom a server's certificate chain leads to, and whether that root is believed. Nothing secret is sent before this has
 * an answer. The order: what the person gave (`--ca`, `--trust-fingerprint`), the machine's roots, then the person at the terminal.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { isIP } from 'node:net';
import { certificateFingerprint, sameFingerprint, splitPem } from '../shared/node/fingerprint.ts';
import { CliError, errorCode } from './failure.ts';
import { anchors, describeFailedRequest, type Trust } from './https-request.ts';

export interface TrustOptions {
  readonly server: string;
  readonly caFile: string | undefined;
  readonly fingerprint: string | undefined;
  /** Asks the person; undefined when nobody is there to be asked. */
  readonly confirm: ((fingerprint: string) => Promise<boolean>) | undefined;
}

export async function establishTrust(options: TrustOptions): Promise<Trust> {
  const { server, caFile, fingerprint } = options;
  if (caFile !== undefined) return verified(server, { kind: 'pinned', certificates: readCaFile(caFile, fingerprint) });
  const byMachine = await tryVerify(server, { kind: 'system' });
  if (byMachine === undefined && fingerprint === undefined) return { kind: 'system' };
  const root = await presentedRoot(server);
  if (fingerprint !== undefined) {
    if (root !== undefined && sameFingerprint(fingerprint, certificateFingerprint(root)))
      return verified(server, { kind: 'pinned', certificates: root });
    throw new CliError('failed', mismatch(server, root, fingerprint));
  }
  if (root === undefined) throw new CliError('unreachable', describeFailedRequest(byMachine, server), { cause: byMachine });
  await askOrRefuse(options, certificateFingerprint(root));
  return verified(server, { kind: 'pinned', certificates: root });
}

async function askOrRefuse({ server, confirm }: TrustOptions, found: string): Promise<void> {
  if (confirm === undefined)
    throw new CliError(
      'wrongUse',
      `this machine does not know the authority of ${server}; compare its fingerprint ${found} with the one its admin gives, then run again with --trust-fingerprint, or with --ca FILE`,
    );
  if (!(await confirm(found))) throw new CliError('failed', `${server} is not trusted; nothing was sent to it`);
}

function mismatch(server: string, root: string | undefined, wanted: string): string {
  if (!sameFingerprint(wanted, wanted)) return 'a fingerprint is SHA256: and 64 hexadecimal digits; ask the server’s admin for it';
  const found = root === undefined ? 'sends no root certificate' : `presents ${certificateFingerprint(root)}`;
  return `${server} ${found}, not the root with the fingerprint given; do not log in before its admin has explained that`;
}

function readCaFile(path: string, fingerprint: string | undefined): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError('wrongUse', `the CA file ${path} cannot be read (${errorCode(error) ?? 'unknown'}); give a PEM file`, {
      cause: error,
    });
  }
  const certificates = splitPem(text);
  if (certificates.length === 0 || !certificates.every(isCertificate))
    throw new CliError('wrongUse', `the CA file ${path} holds no PEM certificates; give the server's root`);
  if (fingerprint !== undefined && !certificates.some((each) => sameFingerprint(fingerprint, certificateFingerprint(each))))
    throw new CliError('failed', `no certificate in ${path} has the fingerprint given; ask the server's admin which is right`);
  return certificates.join('');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

async function verified(server: string, trust: Trust): Promise<Trust> {
  const fault = await tryVerify(server, trust);
  if (fault !== undefined) throw new CliError('unreachable', describeFailedRequest(fault, server), { cause: fault });
  return trust;
}

/** A full handshake with name check; the fault, or undefined when the server is believed. A server that is not there is no question of trust. */
async function tryVerify(server: string, trust: Trust): Promise<Error | undefined> {
  try {
    await handshake(server, { ca: anchors(trust), rejectUnauthorized: true });
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    const isAboutTrust = code !== undefined && (code.includes('CERT') || code.includes('VERIFY') || code.includes('ISSUER'));
    if (isAboutTrust && error instanceof Error) return error;
    throw new CliError('unreachable', describeFailedRequest(error, server), { cause: error });
  }
}

/** The self-signed end of the chain that the server sends, PEM: an infra server sends its root for this. */
async function presentedRoot(server: string): Promise<string | undefined> {
  // Believed for nothing: only to learn which root to ask about. What is pinned is verified by a handshake of its own.
  let certificate = await handshake(server, { rejectUnauthorized: false });
  for (let depth = 0; depth < 10; depth += 1) {
    // Node types it as always there; the last certificate of a chain without its root has none.
    const issuer = certificate.issuerCertificate as DetailedPeerCertificate | undefined;
    if (issuer === undefined) return undefined;
    if (issuer.raw.equals(certificate.raw)) return new X509Certificate(certificate.raw).toString();
    certificate = issuer;
  }
  return undefined;
}

function handshake(server: string, options: { ca?: string[]; rejectUnauthorized: boolean }): Promise<DetailedPeerCertificate> {
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...options,
      host,
      port: port === '' ? 443 : Number(port),
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    socket.setTimeout(15_000, () => socket.destroy(new Error('silent for 15 s')));
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
  });
}
