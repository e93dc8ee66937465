/** Kept connections to the kube-apiserver. The free ones are a stack: the last used is the next taken, and what lies idle below is closed in time. */
import { connect, createSecureContext, type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls';
import { UpstreamConnection } from './upstream-connection.ts';

export type UpstreamTls = Pick<ConnectionOptions, 'minVersion' | 'servername' | 'ca' | 'cert' | 'key'>;

export interface UpstreamPool {
  /** A free connection, or a new one that opens with its first request; given back by itself when its answer is over. */
  take(): UpstreamConnection;
  close(): void;
}

export interface UpstreamEndpoint {
  readonly host: string;
  readonly port: number;
  /** Asked for every connection; the same object as long as nothing changed. */
  readonly tls: () => UpstreamTls;
}

const connectMilliseconds = 10_000;
/** Before the apiserver would close it. */
const idleMilliseconds = 50_000;
const sweepMilliseconds = 10_000;
const mostIdle = 256;
/** Finds a peer that is gone without a word. */
const keepAliveMilliseconds = 30_000;

export function createUpstreamPool(endpoint: UpstreamEndpoint): UpstreamPool {
  const open = createOpener(endpoint);
  const idle: UpstreamConnection[] = [];
  const all = new Set<UpstreamConnection>();
  const whenFree = (connection: UpstreamConnection, isUsable: boolean): void => {
    if (isUsable && idle.length < mostIdle) {
      connection.idleSince = performance.now();
      idle.push(connection);
      return;
    }
    const index = idle.indexOf(connection);
    if (index !== -1) idle.splice(index, 1);
    all.delete(connection);
    if (isUsable) connection.abort();
  };
  const sweep = (): void => {
    const before = performance.now() - idleMilliseconds;
    const [first] = idle;
    // The longest idle lie at the bottom.
    if (first !== undefined && first.idleSince < before) {
      for (const connection of idle.filter(({ idleSince }) => idleSince < before)) connection.abort();
    }
  };
  const sweeping = setInterval(sweep, sweepMilliseconds).unref();
  return {
    take: () => {
      const kept = idle.pop();
      if (kept !== undefined) return kept;
      const connection = new UpstreamConnection(open(), whenFree);
      all.add(connection);
      return connection;
    },
    close: () => {
      clearInterval(sweeping);
      for (const connection of all) connection.abort();
    },
  };
}

/** Connections that resume the TLS session of those before, until authority or certificate change. */
function createOpener({ host, port, tls }: UpstreamEndpoint): () => TLSSocket {
  let builtFor: UpstreamTls | undefined;
  let secureContext: SecureContext | undefined;
  let session: Buffer | undefined;
  return () => {
    const now = tls();
    if (now !== builtFor || secureContext === undefined) {
      secureContext = createSecureContext(now);
      session = undefined;
      builtFor = now;
    }
    const socket = connect({
      host,
      port,
      servername: now.servername ?? '',
      secureContext,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
    });
    socket.setNoDelay(true).setKeepAlive(true, keepAliveMilliseconds);
    const timer = setTimeout(() => socket.destroy(new NoAnswer()), connectMilliseconds);
    socket.once('secureConnect', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
    socket.on('session', (ticket) => {
      if (now === builtFor) session = ticket;
    });
    return socket;
  };
}

class NoAnswer extends Error {
  readonly code = 'ETIMEDOUT';

  constructor() {
    super('the kube-apiserver does not answer');
  }
}
