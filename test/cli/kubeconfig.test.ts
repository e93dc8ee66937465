/** The kubeconfig file itself: which one, whose lock, which mode, and when the current context moves. */
import { expect } from 'chai';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { api } from '../../shared/api/index.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { runProgram } from '../support/program.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { reportedDestination, type ReportedDestination } from './reported-destination.ts';
import { loginScript, scriptedIds, scriptedServer } from './scripted-server.ts';

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: Readonly<Record<string, string>> }[];
  readonly contexts: readonly { readonly name: string; readonly context: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly name: string }[];
  readonly 'current-context'?: string;
}

const foreign = `# mine
apiVersion: v1
kind: Config
clusters:
- name: kind   # local
  cluster: {server: https://127.0.0.1:6443}
contexts:
- name: kind
  context: {cluster: kind, user: kind}
current-context: kind
users:
- name: kind
  user: {token: t}
`;

describe('the kubeconfig', function () {
  this.timeout(60_000);
  const person = { email: 'ana@example.com', password: 'a lantern in the harbour' };
  let server: RunningServer;
  let prod: ReportedDestination;

  before(async () => {
    server = await startServer();
    prod = await reportedDestination(server, 'prod');
    await reportedDestination(server, 'test', '[::1]:6443');
    await newPerson(server, person.email, person.password);
    const admin = await server.admin();
    for (const resource of ['prod', 'test']) await admin(api.grants.create, { body: { subject: person.email, role: 'view', resource } });
  });
  after(async () => server.stop());

  const read = (terminal: Terminal): Kubeconfig => parse(readFileSync(terminal.kubeconfig, 'utf8')) as Kubeconfig;
  const withForeign = (): Terminal => {
    const terminal = newTerminal();
    writeFileSync(terminal.kubeconfig, foreign);
    return terminal;
  };

  it('gets contexts for everything within reach, and keeps the rest and the current context', async () => {
    const terminal = withForeign();
    await loginWithPassword(terminal, server, person);
    const after = read(terminal);
    expect(after.contexts.map(({ name }) => name)).to.deep.equal(['kind', 'infra:prod', 'infra:test']);
    expect(after['current-context']).to.equal('kind');
    const { cluster } = after.clusters.find(({ name }) => name === 'infra:prod')!;
    expect(cluster['server']).to.equal('https://127.0.0.1:6443');
    expect(cluster['tls-server-name']).to.match(new RegExp(`^${prod.id}\\.connector\\.`));
    expect(Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64').toString()).to.include('BEGIN CERTIFICATE');
    expect((await terminal.infra(['kubeconfig', 'clean'])).code).to.equal(0);
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(foreign);
  });

  it('changes the current context when `use` is typed, with the namespace, and not before', async () => {
    const terminal = withForeign();
    await loginWithPassword(terminal, server, person);
    await terminal.infra(['list']);
    expect(read(terminal)['current-context']).to.equal('kind');
    expect((await terminal.infra(['use', 'prod.web'])).code).to.equal(0);
    expect(read(terminal)['current-context']).to.equal('infra:prod');
    expect(read(terminal).contexts.find(({ name }) => name === 'infra:prod')?.context['namespace']).to.equal('web');
    await terminal.infra(['kubeconfig', 'clean']);
    expect(read(terminal)['current-context']).to.equal('');
  });

  it('names a first context only where no file names one', async () => {
    const admin = await server.admin();
    await newPerson(server, 'one@example.com', person.password);
    await admin(api.grants.create, { body: { subject: 'one@example.com', role: 'view', resource: 'prod' } });
    const one = { ...person, email: 'one@example.com' };
    const fresh = newTerminal();
    await loginWithPassword(fresh, server, one);
    expect(read(fresh)['current-context']).to.equal('infra:prod');
    const both = newTerminal();
    const second = join(tempDir('infra-second'), 'config');
    writeFileSync(second, foreign);
    const env = { ...both.env, KUBECONFIG: `${delimiter}${both.kubeconfig}${delimiter}${second}` };
    const args = ['login', server.url, '--ca', server.caFile, '--user', one.email, '--password-stdin'];
    const { code, stderr } = await runProgram({ program: 'cli', args, env, input: `${one.password}\n` });
    expect(code, stderr).to.equal(0);
    expect(read(both)['current-context'] ?? '').to.equal('');
    expect(readFileSync(second, 'utf8')).to.equal(foreign);
  });

  it('is ~/.kube/config without $KUBECONFIG, made 0600', async () => {
    const terminal = newTerminal();
    const { KUBECONFIG: _, ...env } = terminal.env as { KUBECONFIG: string; HOME: string };
    const args = ['login', server.url, '--ca', server.caFile, '--user', person.email, '--password-stdin'];
    await runProgram({ program: 'cli', args, env, input: `${person.password}\n` });
    expect(statSync(join(env.HOME, '.kube', 'config')).mode & 0o777).to.equal(0o600);
  });

  it('keeps its mode, and a link stays a link', async () => {
    const terminal = newTerminal();
    const target = join(tempDir('infra-target'), 'real');
    writeFileSync(target, foreign);
    chmodSync(target, 0o640);
    symlinkSync(target, terminal.kubeconfig);
    await loginWithPassword(terminal, server, person);
    expect(lstatSync(terminal.kubeconfig).isSymbolicLink()).to.equal(true);
    expect(statSync(target).mode & 0o777).to.equal(0o640);
    expect(readFileSync(target, 'utf8')).to.include('infra:prod');
  });

  it('waits for the lock that kubectl takes, and does not take it away', async () => {
    const terminal = withForeign();
    await loginWithPassword(terminal, server, person);
    const before = readFileSync(terminal.kubeconfig, 'utf8');
    const lock = `${terminal.kubeconfig}.lock`;
    writeFileSync(lock, '');
    const { code, stderr } = await terminal.infra(['use', 'prod']);
    expect(code).to.equal(1);
    expect(stderr).to.include(`${lock} is held by another program`);
    expect(existsSync(lock)).to.equal(true);
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(before);
    rmSync(lock);
    expect((await terminal.infra(['use', 'prod'])).code).to.equal(0);
    expect(existsSync(lock)).to.equal(false);
  });

  it('loses nothing when several write at once', async () => {
    const terminal = withForeign();
    await loginWithPassword(terminal, server, person);
    await Promise.all(['prod.a', 'test.b', 'prod.a', 'test.b'].map(async (target) => terminal.infra(['use', target])));
    const after = read(terminal);
    const namespaces = after.contexts.map(({ name, context }) => [name, context['namespace']]);
    expect(namespaces).to.deep.equal([
      ['kind', undefined],
      ['infra:prod', 'a'],
      ['infra:test', 'b'],
    ]);
  });

  for (const [fault, content] of [
    ['broken', 'clusters: [a\nusers: }'],
    ['not UTF-8', Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a])],
    ['holding a stranger’s entry of our name', `${foreign}- name: infra:prod\n  user: {token: mine}\n`],
  ] as const)
    it(`is left alone when it is ${fault}, with a sentence`, async () => {
      const terminal = newTerminal();
      writeFileSync(terminal.kubeconfig, content);
      const { code, stderr } = await terminal.infra(
        ['login', server.url, '--ca', server.caFile, '--user', person.email, '--password-stdin'],
        `${person.password}\n`,
      );
      expect(code).to.equal(1);
      expect(stderr).to.match(/kubeconfig/);
      expect(readFileSync(terminal.kubeconfig)).to.deep.equal(Buffer.from(content));
      expect((await terminal.infra(['whoami'])).code, 'the login itself stands').to.equal(0);
    });

  it('follows a destination that moved, at the next list, and keeps what the person changed in our context', async () => {
    const terminal = withForeign();
    await loginWithPassword(terminal, server, person);
    const text = readFileSync(terminal.kubeconfig, 'utf8');
    writeFileSync(terminal.kubeconfig, text.replace('    user: infra:prod\n', '    user: infra:prod\n    namespace: mine\n'));
    await prod.report('moved.example.com:7443');
    try {
      expect((await terminal.infra(['list'])).code).to.equal(0);
      const after = read(terminal);
      expect(after.clusters.find(({ name }) => name === 'infra:prod')?.cluster['server']).to.equal('https://moved.example.com:7443');
      expect(after.contexts.find(({ name }) => name === 'infra:prod')?.context['namespace']).to.equal('mine');
    } finally {
      await prod.report('127.0.0.1:6443');
    }
  });

  it('gets a context, with a warning, for a destination without a grant', async () => {
    const terminal = withForeign();
    await reportedDestination(server, 'closed');
    await loginWithPassword(terminal, server, person);
    expect(read(terminal).contexts.map(({ name }) => name)).to.not.include('infra:closed');
    const { code, stderr } = await terminal.infra(['use', 'closed']);
    expect(code).to.equal(0);
    expect(stderr).to.include('you have no grant on closed yet; ask an admin for: infra grants add ana@example.com --role ROLE closed');
    expect(read(terminal)['current-context']).to.equal('infra:closed');
  });

  for (const [typed, code] of [
    ['nowhere', 5],
    ['infra', 2],
    ['a.b.c', 2],
    ['../x', 2],
  ] as const)
    it(`is not touched by use ${typed}: exit ${code}`, async () => {
      const terminal = withForeign();
      await loginWithPassword(terminal, server, person);
      const before = readFileSync(terminal.kubeconfig, 'utf8');
      expect((await terminal.infra(['use', typed])).code).to.equal(code);
      expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(before);
    });

  it('can be printed instead of written', async () => {
    const terminal = withForeign();
    await loginWithPassword(terminal, server, person);
    const before = readFileSync(terminal.kubeconfig, 'utf8');
    const { stdout } = await terminal.infra(['kubeconfig', 'print']);
    expect((parse(stdout) as Kubeconfig).contexts.map(({ name }) => name)).to.deep.equal(['infra:prod', 'infra:test']);
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(before);
  });

  it('holds several accounts side by side; `clean --server` takes out one of them', async () => {
    const terminal = withForeign();
    await loginWithPassword(terminal, server, person);
    const first = readFileSync(terminal.kubeconfig, 'utf8');
    await newPerson(server, 'bea@example.com', person.password);
    const admin = await server.admin();
    await admin(api.grants.create, { body: { subject: 'bea@example.com', role: 'view', resource: 'prod' } });
    await loginWithPassword(terminal, server, { ...person, email: 'bea@example.com' });
    expect(read(terminal).users.map(({ name }) => name)).to.deep.equal(['kind', 'infra:prod', 'infra:test', 'infra:localhost-bea:prod']);
    expect((await terminal.infra(['--server', 'localhost', 'whoami'])).stdout).to.include('ana@example.com');
    expect((await terminal.infra(['whoami'])).stdout).to.include('bea@example.com');
    await terminal.infra(['kubeconfig', 'clean', '--server', 'localhost-bea']);
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(first);
  });
});

describe('a server that lies about its destinations', () => {
  const reach = { relayAddress: 'infra.example.com:8443', tunnels: 0, online: true, lastSeenAt: null };
  for (const [lie, changes] of Object.entries({
    'a name that is a path': { name: '../../x' },
    'a name with lines of YAML': { name: 'prod\nusers:\n- name: evil' },
    'the reserved name': { name: 'infra' },
    'an address with a path': { address: 'evil.example:1/../' },
    'an address with lines': { address: 'a:1\n    command: evil' },
    'a TLS name with lines': { tlsServerName: 'a\nb' },
    'a relay address with a path': { relayAddress: 'evil.example:1/../' },
    'a relay address with lines, to a destination without an address': { address: null, relayAddress: 'a:1\n    command: evil' },
    'a relay address that is a URL': { address: null, tunnels: 1, relayAddress: 'https://evil.example' },
  }))
    it(`writes nothing for ${lie} (security.md row 33)`, async () => {
      const server = await scriptedServer(loginScript());
      const destination = {
        id: scriptedIds.destination,
        name: 'prod',
        kind: 'kubernetes',
        address: 'a:1',
        tlsServerName: 'a',
        ...reach,
        ...changes,
      };
      server.answer({
        'GET /api/v1/access': { body: { reachable: [{ destination, grants: [] }], caCertificates: server.rootCertificate } },
        'GET /api/v1/directory': { body: { destinations: [destination], caCertificates: server.rootCertificate } },
      });
      const terminal = newTerminal();
      mkdirSync(dirname(terminal.kubeconfig), { recursive: true });
      writeFileSync(terminal.kubeconfig, foreign);
      const args = ['login', server.url, '--ca', server.caFile, '--user', 'ana@example.com', '--password-stdin'];
      const login = await terminal.infra(args, 'x\n');
      expect(login.code).to.equal(1);
      expect(login.stderr).to.include('nothing was written');
      await terminal.infra(['list']);
      await terminal.infra(['use', 'prod']);
      await terminal.infra(['kubeconfig', 'write']);
      expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(foreign);
      await server.close();
    });
});
