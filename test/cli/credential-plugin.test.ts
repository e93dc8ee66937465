/** `infra kube credential`: what kubectl starts before it does anything (performance.md, plugin rows). */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { leaseEndpoint } from '../../cli/lease-request.ts';
import { api } from '../../shared/api/index.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { runProgram } from '../support/program.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { reportedDestination, type ReportedDestination } from './reported-destination.ts';
import { loginScript, scriptedIds, scriptedServer, type ScriptedServer } from './scripted-server.ts';

const execute = promisify(execFile);

interface ExecCredential {
  readonly apiVersion: string;
  readonly kind: string;
  readonly status: { readonly clientCertificateData: string; readonly clientKeyData: string; readonly expirationTimestamp: string };
}

interface PluginRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the credential plugin', function () {
  this.timeout(60_000);
  const person = { email: 'plugin@example.com', password: 'a lantern in the harbour' };
  let server: RunningServer;
  let destination: ReportedDestination;
  let ungranted: ReportedDestination;

  before(async () => {
    server = await startServer();
    destination = await reportedDestination(server, 'prod');
    ungranted = await reportedDestination(server, 'other');
    const admin = await server.admin();
    await newPerson(server, person.email, person.password);
    await admin(api.grants.create, { body: { subject: person.email, role: 'view', resource: 'prod' } });
  });
  after(async () => server.stop());

  const loggedIn = async (): Promise<Terminal> => {
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, person);
    return terminal;
  };
  /** As kubectl does: command, arguments and environment from the kubeconfig. */
  const plugin = async (terminal: Terminal, changes: { destination?: string; env?: Record<string, string> } = {}): Promise<PluginRun> => {
    const { users } = parse(readFileSync(terminal.kubeconfig, 'utf8')) as {
      users: { user: { exec: { command: string; args: string[]; env?: { name: string; value: string }[] } } }[];
    };
    const { command, args, env = [] } = users[0]!.user.exec;
    const changed = args.map((each) => (each === destination.id ? (changes.destination ?? each) : each));
    const environment = {
      PATH: process.env['PATH'] ?? '',
      ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
      ...changes.env,
    };
    try {
      const { stdout, stderr } = await execute(command, changed, { env: environment });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  };
  const cacheFile = (terminal: Terminal): string => join(terminal.home, 'credentials', 'localhost', `${destination.id}.kube-credential`);
  const leasesOf = async (terminal: Terminal): Promise<string[]> => {
    const { stdout } = await terminal.infra(['leases', 'list', '--ended', '--format', 'json']);
    return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
  };

  it('asks where the contract says', () => {
    expect(leaseEndpoint).to.deep.equal({ method: api.leases.create.method, path: api.leases.create.path });
  });

  it('prints an ExecCredential with a key made here and a certificate for it', async () => {
    const { code, stdout, stderr } = await plugin(await loggedIn());
    expect(code, stderr).to.equal(0);
    const { apiVersion, kind, status } = JSON.parse(stdout) as ExecCredential;
    expect([apiVersion, kind]).to.deep.equal(['client.authentication.k8s.io/v1', 'ExecCredential']);
    const leaf = new X509Certificate(status.clientCertificateData);
    expect(leaf.subjectAltName).to.include(`/destination/${destination.id}/identity/`);
    expect(status.clientKeyData).to.match(/^-----BEGIN PRIVATE KEY-----/);
    const left = Date.parse(leaf.validTo) - Date.parse(status.expirationTimestamp);
    expect(left, 'handed out until two minutes before its end').to.be.within(118_000, 126_000);
  });

  it('prints the very same bytes from the cache without starting Node', async () => {
    const terminal = await loggedIn();
    const first = await plugin(terminal);
    // Node could not even be found: the script in front answers alone.
    const script = readFileSync(join(terminal.home, 'bin', 'kube-credential'), 'utf8');
    writeFileSync(join(terminal.home, 'bin', 'kube-credential'), script.replace(/^node=.*$/m, 'node=/nowhere'));
    const second = await plugin(terminal);
    expect(second).to.deep.equal({ code: 0, stdout: first.stdout, stderr: '' });
  });

  it('hands nothing out past its time: the script leaves it to the program, which asks anew', async () => {
    const terminal = await loggedIn();
    const first = await plugin(terminal);
    const [, ...rest] = readFileSync(cacheFile(terminal), 'utf8').split('\n');
    writeFileSync(cacheFile(terminal), ['1000000000 1000000001 lse_x', ...rest].join('\n'));
    const second = await plugin(terminal);
    expect(second.code).to.equal(0);
    expect(second.stdout).to.not.equal(first.stdout);
  });

  for (const [damage, content] of Object.entries({
    'an empty file': '',
    'a first line that is no time': 'soon soon x\n{}\n',
    'a time and nothing else': '99999999999 99999999999 lse_x\n',
  }))
    it(`gets over a damaged cache: ${damage}`, async () => {
      const terminal = await loggedIn();
      writeFileSync(cacheFile(terminal), content);
      const { code, stdout, stderr } = await runProgram({
        program: 'cli',
        args: ['kube', 'credential', '--destination', destination.id, '--profile', 'localhost'],
        env: terminal.env,
      });
      expect(code, stderr).to.equal(0);
      expect((JSON.parse(stdout) as ExecCredential).kind).to.equal('ExecCredential');
    });

  it('makes one lease for twenty that ask at once, and gives all the same', async () => {
    const terminal = await loggedIn();
    const before = await leasesOf(terminal);
    const runs = await Promise.all(Array.from({ length: 20 }, async () => plugin(terminal)));
    for (const { code, stderr } of runs) expect(code, stderr).to.equal(0);
    expect(new Set(runs.map(({ stdout }) => stdout)).size).to.equal(1);
    expect((await leasesOf(terminal)).length - before.length).to.equal(1);
    expect(readdirSync(join(terminal.home, 'locks'))).to.deep.equal([]);
  });

  it('takes over a lock whose owner died, and one whose number was given to another process', async () => {
    const terminal = await loggedIn();
    const lock = join(terminal.home, 'locks', `localhost.${destination.id}.lock`);
    mkdirSync(dirname(lock), { recursive: true });
    for (const owner of [
      [hostname(), 4_194_303, '1'],
      [hostname(), process.pid, '1'],
    ]) {
      writeFileSync(lock, JSON.stringify(owner));
      writeFileSync(cacheFile(terminal), '');
      const runs = await Promise.all([plugin(terminal), plugin(terminal)]);
      for (const { code, stderr } of runs) expect(code, stderr).to.equal(0);
      expect(existsSync(lock)).to.equal(false);
    }
  });

  it('waits for a lock whose owner lives', async () => {
    const terminal = await loggedIn();
    const lock = join(terminal.home, 'locks', `localhost.${destination.id}.lock`);
    mkdirSync(dirname(lock), { recursive: true });
    const start = readFileSync(`/proc/${process.pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[19];
    writeFileSync(lock, JSON.stringify([hostname(), process.pid, start]));
    const running = plugin(terminal);
    const credential = `{"kind":"ExecCredential","from":"the other flight"}`;
    writeFileSync(cacheFile(terminal), `99999999999 99999999999 lse_x\n${credential}\n`);
    const { unlinkSync } = await import('node:fs');
    unlinkSync(lock);
    expect((await running).stdout).to.equal(`${credential}\n`);
  });

  it('keeps everything to its owner: directories 0700, files 0600', async () => {
    const terminal = await loggedIn();
    await plugin(terminal);
    for (const [path, mode] of [
      ['', 0o700],
      ['credentials', 0o700],
      ['credentials/localhost', 0o700],
      ['locks', 0o700],
      ['profiles.json', 0o600],
      ['credentials/localhost/session.json', 0o600],
      [`credentials/localhost/${destination.id}.kube-credential`, 0o600],
      ['bin/kube-credential', 0o755],
    ] as const)
      expect(statSync(join(terminal.home, path)).mode & 0o777, path).to.equal(mode);
    expect(statSync(terminal.kubeconfig).mode & 0o777).to.equal(0o600);
  });

  it('says what to do when nobody is logged in, and keeps nothing that could be handed out', async () => {
    const terminal = await loggedIn();
    await plugin(terminal);
    expect((await terminal.infra(['logout'])).code).to.equal(0);
    expect(existsSync(cacheFile(terminal))).to.equal(false);
    const { code, stdout, stderr } = await plugin(terminal);
    expect([code, stdout]).to.deep.equal([3, '']);
    expect(stderr.trim()).to.equal(`infra: not logged in to ${server.url} as ${person.email}; run: infra login ${server.url}`);
  });

  it('drops the cache when the server says the session is over', async () => {
    const terminal = await loggedIn();
    await plugin(terminal);
    const admin = await server.admin();
    const { items } = await admin(api.users.list, { query: { email: person.email } });
    await admin(api.users.revoke, { params: { id: items[0]!.id } });
    writeFileSync(cacheFile(terminal), readFileSync(cacheFile(terminal), 'utf8').replace(/^\d+/, '1000000000'));
    const { code, stderr } = await plugin(terminal);
    expect(code).to.equal(3);
    expect(stderr).to.include(`infra login ${server.url}`);
    expect(existsSync(cacheFile(terminal))).to.equal(false);
  });

  it('throws a revoked credential away at the next infra list', async () => {
    const terminal = await loggedIn();
    await plugin(terminal);
    const [id] = (
      await terminal.infra(['leases', 'list', '--format', 'json']).then(({ stdout }) => JSON.parse(stdout) as { id: string }[])
    ).map((lease) => lease.id);
    const admin = await server.admin();
    await admin(api.leases.revoke, { params: { id: api.leases.get.params.parse({ id }).id } });
    expect(existsSync(cacheFile(terminal))).to.equal(true);
    await terminal.infra(['list']);
    expect(existsSync(cacheFile(terminal))).to.equal(false);
  });

  it('passes on the server’s sentence that names the missing grant', async () => {
    const { code, stderr } = await plugin(await loggedIn(), { destination: ungranted.id });
    expect(code).to.equal(4);
    expect(stderr).to.match(/^infra: .*infra grants add plugin@example\.com .*other/);
    expect(stderr.trim().split('\n')).to.have.length(1);
  });

  for (const args of [[], ['--destination', 'prod'], ['--destination', '../../x'], ['--nonsense']])
    it(`refuses to be called with ${JSON.stringify(args)}`, async () => {
      const { code, stderr } = await runProgram({ program: 'cli', args: ['kube', 'credential', ...args], env: newTerminal().env });
      expect(code).to.equal(2);
      expect(stderr).to.match(/^infra: kube credential (?:needs|takes) --destination/);
    });

  it('works for the admin too, whose first profile it is', async () => {
    const terminal = newTerminal();
    await (
      await server.admin()
    )(api.grants.create, { body: { subject: adminEmail, role: 'view', resource: 'prod' } });
    await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
    expect((await plugin(terminal)).code).to.equal(0);
  });
});

describe('the credential plugin and a server in trouble', () => {
  let server: ScriptedServer;
  let terminal: Terminal;
  const directory = join('credentials', 'localhost');

  beforeEach(async () => {
    server = await scriptedServer(loginScript());
    terminal = newTerminal();
    await terminal.infra(['login', server.url, '--ca', server.caFile, '--user', 'ana@example.com', '--password-stdin'], 'x\n');
  });
  afterEach(async () => server.close());

  const credential = async () =>
    runProgram({ program: 'cli', args: ['kube', 'credential', '--destination', scriptedIds.destination], env: terminal.env });
  const cache = (until: number, end: number): void =>
    writeFileSync(
      join(terminal.home, directory, `${scriptedIds.destination}.kube-credential`),
      `${until} ${end} ${scriptedIds.lease}\n{"kind":"ExecCredential","status":{"expirationTimestamp":"2000-01-01T00:00:00.000Z"}}\n`,
    );

  it('an outage is no revocation: what is cached serves to its true end', async () => {
    const end = Math.floor(Date.now() / 1000) + 60;
    cache(1_000_000_000, end);
    await server.close();
    const { code, stdout, stderr } = await credential();
    expect(code, stderr).to.equal(0);
    expect((JSON.parse(stdout) as ExecCredential).status.expirationTimestamp).to.equal(new Date(end * 1000).toISOString());
  });

  it('says that the server is unreachable when nothing is left', async () => {
    cache(1_000_000_000, 1_000_000_001);
    await server.close();
    const { code, stdout, stderr } = await credential();
    expect([code, stdout]).to.deep.equal([6, '']);
    expect(stderr).to.match(/^infra: nothing listens at https:\/\/localhost:\d+; is the server running\?\n$/);
  });

  it('follows no redirect and sends no secret along', async () => {
    const elsewhere = await scriptedServer();
    server.answer({ 'POST /api/v1/leases': { status: 307, headers: { location: `${elsewhere.url}/api/v1/leases` } } });
    const { code } = await credential();
    expect(code).to.equal(6);
    expect(elsewhere.requests).to.deep.equal([]);
    await elsewhere.close();
  });

  it('believes no other server at the same address', async () => {
    const { trust, ...profile } = (
      JSON.parse(readFileSync(join(terminal.home, 'profiles.json'), 'utf8')) as { profiles: { trust: object }[] }
    ).profiles[0]!;
    expect(trust).to.have.property('kind', 'pinned');
    const stranger = await scriptedServer();
    const other = { ...profile, trust: { kind: 'pinned', certificates: stranger.rootCertificate } };
    writeFileSync(join(terminal.home, 'profiles.json'), JSON.stringify({ version: 1, current: 'localhost', profiles: [other] }));
    const { code, stderr } = await credential();
    expect(code).to.equal(6);
    expect(stderr).to.include('is not the server that was trusted at login');
    expect(server.requests.filter((each) => each.startsWith('POST /api/v1/leases'))).to.deep.equal([]);
    await stranger.close();
  });

  for (const [lie, body] of Object.entries({
    gibberish: 'gibberish',
    'text that is no certificate': {
      lease: { id: scriptedIds.lease, issuedAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T01:00:00Z' },
      certificateChain: "'; rm -rf /",
    },
    'an id that is a path': {
      lease: { id: '../../x', issuedAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T01:00:00Z' },
      certificateChain: '',
    },
  }))
    it(`does not take ${lie} for an answer`, async () => {
      server.answer({ 'POST /api/v1/leases': { status: 201, body } });
      const { code, stdout, stderr } = await credential();
      expect([code, stdout]).to.deep.equal([6, '']);
      expect(stderr).to.include('is not understood');
      expect(readdirSync(join(terminal.home, directory))).to.deep.equal(['session.json']);
    });

  const leaseOf = (changes: object): object => ({
    lease: {
      ...{ id: scriptedIds.lease, issuedAt: '2001-01-01T00:00:00Z', expiresAt: '2001-01-01T00:10:00Z' },
      destination: { id: scriptedIds.destination, name: 'prod' },
    },
    certificateChain: server.rootCertificate,
    ...changes,
  });
  for (const [what, changes, said] of [
    [
      'is offline',
      { offline: { lastSeenAt: '2026-01-02T03:04:05.000Z' } },
      'infra: prod is offline since 2026-01-02T03:04:05.000Z; kubectl cannot reach it until its connector is back\n',
    ],
    [
      'was never heard of',
      { offline: { lastSeenAt: null } },
      'infra: prod is offline, not heard of yet; kubectl cannot reach it until its connector is back\n',
    ],
    [
      'is offline since a time that is none',
      { offline: { lastSeenAt: '\u001b[31msoon' } },
      'infra: prod is offline, not heard of yet; kubectl cannot reach it until its connector is back\n',
    ],
    ['is online', { offline: null }, ''],
    ['is of a server that does not tell', {}, ''],
    ['is told of in gibberish', { offline: 'yes' }, ''],
  ] as const)
    it(`gives kubectl its credential where the destination ${what}, and ${said === '' ? 'says nothing' : 'says so in one line'}, once`, async () => {
      server.answer({ 'POST /api/v1/leases': { status: 201, body: leaseOf(changes) } });
      const { code, stdout, stderr } = await credential();
      expect([code, stderr]).to.deep.equal([0, said]);
      expect((JSON.parse(stdout) as ExecCredential).kind).to.equal('ExecCredential');
      expect(await credential()).to.deep.equal({ code: 0, stdout, stderr: '' });
    });

  it('keeps to the life of the lease, however wrong this machine’s clock is', async () => {
    const certificateChain = server.rootCertificate;
    const lease = { id: scriptedIds.lease, issuedAt: '2001-01-01T00:00:00Z', expiresAt: '2001-01-01T00:10:00Z' };
    server.answer({ 'POST /api/v1/leases': { status: 201, body: { lease, certificateChain } } });
    const before = Date.now();
    const { stdout } = await credential();
    const left = Date.parse((JSON.parse(stdout) as ExecCredential).status.expirationTimestamp) - before;
    expect(left, '85 % of ten minutes').to.be.within(510_000, 515_000);
  });

  it('tells those who came meanwhile of a refusal, instead of letting each ask again', async () => {
    let asked = 0;
    server.answer({
      'POST /api/v1/leases': () => {
        asked += 1;
        const problem = { type: 'about:blank', title: 'x', status: 403, code: 'grant.missing', detail: 'no grant\u001b[31m here' };
        return { status: 403, body: problem };
      },
    });
    const runs = await Promise.all(Array.from({ length: 6 }, credential));
    for (const { code, stderr } of runs) {
      expect(code).to.equal(4);
      expect(stderr).to.equal('infra: no grant\\x1b[31m here\n');
    }
    expect(asked).to.be.lessThan(6);
  });
});
