/**
 * Kept connections to the kube-apiserver, one request at a time on each. Undici's own pool looks through all of its connections for a free
 * one and never forgets any; with thousands of open watches that shows. Here the free ones are a stack: the last used is the next taken.
 */
import type { ConnectionOptions } from 'node:tls';
import { buildConnector, Client, type Dispatcher } from 'undici';

export type UpstreamTls = Pick<ConnectionOptions, 'minVersion' | 'servername' | 'ca' | 'cert' | 'key'>;

export interface UpstreamPool {
  /** A free connection, or a new one that opens with its first request. */
  take(): Connection;
  close(): void;
}

/** Belongs to one request until it is given back. */
export interface Connection {
  /** It has served another request before: its failing at once may mean that the cluster closed it just then. */
  readonly isReused: boolean;
  /** The handler hears of everything, of no connection too. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** Once, when nothing more comes for the request. */
  giveBack(): void;
}

const connectMilliseconds = 10_000;
/** Closed by us before the apiserver would. */
const idleMilliseconds = 50_000;
const mostIdle = 256;

export function createUpstreamPool(origin: string, tls: () => UpstreamTls): UpstreamPool {
  const connect = followingConnector(tls);
  const idle: PooledConnection[] = [];
  const all = new Set<PooledConnection>();

  const open = (): PooledConnection => {
    const client = new Client(origin, {
      connect,
      pipelining: 1,
      keepAliveTimeout: idleMilliseconds,
      keepAliveMaxTimeout: idleMilliseconds,
      // The apiserver takes its time for some answers, and watches are silent for long.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 65_536,
    });
    const connection = new PooledConnection(client, idle);
    const forget = (): void => {
      // Taken again before its end was known: it connects anew by itself.
      if (client.stats.size > 0) return;
      all.delete(connection);
      connection.end();
    };
    client.on('disconnect', forget).on('connectionError', forget);
    all.add(connection);
    return connection;
  };
  return {
    take: () => idle.pop() ?? open(),
    close: () => {
      for (const connection of all) connection.end();
    },
  };
}

/** One for all connections, for it keeps the TLS sessions that later ones resume; another when authority or certificate changed. */
function followingConnector(tls: () => UpstreamTls): buildConnector.connector {
  let builtFor: UpstreamTls | undefined;
  let connector: buildConnector.connector | undefined;
  return (options, callback) => {
    const now = tls();
    if (connector === undefined || now !== builtFor) connector = buildConnector({ ...now, allowH2: false, timeout: connectMilliseconds });
    builtFor = now;
    connector(options, callback);
  };
}

class PooledConnection implements Connection {
  readonly #client: Client;
  readonly #idle: PooledConnection[];
  #requests = 0;
  #isOver = false;

  constructor(client: Client, idle: PooledConnection[]) {
    this.#client = client;
    this.#idle = idle;
  }

  get isReused(): boolean {
    return this.#requests > 1;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#requests += 1;
    this.#client.dispatch(options, handler);
  }

  giveBack(): void {
    if (this.#isOver) return;
    if (this.#idle.length < mostIdle) this.#idle.push(this);
    else this.end();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const index = this.#idle.indexOf(this);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#client.destroy().catch(() => undefined);
  }
}
