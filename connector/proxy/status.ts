/** Refusals as kubectl understands them: Kubernetes `Status` objects. */
export type StatusReason =
  'BadRequest' | 'Unauthorized' | 'Forbidden' | 'MethodNotAllowed' | 'RequestHeaderFieldsTooLarge' | 'ServiceUnavailable' | 'BadGateway';

const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  MethodNotAllowed: 405,
  RequestHeaderFieldsTooLarge: 431,
  BadGateway: 502,
  ServiceUnavailable: 503,
} as const satisfies Record<StatusReason, number>;

export interface Refusal {
  readonly reason: StatusReason;
  /** One sentence that says what to do; ends up on kubectl's last line. */
  readonly message: string;
}

export const refuse = (reason: StatusReason, message: string): Refusal => ({ reason, message: `infra: ${message}` });

export const statusCodeOf = (refusal: Refusal): number => codes[refusal.reason];

export function statusBody(refusal: Refusal): string {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: refusal.message,
    reason: refusal.reason,
    code: codes[refusal.reason],
  };
  return `${JSON.stringify(status)}\n`;
}

/** A whole HTTP answer that ends its connection, for sockets that no longer belong to the HTTP server. */
export function statusResponse(refusal: Refusal): string {
  const body = statusBody(refusal);
  const lines = [
    `HTTP/1.1 ${codes[refusal.reason]} ${refusal.reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
