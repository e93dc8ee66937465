/** Secrets planted everywhere a connector gets to see them are in none of what it leaves behind: log, state, spool, arguments, audit. */
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import type { LeasedCertificate } from '../support/lease.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the connector: secrets', function () {
  this.timeout(60_000);
  const canary = (): string => `canary-${randomBytes(12).toString('hex')}`;
  const planted = { bearer: canary(), cookie: canary(), query: canary(), ambiguous: canary(), body: canary(), strange: canary() };
  let guarded: GuardedCluster;
  let ana: Person;
  let lease: LeasedCertificate;
  let client: ConnectorClient;

  before(async () => {
    guarded = await guardCluster({
      cluster: await controlPlane(),
      name: 'secrets',
      connector: { variables: { LOG_LEVEL: 'debug' } },
    });
    ana = await guarded.person('ana', { role: 'edit' });
    lease = await ana.lease();
    client = guarded.client(lease);
    await plant();
    // With the server away what is to be uploaded stays on the disk.
    await guarded.server.stop('SIGKILL');
    await plant();
  });
  after(async () => guarded.stop());

  async function plant(): Promise<void> {
    const headers = { authorization: `Bearer ${planted.bearer}`, cookie: planted.cookie, 'x-canary': planted.strange };
    const path = `/api/v1/namespaces/${guarded.namespace}/configmaps`;
    expect((await client.request(`${path}?access_token=${planted.query}`, { headers })).status).to.equal(200);
    for (const target of [`${path}//x?token=${planted.ambiguous}`, `${path}/%2e%2e?token=${planted.ambiguous}`])
      expect((await client.request(target, { headers })).status).to.equal(400);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { generateName: 'c-' }, stringData: { password: planted.body } };
    const created = await client.request(`/api/v1/namespaces/${guarded.namespace}/secrets`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(secret),
    });
    expect(created.status, created.text).to.equal(201);
    await client.send(
      `GET /api/v1/pods/x/exec?token=${planted.query} HTTP/1.1\r\nHost: a\r\nImpersonate-Extra-Token: ${planted.bearer}\r\n\r\n`,
    );
    await guarded.client().request('/version', { headers });
  }

  const stateDir = (): string => guarded.connector.stateDir;
  const filesOf = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  /** The base64 of a key, without line ends: however it is wrapped, a line of it is found. */
  const keyLines = (pem: string): string[] => pem.split('\n').filter((line) => line.length > 30 && !line.startsWith('-----'));
  const keysOf = (): string[] => ['connector-key.pem', 'serving-key.pem'].map((name) => readFileSync(join(stateDir(), name), 'utf8'));
  /** Of the join token its last part alone is secret. */
  const joinSecret = (): string => guarded.connector.joinToken.split('.')[2] ?? '';
  const everySecret = (): string[] => [
    ...Object.values(planted),
    joinSecret(),
    guarded.account.token,
    ana.secret,
    ...keyLines(lease.key),
    ...keysOf().flatMap(keyLines),
  ];

  function holdsNone(text: string, secrets: readonly string[], where: string): void {
    for (const [index, secret] of secrets.entries()) {
      expect(secret.length, `secret ${index}`).to.be.greaterThan(20);
      expect(text.includes(secret), `secret ${index} in ${where}`).to.equal(false);
    }
  }

  it('row 30: its log at debug level holds none', () => {
    const { stdout, stderr } = guarded.connector.program();
    const log = stdout() + stderr();
    expect(log).to.include('listening');
    holdsNone(log, everySecret(), 'the log');
    expect(log).to.not.include('PRIVATE KEY');
  });

  it('row 30: its folder is its own, and what is in it is for nobody else', () => {
    expect(statSync(stateDir()).mode & 0o777).to.equal(0o700);
    const entries = readdirSync(stateDir(), { recursive: true, withFileTypes: true });
    expect(entries.length).to.be.greaterThan(3);
    for (const entry of entries) {
      const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
      expect(mode, entry.name).to.equal(entry.isDirectory() ? 0o700 : 0o600);
    }
  });

  it('row 30: state and spool hold no secret but the keys in their own files', () => {
    const [connectorKey = '', servingKey = ''] = keysOf();
    const own: Readonly<Record<string, string>> = { 'connector-key.pem': connectorKey, 'serving-key.pem': servingKey };
    let spooled = '';
    for (const file of filesOf(stateDir())) {
      const mine = keyLines(Object.entries(own).find(([name]) => file.endsWith(`/${name}`))?.[1] ?? '');
      const text = readFileSync(file, 'utf8');
      if (file.includes('/audit')) spooled += text;
      holdsNone(
        text,
        everySecret().filter((secret) => !mine.includes(secret)),
        file,
      );
    }
    expect(spooled, 'what was refused is recorded').to.include('/configmaps/');
  });

  it('row 30: its arguments, which everybody on the machine can see, hold none', () => {
    if (!existsSync('/proc/self/cmdline')) return;
    holdsNone(readFileSync(`/proc/${guarded.connector.program().pid}/cmdline`, 'utf8'), everySecret(), 'its arguments');
  });

  it('row 30: the audit of infra and the log of the server hold none', async () => {
    await guarded.server.start();
    const events = async (): Promise<string> => {
      const { items } = await guarded.call(api.audit.list, { query: { limit: 1000 } });
      return JSON.stringify(items);
    };
    await waitFor(async () => (await events()).includes('/configmaps//x'), { within: 15, what: 'the refused requests in the audit' });
    holdsNone(await events(), everySecret(), 'the audit');
    const { stdout, stderr } = guarded.server.program();
    holdsNone(stdout() + stderr(), everySecret(), "the server's log");
  });
});
