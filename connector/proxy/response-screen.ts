/** Answers of the cluster that must not reach the client as they are: pure. */
import type { IncomingHttpHeaders } from 'node:http';
import { refuse, type Refusal } from './status.ts';

/**
 * A redirect to another host would take the client's credential there (CVE-2022-3172). A 401 means the connector's own credential is refused:
 * passed on, kubectl would throw its good one away; only what a pod behind `proxy` answers is the client's affair.
 */
export function responseRefusal(status: number, headers: IncomingHttpHeaders, subresource: string): Refusal | undefined {
  if (status >= 300 && status < 400 && headers.location !== undefined && !isPathOnly(headers.location))
    return refuse('BadGateway', 'the cluster answered with a redirect to another host, which is not passed on');
  if (status === 401 && subresource !== 'proxy')
    return refuse('BadGateway', "the cluster refuses the connector's own credential; ask an admin to look at the connector");
  return undefined;
}

const isPathOnly = (location: string): boolean => /^\/(?![/\\])/.test(location) || /^[A-Za-z0-9._~?-][^:\\]*$/.test(location);
