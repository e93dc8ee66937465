/** What a workload's token must be by itself, before anybody's keys or rules are looked at, and what of it is kept: pure. */
import type { TokenTrace } from '../../shared/api/audit.ts';
import type { Claims, Refusal } from '../identity/claims-rules.ts';
import { asymmetricAlgorithms } from '../identity/provider-rules.ts';
import { isOwnAudience, textsAt, type OwnNames } from './trust-rule-rules.ts';

/** Header and claims as they are written; nothing of it is believed yet. */
export interface WrittenToken {
  readonly header: Claims;
  readonly claims: Claims;
}

const skewSeconds = 30;
/** An older token is a stored secret by another name. */
const maximumAgeSeconds = 86_400;

/**
 * Why a token cannot hold here whoever signed it, or undefined. It says only what the token says and what anybody may know of this server, so
 * it tells nobody which issuers are trusted.
 */
export function tokenFault({ header, claims }: WrittenToken, own: OwnNames, nowSeconds: number): Refusal | undefined {
  return headerFault(header) ?? subjectFault(claims) ?? timesFault(claims, nowSeconds) ?? audienceFault(claims, own);
}

function headerFault({ alg, crit, typ }: Claims): Refusal | undefined {
  if (typeof alg !== 'string' || !asymmetricAlgorithms.includes(alg))
    return invalid(`It is signed with ${quoted(alg)}; what is accepted are RS, PS, ES and EdDSA`);
  // RFC 7515 §4.1.11: what is critical must be understood, and nothing is.
  if (crit !== undefined) return invalid('Its header names critical extensions, and none is known here');
  // RFC 8725 §3.11: an access token, a logout token or a proof of possession is no statement of who somebody is.
  return typ === undefined || (typeof typ === 'string' && /^(?:application\/)?jwt$/i.test(typ))
    ? undefined
    : invalid(`Its type is ${quoted(typ)}, not JWT`);
}

const subjectFault = ({ iss, sub }: Claims): Refusal | undefined =>
  isText(iss) && isText(sub) ? undefined : invalid('It does not say who made it and of whom ("iss", "sub")');
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 1000;

function timesFault({ exp, iat, nbf }: Claims, now: number): Refusal | undefined {
  if (!isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf)))
    return invalid('It does not say when it was made and when it ends ("iat", "exp")');
  if (exp <= now - skewSeconds) return expired(`This token expired at ${written(exp)}`);
  if (iat <= now - maximumAgeSeconds) return expired(`This token was made at ${written(iat)}, more than 24 hours ago`);
  if (Math.max(iat, nbf ?? iat) > now + skewSeconds)
    return invalid(`It does not count before ${written(Math.max(iat, nbf ?? iat))}; are the clocks right`);
  return undefined;
}
/** Seconds within the years that a date can be written of. */
const isTime = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value < 253_402_300_800;
const written = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** Whoever a token is for as well could come in here with it: it must be for this server alone. */
function audienceFault(claims: Claims, own: OwnNames): Refusal | undefined {
  const audience = audienceOf(claims);
  if (audience !== undefined && isOwnAudience(audience, own)) return undefined;
  return {
    code: 'workload-token.wrong-audience',
    sentence: `This token is for ${quoted(claims['aud'])}, not for this server alone. Get one from its issuer with the audience ${own.publicUrl}`,
  };
}

/** The one audience; undefined when there are several or none. */
export function audienceOf({ aud }: Claims): string | undefined {
  const [audience, ...more] = Array.isArray(aud) ? (aud as readonly unknown[]) : [aud];
  return typeof audience === 'string' && more.length === 0 ? audience : undefined;
}

const invalid = (why: string): Refusal => ({
  code: 'workload-token.invalid',
  sentence: `This token cannot be used. ${why}. Get one that its issuer made for workloads`,
});
const expired = (what: string): Refusal => ({ code: 'workload-token.expired', sentence: `${what}. Get a new one from its issuer` });

/** Somebody else's text in a sentence of ours: one line, cut off. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `"${printable(value, 200)}"`;
  return value === undefined ? 'nothing' : printable(JSON.stringify(value), 200);
}
const printable = (text: string, most: number): string => {
  const plain = text.replace(/\p{C}/gu, ' ');
  return plain.length > most ? `${plain.slice(0, most - 1)}…` : plain;
};

/** By which a run, a job or a pod can be found again. Nothing else of a token is written down. */
const tracedClaims = [
  ...['repository', 'repository_id', 'repository_owner', 'ref', 'ref_type', 'ref_protected', 'sha', 'environment', 'event_name'],
  ...['workflow_ref', 'job_workflow_ref', 'run_id', 'run_attempt', 'actor'],
  ...['project_path', 'project_id', 'pipeline_id', 'pipeline_source', 'job_id', 'user_login'],
  ...['organization_slug', 'pipeline_slug', 'build_number', 'terraform_workspace_name', 'terraform_run_id'],
  ...['/kubernetes.io/namespace', '/kubernetes.io/serviceaccount/name', '/kubernetes.io/pod/name', '/kubernetes.io/node/name'],
  'jti',
];

export function traceOf({ claims }: WrittenToken): TokenTrace {
  const { iss, sub } = claims;
  const found = tracedClaims.flatMap((name) =>
    textsAt(claims, name)
      .slice(0, 1)
      .map((text): [string, string] => [name, printable(text, 300)]),
  );
  return { issuer: textOrNothing(iss), subject: textOrNothing(sub), claims: Object.fromEntries(found) };
}

const textOrNothing = (value: unknown): string => (typeof value === 'string' ? printable(value, 300) : '');
