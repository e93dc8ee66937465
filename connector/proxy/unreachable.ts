/** What to say when the cluster gave no answer: which leg failed, and whether anything may have happened. Pure. */
import { refuse, type Refusal } from './status.ts';

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'there is no way to its host',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'it does not answer',
};
const certificateCodes = /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** `error` as Node's sockets give it. */
export function unreachable(error: Error): Refusal {
  const code = 'code' in error ? String(error.code) : '';
  const cause = causes[code] ?? (certificateCodes.test(code) ? 'its certificate is not trusted' : undefined);
  if (cause !== undefined)
    return refuse('ServiceUnavailable', `the connector cannot reach the kube-apiserver (${cause}); ask an admin to look at the cluster`);
  return refuse(
    'BadGateway',
    'the connection between the connector and the kube-apiserver broke before an answer came; look whether your request took effect before you send it again',
  );
}
