/**
 * Whether a connector answers at its own address: a TLS handshake that shows a certificate of its authority for its name, and nothing more is
 * said. A port that is merely open (another service's, a captive network's) is no answer.
 */
import { spawnSync } from 'node:child_process';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';

export interface ProbedAddress {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  /** PEM. */
  readonly authority: string;
}

/** All together: they are asked at the same time. */
const patienceMilliseconds = 800;
/** With a machine so busy that the program that asks hardly gets to run. */
const processMilliseconds = 2500;

/** In the order of the addresses, by a program of its own (direct-probe-process). Whatever comes of that is at worst no answer. */
export function askAddresses(addresses: readonly ProbedAddress[]): readonly boolean[] {
  if (addresses.length === 0) return [];
  const program = fileURLToPath(new URL('direct-probe-process.js', import.meta.url));
  const { stdout, error } = spawnSync(process.execPath, [program], {
    ...{ input: JSON.stringify(addresses), encoding: 'utf8', windowsHide: true },
    ...{ timeout: processMilliseconds, killSignal: 'SIGKILL' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // What is there our own program wrote, if it got so far.
  return error === undefined && stdout.endsWith(']') ? (JSON.parse(stdout) as boolean[]) : [];
}

/** In the order of the addresses, here. */
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
