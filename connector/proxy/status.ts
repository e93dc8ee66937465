/** Refusals as kubectl understands them: Kubernetes `Status` objects. */
export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'MethodNotAllowed'
  | 'TooManyRequests'
  | 'RequestHeaderFieldsTooLarge'
  | 'ServiceUnavailable'
  | 'BadGateway';

const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  MethodNotAllowed: 405,
  TooManyRequests: 429,
  RequestHeaderFieldsTooLarge: 431,
  BadGateway: 502,
  ServiceUnavailable: 503,
} as const satisfies Record<StatusReason, number>;

export interface Refusal {
  readonly reason: StatusReason;
  /** One sentence that says what to do; ends up on kubectl's last line. */
  readonly message: string;
  /** For `Retry-After`, upon which client-go tries again by itself. */
  readonly retryAfterSeconds?: number;
}

export const refuse = (reason: StatusReason, message: string): Refusal => ({ reason, message: `infra: ${message}` });

export const refuseForNow = (message: string, retryAfterSeconds: number): Refusal => ({
  ...refuse('TooManyRequests', message),
  retryAfterSeconds,
});

export const statusCodeOf = (refusal: Refusal): number => codes[refusal.reason];

export function statusBody(refusal: Refusal): string {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: refusal.message,
    reason: refusal.reason,
    ...(refusal.retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds: refusal.retryAfterSeconds } }),
    code: codes[refusal.reason],
  };
  return `${JSON.stringify(status)}\n`;
}

export interface RefusalAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/**
 * A Status, but for the two requests where kubectl would not show its sentence: discovery, whose errors client-go takes as they are, so that the
 * text of a 403 is shown and a Status is "unknown"; and `kubectl auth whoami`, which takes every 403 for a cluster without that API.
 */
export function refusalAnswer(refusal: Refusal, asked: { readonly target: string; readonly accept: string }): RefusalAnswer {
  const { reason, message } = refusal;
  if (reason === 'Forbidden' && asked.accept.includes('g=apidiscovery.k8s.io'))
    return { status: codes.Forbidden, contentType: 'text/plain; charset=utf-8', body: `${message}\n` };
  const isWhoAmI = /^\/apis\/authentication\.k8s\.io\/[^/]+\/selfsubjectreviews(?:\?|$)/.test(asked.target);
  const shown: Refusal = reason === 'Forbidden' && isWhoAmI ? { reason: 'BadRequest', message } : refusal;
  return { status: codes[shown.reason], contentType: 'application/json', body: statusBody(shown) };
}

/** A whole HTTP answer that ends its connection, for sockets that no longer belong to the HTTP server. */
export function statusResponse(refusal: Refusal): string {
  const body = statusBody(refusal);
  const lines = [
    `HTTP/1.1 ${codes[refusal.reason]} ${refusal.reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(refusal.retryAfterSeconds === undefined ? [] : [`Retry-After: ${refusal.retryAfterSeconds}`]),
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
