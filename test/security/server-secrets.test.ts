/** Secrets planted at the running server are in nothing that it writes or tells: rows 30 and 34. */
import { createPrivateKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { createSealing } from '../../server/authority/sealing.ts';
import { api } from '../../shared/api/index.ts';
import { freePort } from '../support/ports.ts';
import { runProgram } from '../support/program.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { plantSecrets, type PlantedSecrets } from './planted-secrets.ts';

describe('security of the server: secrets', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let metricsPort: number;
  let planted: PlantedSecrets;

  before(async () => {
    metricsPort = await freePort();
    server = await startServer({ settings: { 'log-level': 'debug', 'metrics-listen': `127.0.0.1:${metricsPort}` } });
    planted = await plantSecrets(server);
  });
  after(async () => server.stop());

  /** Each secret as it is and as others write it. */
  function holdsNone(bytes: Buffer | string, where: string): void {
    const haystack = Buffer.from(bytes);
    for (const [what, secret] of planted.secrets) {
      expect(secret.length, what).to.be.greaterThan(10);
      const raw = Buffer.from(secret);
      for (const form of [raw, raw.toString('base64').replace(/=+$/, ''), raw.toString('base64url'), raw.toString('hex')])
        expect(haystack.includes(form), `${what} in ${where}`).to.equal(false);
    }
  }

  /** What is kept for good, the newest of it still in the write-ahead log. */
  const files = (): string[] => readdirSync(server.dataDir).map((name) => join(server.dataDir, name));
  const dump = (): Buffer => Buffer.concat(files().map((file) => readFileSync(file)));

  it('row 30: its log at debug level holds none, not even when a request fails inside', async () => {
    const read = (): string => server.program().stdout() + server.program().stderr();
    // Its last lines come through the pipe after the answers they are about.
    await waitFor(() => read().includes('a request failed'), { within: 10, what: 'the line about the failure' });
    const log = read();
    expect(log).to.include('serving');
    holdsNone(log, 'the log');
    expect(log).not.to.include('PRIVATE KEY');
  });

  it('row 30: what it refused with repeats none', () => {
    const statuses = new Set(planted.refusals.map(({ status }) => status));
    expect([...statuses]).to.include.members([400, 401, 404, 415, 500]);
    for (const { status, text } of planted.refusals) holdsNone(text, `the answer ${status} ${text}`);
  });

  it('row 30: its audit holds none', async () => {
    const { items } = await (await server.admin())(api.audit.list, { query: { limit: 1000 } });
    const events = new Set(items.map(({ event }) => event));
    expect([...events]).to.include.members(['login.succeeded', 'login.refused', 'password.changed', 'connector.enrolled', 'setup.used']);
    holdsNone(JSON.stringify(items), 'the audit');
  });

  it('row 30: its metrics hold none, and no name of a person either', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).to.include('/api/v1/login/password');
    holdsNone(metrics, 'the metrics');
    expect(metrics).not.to.include('@example.com');
  });

  it('row 30: its arguments and its environment hold none', () => {
    if (!existsSync('/proc/self/cmdline')) return;
    const { pid } = server.program();
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).to.include(server.dataDir);
    for (const file of ['cmdline', 'environ']) holdsNone(readFileSync(`/proc/${pid}/${file}`), file);
  });

  it('row 34: the bytes of the database and its write-ahead log hold none', () => {
    expect(files().map((file) => file.replace(/^.*infra\.db/, ''))).to.include.members(['', '-wal']);
    expect(dump().includes('ana@example.com'), 'the dump is of this server').to.equal(true);
    holdsNone(dump(), 'the database');
  });

  it('row 34: a backup holds none', async () => {
    const copy = join(tempDir('infra-backup'), 'copy.db');
    const { code, stdout, stderr } = await runProgram({ program: 'server', args: ['backup', copy, `--data-dir=${server.dataDir}`] });
    expect(code, stderr).to.equal(0);
    holdsNone(stdout + stderr, 'what was said of the backup');
    expect(readFileSync(copy).includes('ana@example.com')).to.equal(true);
    holdsNone(readFileSync(copy), 'the backup');
  });

  it('row 34: neither root key, data key nor keys of the authority can be read in the data directory, whatever their form', () => {
    const rootKey = readFileSync(`${server.dataDir}.key`);
    const { dataKey, authorityKeys } = openSealed(server.databaseFile, rootKey);
    expect(authorityKeys).to.have.length(2);
    const everywhere = Buffer.concat([dump(), Buffer.from(server.program().stdout() + server.program().stderr())]);
    for (const [what, key] of [['root key', rootKey], ['data key', dataKey], ...authorityKeys.flatMap(formsOfKey)] as const) {
      for (const form of [key, key.toString('hex'), key.toString('base64').replace(/=+$/, ''), key.toString('base64url')])
        expect(everywhere.includes(form), what).to.equal(false);
    }
    expect(everywhere.includes('PRIVATE KEY'), 'PEM').to.equal(false);
  });
});

/** What the root key opens: shows that the sealed texts are the keys, and which bytes to look for. */
function openSealed(databaseFile: string, rootKey: Buffer): { dataKey: Buffer; authorityKeys: Buffer[] } {
  const database = new Sqlite(databaseFile, { readonly: true });
  const wrapped = database.prepare<[], { id: string; wrapped_key: string }>('SELECT id, wrapped_key FROM data_keys').all();
  const sealed = database.prepare<[], { id: string; sealed_key: string }>('SELECT id, sealed_key FROM authorities').all();
  database.close();
  const [first] = wrapped;
  if (first === undefined) throw new Error('there is a data key');
  const dataKey = createSealing(rootKey).open(first.wrapped_key, `data-key:${first.id}`);
  const sealing = createSealing(dataKey);
  return { dataKey, authorityKeys: sealed.map(({ id, sealed_key }) => sealing.open(sealed_key, `authority:${id}`)) };
}

/** PKCS #8, SEC 1, and the bare number that both wrap. */
function formsOfKey(der: Buffer): [string, Buffer][] {
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { d = '' } = key.export({ format: 'jwk' });
  return [
    ['key of the authority, PKCS #8', der],
    ['key of the authority, SEC 1', key.export({ format: 'der', type: 'sec1' })],
    ['key of the authority, number', Buffer.from(d, 'base64url')],
  ];
}
