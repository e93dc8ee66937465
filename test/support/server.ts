/** `infra-server` as a real process with real TLS, and people who speak to it through the typed client. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, fetch as undiciFetch } from 'undici';
import { createClient, type Call } from '../../shared/client.ts';
import { api } from '../../shared/api/index.ts';
import type { ServerInfo } from '../../shared/api/server-info.ts';
import { beginWithCopy } from './first-start.ts';
import { freePort } from './ports.ts';
import { startProgram, type Program } from './program.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export const adminEmail = 'admin@example.com';
export const adminPassword = 'quiet meadow of tall grass';

export interface ServerWish {
  /** Settings as flags without dashes: `{ 'lease-ttl': '10m' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** False: no admin from settings, so a set-up link is printed. */
  readonly withAdmin?: boolean;
  /** Its first start, with an authority of its own. Otherwise it begins with a copy of what a first start left, where its settings allow that. */
  readonly isNew?: true;
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  readonly port?: number;
  /** Another main.js than the one that was built. */
  readonly main?: string;
  /** Where it runs; `port` is then what leads there. */
  readonly networkNamespace?: string;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly databaseFile: string;
  readonly info: ServerInfo;
  /** PEM file of the infra root. */
  readonly caFile: string;
  readonly program: () => Program;
  /** A client without, or with, the secret of a session. */
  client(secret?: string): Call;
  /** The one admin, logged in; perhaps a while ago, by another process of the run: what asks for a young login takes one of its own. */
  admin(): Promise<Call>;
  login(email: string, password: string): Promise<{ readonly call: Call; readonly secret: string }>;
  /** Raw HTTPS, for what the typed client would not send. */
  request(
    path: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string; redirect?: 'manual' | 'follow' },
  ): Promise<Response>;
  /** On the same port and data. */
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Settings that are of the first start, or of sessions that are open already. */
const notForCopies = ['admin-email', 'public-url', 'trust-domain', 'root-key-file', 'database-url', 'session-lifetime', 'session-idle'];

function canBegin({ dataDir, isNew, withAdmin, settings = {} }: ServerWish): boolean {
  return dataDir === undefined && isNew !== true && withAdmin !== false && !notForCopies.some((name) => name in settings);
}

async function firstStart(dataDir: string): Promise<string> {
  const server = await startServer({ dataDir });
  const { secret } = await server.login(adminEmail, adminPassword);
  await server.stop();
  return secret;
}

export async function startServer(wish: ServerWish = {}): Promise<RunningServer> {
  const home = tempDir('infra-server');
  const dataDir = wish.dataDir ?? join(home, 'data');
  const adminSecret = canBegin(wish) ? await beginWithCopy(dataDir, firstStart) : undefined;
  const port = wish.port ?? (await freePort());
  const passwordFile = join(home, 'admin-password');
  mkdirSync(home, { recursive: true });
  writeFileSync(passwordFile, adminPassword, { mode: 0o600 });
  const url = `https://localhost:${port}`;
  const settings = {
    'data-dir': dataDir,
    listen: `127.0.0.1:${port}`,
    'public-url': url,
    'metrics-listen': '127.0.0.1:0',
    'log-level': 'warn',
    ...(wish.withAdmin === false ? {} : { 'admin-email': adminEmail }),
    ...wish.settings,
  };
  let program: Program | undefined;
  const current = (): Program => {
    if (program === undefined) throw new Error('the server was not started');
    return program;
  };
  const start = async (): Promise<void> => {
    program = startProgram({
      program: 'server',
      ...(wish.main === undefined ? {} : { main: wish.main }),
      ...(wish.networkNamespace === undefined ? {} : { networkNamespace: wish.networkNamespace }),
      args: Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
      env: { INFRA_SERVER_ADMIN_PASSWORD_FILE: passwordFile, ...wish.env },
    });
    await untilReady(url, current());
  };
  await start();
  const info = await trustFirst(url).call(api.server.info, {});
  const caFile = join(home, 'ca.pem');
  writeFileSync(caFile, info.rootCertificate);
  const pinned = pinnedFetch(info.rootCertificate);
  const client = (secret?: string): Call =>
    createClient({
      baseUrl: url,
      fetch: pinned,
      ...(secret === undefined ? {} : { authorize: () => ({ authorization: `Bearer ${secret}` }) }),
    });
  const login = async (email: string, password: string) => {
    const opened = await client()(api.login.password, { body: { email, password } });
    if (opened.status !== 'session') throw new Error(`${email} must change the password first`);
    return { call: client(opened.secret), secret: opened.secret };
  };
  let admin = adminSecret === undefined ? undefined : Promise.resolve(client(adminSecret));
  return {
    url,
    port,
    dataDir,
    databaseFile: join(dataDir, 'infra.db'),
    info,
    caFile,
    program: current,
    client,
    login,
    admin: () => (admin ??= login(adminEmail, adminPassword).then(({ call }) => call)),
    request: async (path, init = {}) => pinned(url + path, init),
    start,
    stop: async (signal = 'SIGTERM') => void (await current().end(signal)),
  };
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** undici's own fetch with its own agent: those of Node and of the package do not mix. Their types differ in name alone. */
function pinnedFetch(ca: string): Fetch {
  const dispatcher = new Agent({ connect: { ca } });
  return async (url, init) => await undiciFetch(url, { ...(init as object), dispatcher });
}

function trustFirst(url: string): { call: Call } {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const fetchAny: Fetch = async (target, init) => await undiciFetch(target, { ...(init as object), dispatcher });
  return { call: createClient({ baseUrl: url, fetch: fetchAny }) };
}

async function untilReady(url: string, program: Program): Promise<void> {
  const { call } = trustFirst(url);
  await waitFor(
    async () => {
      if (program.hasEnded()) return true;
      return call(api.server.info, {});
    },
    { within: 20, what: 'infra-server to serve' },
  );
  if (program.hasEnded()) throw new Error(`infra-server ended: ${program.stderr()}${program.stdout()}`);
}

/** A user with a chosen password, logged in. */
export async function newPerson(
  server: RunningServer,
  email: string,
  password = 'a lantern in the harbour',
): Promise<{ readonly call: Call; readonly secret: string; readonly id: string; readonly password: string }> {
  const admin = await server.admin();
  const { user } = await admin(api.users.create, { body: { email, password } });
  return { ...(await server.login(email, password)), id: user.id, password };
}
