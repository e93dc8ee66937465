/** The connector as a real process, and requests to it over real TLS. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { nodeArguments } from '../../scripts/lib/node-arguments.ts';
import type { Credential, FakeServer } from './fake-server.ts';

const builtProgram = join(import.meta.dirname, '../../dist/connector/main.js');

export interface ConnectorWish {
  readonly server: FakeServer;
  readonly kubeconfig: string;
  readonly stateDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: the join token of the server. */
  readonly joinToken?: string | null;
  readonly serverUrl?: string;
  /** Another main.js than the one that was built. */
  readonly program?: string;
}

export class RunningConnector {
  readonly stateDir: string;
  readonly #wish: ConnectorWish;
  readonly #ownsStateDir: boolean;
  #process: ChildProcess | undefined;
  #listenPort: number | undefined;
  output = '';

  private constructor(wish: ConnectorWish) {
    this.#wish = wish;
    this.#ownsStateDir = wish.stateDir === undefined;
    this.stateDir = wish.stateDir ?? mkdtempSync(join(tmpdir(), 'infra-connector-'));
  }

  /** Resolves when it listens, or has ended. */
  static async start(wish: ConnectorWish): Promise<RunningConnector> {
    const connector = new RunningConnector(wish);
    await connector.start();
    return connector;
  }

  async start(): Promise<void> {
    this.output = '';
    const { server, kubeconfig, joinToken } = this.#wish;
    const token = joinToken === undefined ? server.joinToken : joinToken;
    const child = spawn(process.execPath, nodeArguments(this.#wish.program ?? builtProgram), {
      env: {
        PATH: process.env['PATH'] ?? '',
        INFRA_CONNECTOR_SERVER: this.#wish.serverUrl ?? server.url,
        ...(token === null ? {} : { INFRA_CONNECTOR_TOKEN: token }),
        INFRA_CONNECTOR_LISTEN: `127.0.0.1:${this.#listenPort ?? 0}`,
        INFRA_CONNECTOR_ADDRESS: '127.0.0.1:1',
        INFRA_CONNECTOR_HEALTH_LISTEN: '127.0.0.1:0',
        INFRA_CONNECTOR_STATE_DIR: this.stateDir,
        INFRA_CONNECTOR_KUBECONFIG: kubeconfig,
        INFRA_CONNECTOR_LOG_LEVEL: 'debug',
        ...this.#wish.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    const collect = (chunk: Buffer): void => {
      this.output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    await until(() => this.#portFromLog() !== undefined || child.exitCode !== null, 'the connector listens', 15_000).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${this.output}`);
      },
    );
    this.#listenPort = this.#portFromLog();
  }

  get port(): number {
    if (this.#listenPort === undefined) throw new Error(`the connector does not listen:\n${this.output}`);
    return this.#listenPort;
  }

  /** From `healthListen`, which speaks plain HTTP. */
  async health(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const port = /"port":(\d+),"msg":"health"/.exec(this.output)?.[1] ?? '';
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, text: await response.text() };
  }

  get exitCode(): number | null {
    return this.#process?.exitCode ?? null;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  #portFromLog(): number | undefined {
    const match = /"port":(\d+),"msg":"listening"/.exec(this.output);
    return match === null ? undefined : Number(match[1]);
  }

  /** Ends it, and begins again as if the server had last been heard then. */
  async restartHavingHeard(milliseconds: number): Promise<void> {
    await this.kill('SIGTERM');
    const file = join(this.stateDir, 'last-contact.json');
    const contact = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...contact, lastContact: milliseconds }));
    await this.start();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    if (this.#ownsStateDir) rmSync(this.stateDir, { recursive: true, force: true });
  }

  /** One request on a connection of its own. */
  request(
    credential: Pick<Credential, 'chain' | 'keyPem'> | undefined,
    path: string,
    options: RequestOptions & { body?: string } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { body, ...rest } = options;
      const outgoing = request(
        { ...this.tls(credential), agent: false, path, ...rest, headers: { host: 'local', ...(rest.headers as Record<string, string>) } },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => (text += chunk));
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
          incoming.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** A GET whose answer stays open. */
  watch(credential: Credential, path: string): Promise<OpenWatch> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...this.tls(credential), agent: false, path, headers: { host: 'local' } }, (incoming) => {
        const open: OpenWatch = { status: incoming.statusCode ?? 0, text: '', closedAt: undefined, abort: () => outgoing.destroy() };
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (open.text += chunk));
        incoming.on('error', () => undefined);
        incoming.on('close', () => (open.closedAt = Date.now()));
        resolve(open);
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  }

  /** Bytes as they are, on a connection of its own; everything that came back until the end, or for `milliseconds`. */
  async raw(credential: Pick<Credential, 'chain' | 'keyPem'> | undefined, text: string, milliseconds = 1500): Promise<string> {
    const socket = await this.connect(credential);
    return new Promise((resolve) => {
      let received = '';
      const done = (): void => {
        socket.destroy();
        resolve(received);
      };
      socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
      socket.on('error', done);
      socket.on('end', done);
      setTimeout(done, milliseconds).unref();
      socket.write(text, 'latin1');
    });
  }

  connect(credential: Pick<Credential, 'chain' | 'keyPem'> | undefined, session?: Buffer): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...this.tls(credential), ...(session === undefined ? {} : { session }) }, () => resolve(socket));
      socket.once('error', reject);
    });
  }

  tls(credential: Pick<Credential, 'chain' | 'keyPem'> | undefined) {
    return {
      host: '127.0.0.1',
      port: this.port,
      ca: this.#wish.server.authority.rootPem,
      servername: `${this.#wish.server.destinationId}.connector.infra.test`,
      ...(credential === undefined ? {} : { cert: credential.chain, key: credential.keyPem }),
    };
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface OpenWatch {
  readonly status: number;
  text: string;
  closedAt: number | undefined;
  abort(): void;
}

/** Waits for a claim to become true. */
export async function until(claim: () => boolean | Promise<boolean>, what: string, milliseconds = 8000): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!(await claim())) {
    if (Date.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
