/**
 * Whether a connector answers at its own address: a TLS handshake that shows a certificate of its authority for its name, and nothing more is
 * said. A port that is merely open (another service's, a captive network's) is no answer.
 */
import { isIP } from 'node:net';
import { connect } from 'node:tls';

export interface ProbedAddress {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  /** PEM. */
  readonly authority: string;
}

/** All together: they are asked at the same time. */
const patienceMilliseconds = 900;

/** In the order of the addresses. */
export const probeAddresses = async (addresses: readonly ProbedAddress[]): Promise<boolean[]> => Promise.all(addresses.map(answers));

async function answers({ host, port, serverName, authority }: ProbedAddress): Promise<boolean> {
  // A connector's certificate is for a name, and TLS knows no other server names (RFC 6066 §3).
  if (isIP(serverName) !== 0) return false;
  const asked = new Promise<boolean>((resolve) => {
    const socket = connect({ host, port, servername: serverName, ca: authority, minVersion: 'TLSv1.2' });
    const end = (isConnector: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isConnector);
    };
    const timer = setTimeout(() => end(false), patienceMilliseconds);
    socket.once('secureConnect', () => end(socket.authorized));
    socket.on('error', () => end(false));
    socket.once('close', () => end(false));
  });
  // An address that cannot even be tried answers as little.
  return asked.catch(() => false);
}
