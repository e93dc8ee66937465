/**
 * The one request of the credential plugin, written out by hand: the typed client with its schemas takes longer to load than the request
 * to answer. A test holds method and path to the contract's.
 */
import { X509Certificate } from 'node:crypto';
import { toTime } from '../shared/clock.ts';
import { splitPem } from '../shared/node/fingerprint.ts';
import type { SecretValue } from '../shared/node/secret-value.ts';
import { isDestinationName } from '../shared/resource-name.ts';
import { asOurSentence, CliError, failureOfStatus } from './failure.ts';
import { createSend, describeFailedRequest, type HttpAnswer, type Trust } from './https-request.ts';
import { safeText } from '../shared/safe-text.ts';

export const leaseEndpoint = { method: 'POST', path: '/api/v1/leases' } as const;

export interface LeaseRequest {
  readonly server: string;
  readonly trust: Trust;
  readonly secret: SecretValue;
  readonly userAgent: string;
  readonly destination: string;
  readonly certificateRequest: string;
}

export interface IssuedCertificate {
  readonly leaseId: string;
  readonly lifeMilliseconds: number;
  /** PEM, each part parsed and written anew: nothing but certificates comes out of here. */
  readonly certificateChain: string;
  /** No connector of the destination is in contact with the server. */
  readonly offline: { readonly destinationName: string; readonly lastSeenAt: string | null } | undefined;
}

/** The server's own sentence says which grant is missing. */
export async function requestLease(lease: LeaseRequest): Promise<IssuedCertificate> {
  const answer = await ask(lease);
  const body = parseJson(answer.body);
  if (answer.status === 201) return readIssued(body, lease.server);
  throw refusal(answer.status, body, lease.server);
}

async function ask(lease: LeaseRequest): Promise<HttpAnswer> {
  try {
    return await createSend(lease.trust)({
      method: leaseEndpoint.method,
      url: `${lease.server}${leaseEndpoint.path}`,
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        authorization: `Bearer ${lease.secret.reveal()}`,
        'user-agent': lease.userAgent,
      },
      body: JSON.stringify({ destination: lease.destination, csr: lease.certificateRequest }),
      signal: AbortSignal.timeout(20_000),
    });
  } catch (cause) {
    throw new CliError('unreachable', describeFailedRequest(cause, lease.server), { cause });
  }
}

function refusal(status: number, body: Readonly<Record<string, unknown>>, server: string): CliError {
  if (status === 401) return new CliError('notLoggedIn', `the session at ${server} has ended; run: infra login ${server}`);
  if (typeof body['detail'] === 'string') return new CliError(failureOfStatus(status), safeText(asOurSentence(body['detail'])));
  return new CliError('unreachable', `${server} answered ${status}, but not as an infra server does; check the address`);
}

function readIssued(body: Readonly<Record<string, unknown>>, server: string): IssuedCertificate {
  const lease = record(body['lease']);
  const { id, issuedAt, expiresAt } = lease;
  const chain = body['certificateChain'];
  if (typeof id === 'string' && /^lse_[0-9a-z]{26}$/.test(id) && typeof chain === 'string') {
    const lifeMilliseconds = Date.parse(String(expiresAt)) - Date.parse(String(issuedAt));
    const certificateChain = rewritten(chain);
    if (lifeMilliseconds > 0 && certificateChain !== undefined)
      return { leaseId: id, lifeMilliseconds, certificateChain, offline: readOffline(body, lease) };
  }
  throw new CliError('unreachable', `the answer of ${server} is not understood; are server and CLI of compatible versions?`);
}

/** Only to be said: what cannot be understood, or comes from an older server, is left unsaid. */
function readOffline(
  { offline }: Readonly<Record<string, unknown>>,
  lease: Readonly<Record<string, unknown>>,
): IssuedCertificate['offline'] {
  const { name } = record(lease['destination']);
  if (typeof offline !== 'object' || offline === null || typeof name !== 'string' || !isDestinationName(name)) return undefined;
  const { lastSeenAt } = record(offline);
  const seenAt = typeof lastSeenAt === 'string' ? Date.parse(lastSeenAt) : Number.NaN;
  return { destinationName: name, lastSeenAt: Number.isNaN(seenAt) ? null : toTime(seenAt) };
}

function rewritten(pem: string): string | undefined {
  try {
    const certificates = splitPem(pem).map((each) => new X509Certificate(each).toString());
    return certificates.length === 0 ? undefined : certificates.join('');
  } catch {
    return undefined;
  }
}

function parseJson(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(bytes.toString('utf8')));
  } catch {
    return {};
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
