/** Answers of the cluster that must not reach the client as they are: pure. */
import { refuse, type Refusal } from './status.ts';

export const ownCredentialRefused = refuse(
  'BadGateway',
  "the cluster refuses the connector's own credential; ask an admin to look at the connector",
);

/**
 * A redirect to another host would take the client's credential there (CVE-2022-3172). A 401 means the connector's own credential is refused:
 * passed on, kubectl would throw its good one away; only what a pod behind `proxy` answers is the client's affair.
 */
export function responseRefusal(status: number, location: string | undefined, subresource: string): Refusal | undefined {
  if (status >= 300 && status < 400 && location !== undefined && !isPathOnly(location))
    return refuse('BadGateway', 'the cluster answered with a redirect to another host, which is not passed on');
  if (status === 401 && subresource !== 'proxy') return ownCredentialRefused;
  return undefined;
}

const isPathOnly = (location: string): boolean => /^\/(?![/\\])/.test(location) || /^[A-Za-z0-9._~?-][^:\\]*$/.test(location);

export interface AnswerHeaders {
  /** Names and values in turn. */
  readonly kept: string[];
  readonly location: string | undefined;
}

/** Of one connection alone (RFC 9110 §7.6.1), and the framing, which is made anew. */
const hopByHop = new Set(['connection', 'upgrade', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'trailer', 'te']);

/** The headers that go on to the client, from names and values in turn. */
export function answerHeaders(raw: readonly string[]): AnswerHeaders {
  const kept: string[] = [];
  let location: string | undefined;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower)) continue;
    const value = raw[index + 1] ?? '';
    if (lower === 'location') location = value;
    kept.push(name, value);
  }
  return { kept, location };
}
