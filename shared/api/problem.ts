/** Errors of the API: RFC 9457 problem details with a stable `code`. One table maps code to status, so a code without status does not compile. */
import { z } from 'zod';

export const problemStatus = {
  'request.invalid': 400,
  'request.malformed': 400,
  'request.too-large': 413,
  'request.not-found': 404,
  'request.method-not-allowed': 405,
  'request.unsupported-media-type': 415,
  'session.missing': 401,
  'session.invalid': 401,
  'session.expired': 401,
  'login.failed': 401,
  'login.rate-limited': 429,
  /** The ends a login by browser can come to; the CLI gets them as `error` at its loopback address. */
  'login.expired': 400,
  'login.denied': 403,
  'login.email-unverified': 403,
  'login.email-not-allowed': 403,
  'login.user-unknown': 403,
  'login.user-disabled': 403,
  'login.account-conflict': 403,
  'login.account-unlinked': 403,
  'login.groups-unusable': 403,
  'login.groups-unavailable': 503,
  'login.provider-failed': 502,
  /** RFC 8628 §3.5: its words, under a name of ours. */
  'device-login.authorization-pending': 400,
  'device-login.slow-down': 400,
  'device-login.access-denied': 403,
  'device-login.expired-token': 400,
  'device-login.closed': 403,
  'logout.refused': 400,
  'password.too-weak': 400,
  /** A second factor has to be proven, or proven again. */
  'mfa.required': 403,
  'mfa.failed': 401,
  'mfa.not-possible': 403,
  'mfa.login-too-old': 403,
  'account.login-too-old': 403,
  'account.not-found': 404,
  'second-factor.not-found': 404,
  'passkey.not-possible': 409,
  'passkey.duplicate': 409,
  'password.change-required': 403,
  'token.invalid': 401,
  'mail.not-set-up': 409,
  'assertion.invalid': 401,
  'assertion.replayed': 401,
  'access.denied': 403,
  'access.role-missing': 403,
  'grant.missing': 403,
  'grant.duplicate': 409,
  'admin.last': 409,
  'identity.not-found': 404,
  'identity.duplicate': 409,
  'identity.disabled': 409,
  'group.not-found': 404,
  'group.duplicate': 409,
  'group.of-provider': 409,
  'provider.not-found': 404,
  'provider.test-not-found': 404,
  'provider.duplicate': 409,
  'provider.disabled': 409,
  'provider.invalid': 400,
  'provider.unreachable': 502,
  /** Who or what a provider's directory gives is here already, as somebody or something else. */
  'provisioning.duplicate': 409,
  'provisioning.invalid': 400,
  'provisioning.not-found': 404,
  'scim-token.invalid': 401,
  'scim-token.not-found': 404,
  'trust-rule.invalid': 400,
  'trust-rule.not-found': 404,
  /** Why the token of a workload opens nothing. */
  'workload-token.invalid': 401,
  'workload-token.expired': 401,
  'workload-token.wrong-audience': 401,
  'workload-token.not-trusted': 401,
  'workload-token.used': 401,
  'issuer.unreachable': 502,
  'issuer.invalid': 502,
  'session.not-found': 404,
  'access-key.not-found': 404,
  'access-key.duplicate': 409,
  'access-key.not-from-key': 403,
  'destination.not-found': 404,
  'destination.duplicate': 409,
  'destination.bound-elsewhere': 409,
  'connector.not-found': 404,
  'connector.key-mismatch': 403,
  'grant.not-found': 404,
  'lease.not-found': 404,
  'lease.csr-invalid': 400,
  'change.not-found': 404,
  'audit-event.not-found': 404,
  'events.too-many': 429,
  'server.failed': 500,
} as const satisfies Record<string, number>;

export type ProblemCode = keyof typeof problemStatus;

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  instance: z.string().optional(),
  /** Field by field, for `request.invalid`: where in the input, and what is wrong with it. */
  fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
export type Problem = z.output<typeof problemSchema>;

export interface DomainErrorOptions {
  readonly cause?: unknown;
  readonly fields?: readonly { readonly path: string; readonly message: string }[];
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** What a caller can expect to go wrong, with the sentence that is shown to them. Never holds a secret or another program's text. */
export class DomainError extends Error {
  readonly code: ProblemCode;
  readonly fields: DomainErrorOptions['fields'];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, sentence: string, options: DomainErrorOptions = {}) {
    super(sentence, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'DomainError';
    this.code = code;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return problemStatus[this.code];
  }
}
