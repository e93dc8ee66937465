/** infra-server on SQLite, with an admin whose password was made here. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { certificateFingerprint } from '../../shared/node/fingerprint.ts';
import { QuickstartError, type Say } from './fault.ts';
import { logFile, runningService, startService, untilService } from './service.ts';

export interface QuickstartServer {
  readonly url: string;
  /** PEM file of its root, checked against the fingerprint that the server itself wrote to its log. */
  readonly caFile: string;
  readonly adminEmail: string;
  readonly adminPassword: string;
}

const adminEmail = 'admin@example.com';

/** Before anything is started: a port that is taken is the commonest hindrance. */
export async function requirePort(directory: string, port: number): Promise<void> {
  if (runningService(directory, 'server') === undefined) await requireFree(port);
}

export async function openServer(directory: string, port: number, say: Say): Promise<QuickstartServer> {
  const adminPassword = ownPassword(join(directory, 'admin-password'));
  const running = runningService(directory, 'server');
  const url = running?.['url'] ?? `https://localhost:${port}`;
  if (running !== undefined) say(`infra-server is running already on ${url}`);
  else {
    say(`starting infra-server on ${url}`);
    startService({
      directory,
      program: 'server',
      facts: { url },
      env: {
        INFRA_SERVER_LISTEN: `127.0.0.1:${port}`,
        INFRA_SERVER_PUBLIC_URL: url,
        INFRA_SERVER_DATA_DIR: join(directory, 'data'),
        INFRA_SERVER_METRICS_LISTEN: '127.0.0.1:0',
        INFRA_SERVER_ADMIN_EMAIL: adminEmail,
        INFRA_SERVER_ADMIN_PASSWORD_FILE: join(directory, 'admin-password'),
      },
    });
  }
  const fingerprint = await untilService(directory, 'server', async () => fingerprintInLog(directory));
  const root = await presentedRoot(url);
  if (certificateFingerprint(root) !== fingerprint)
    throw new QuickstartError(`another server answers at ${url}; choose another port: ./scripts/quickstart --port N`);
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, root);
  return { url, caFile, adminEmail, adminPassword };
}

function ownPassword(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** The server says once that it serves, and under which root: the way to trust it without asking anybody. */
function fingerprintInLog(directory: string): string | undefined {
  for (const line of readFileSync(logFile(directory, 'server'), 'utf8').split('\n')) {
    const found = /"root":"(SHA256:[0-9a-f]{64})".*"msg":"serving"/.exec(line)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The root as the server tells it, not believed yet. */
async function presentedRoot(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}/api/v1/server`, { rejectUnauthorized: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve((JSON.parse(body) as { rootCertificate: string }).rootCertificate));
    });
    call.on('error', reject).end();
  });
}

async function requireFree(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', () => reject(new QuickstartError(`port ${port} is taken; choose another: ./scripts/quickstart --port N`)));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}
