/** Logging in: whom to believe, what is asked, what is kept, and how it ends. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { certificateFingerprint } from '../../shared/node/fingerprint.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { freePort } from '../support/ports.ts';
import { adminEmail, adminPassword, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { loginScript, scriptedServer } from './scripted-server.ts';

describe('infra login', function () {
  this.timeout(60_000);
  let server: RunningServer;
  const password = 'a lantern in the harbour';
  before(async () => (server = await startServer()));
  after(async () => server.stop());

  const logIn = async (terminal: Terminal, args: readonly string[], input: string) => terminal.infra(['login', server.url, ...args], input);
  const trusted = (): string[] => ['--ca', server.caFile];

  it('asks nobody who is not there: an unknown authority is named with its fingerprint, and no secret is sent', async () => {
    const terminal = newTerminal();
    const { code, stdout, stderr } = await logIn(terminal, ['--user', adminEmail, '--password-stdin'], `${adminPassword}\n`);
    expect([code, stdout]).to.deep.equal([2, '']);
    expect(stderr).to.include(server.info.rootFingerprint).and.to.include('--trust-fingerprint');
    expect(existsSync(join(terminal.home, 'profiles.json'))).to.equal(false);
  });

  it('believes the root with the fingerprint given, in any of the ways people paste it', async () => {
    const hex = server.info.rootFingerprint.slice('SHA256:'.length);
    for (const fingerprint of [server.info.rootFingerprint, hex.toUpperCase(), `sha256:${hex.replace(/..(?=.)/g, '$&:')}`]) {
      const result = await logIn(
        newTerminal(),
        ['--user', adminEmail, '--password-stdin', '--trust-fingerprint', fingerprint],
        `${adminPassword}\n`,
      );
      expect(result.code, result.stderr).to.equal(0);
    }
  });

  for (const [fault, fingerprint, words] of [
    ['another fingerprint', `SHA256:${'0'.repeat(64)}`, 'not the root with the fingerprint given'],
    ['half a fingerprint', 'SHA256:abcd', 'a fingerprint is SHA256: and 64 hexadecimal digits'],
  ] as const)
    it(`refuses ${fault} before anything secret is sent`, async () => {
      const scripted = await scriptedServer(loginScript());
      const { code, stderr } = await newTerminal().infra(
        ['login', scripted.url, '--user', 'a@example.com', '--password-stdin', '--trust-fingerprint', fingerprint],
        'x\n',
      );
      expect(code).to.equal(1);
      expect(stderr).to.include(words);
      expect(scripted.requests).to.deep.equal([]);
      await scripted.close();
    });

  it('checks the name of the server, too', async () => {
    const { code, stderr } = await newTerminal().infra(
      ['login', server.url.replace('localhost', '127.0.0.2'), ...trusted(), '--user', adminEmail, '--password-stdin'],
      `${adminPassword}\n`,
    );
    expect(code).to.equal(6);
    expect(stderr).to.match(/is for another name|nothing listens/);
  });

  it('takes the roots of the machine when they vouch for the server, and asks nothing', async () => {
    const terminal = newTerminal();
    const env = { ...terminal.env, NODE_EXTRA_CA_CERTS: server.caFile };
    const { runProgram } = await import('../support/program.ts');
    const args = ['login', server.url, '--user', adminEmail, '--password-stdin'];
    const { code, stderr } = await runProgram({ program: 'cli', args, env, input: `${adminPassword}\n` });
    expect(code, stderr).to.equal(0);
    const [profile] = profilesOf(terminal);
    expect(profile?.trust).to.deep.equal({ kind: 'system' });
    const result = await terminal.infra(['whoami']);
    expect([result.code, result.stderr.includes('signed by another authority')]).to.deep.equal([6, true]);
  });

  it('pins the root: the next login asks for nothing but the password', async () => {
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
    const again = await terminal.infra(['login', '--password-stdin'], `${adminPassword}\n`);
    expect(again.code, again.stderr).to.equal(0);
    expect(profilesOf(terminal)).to.have.length(1);
  });

  it('replaces a one-time password by the next line of stdin, and says so when there is none', async () => {
    const admin = await server.admin();
    const { oneTimePassword } = await admin(api.users.create, { body: { email: 'new@example.com' } });
    const terminal = newTerminal();
    const args = [...trusted(), '--user', 'new@example.com', '--password-stdin'];
    const first = await logIn(terminal, args, `${oneTimePassword ?? ''}\n`);
    expect(first.code).to.equal(1);
    expect(first.stderr).to.include('give the new password as the next line on stdin');
    const second = await logIn(terminal, args, `${oneTimePassword ?? ''}\n${password}\n`);
    expect(second.code, second.stderr).to.equal(0);
    expect((await logIn(newTerminal(), args, `${password}\n`)).code).to.equal(0);
  });

  it('takes an access key from stdin', async () => {
    const person = await newPerson(server, 'key@example.com');
    const { secret } = await person.call(api.accessKeys.create, { body: { name: 'ci' } });
    const terminal = newTerminal();
    const result = await logIn(terminal, [...trusted(), '--key-stdin'], secret);
    expect(result.code, result.stderr).to.equal(0);
    expect((await terminal.infra(['whoami', '--format', 'json'])).stdout).to.include('"access-key"');
  });

  for (const [mistake, args, input, code] of [
    ['a wrong password', ['--user', adminEmail, '--password-stdin'], 'wrong\n', 3],
    ['no password', ['--user', adminEmail, '--password-stdin'], '', 2],
    ['no user', ['--password-stdin'], 'x\n', 2],
    ['nobody at the terminal', ['--user', adminEmail], '', 2],
    ['an empty key', ['--key-stdin'], '\n', 2],
    ['a wrong key', ['--key-stdin'], 'infra_key_nonsense\n', 3],
    ['a key and a user', ['--key-stdin', '--user', adminEmail], 'x\n', 2],
  ] as const)
    it(`exits ${code} for ${mistake} and logs nobody in`, async () => {
      const terminal = newTerminal();
      const result = await logIn(terminal, [...trusted(), ...args], input);
      expect(result.code, result.stderr).to.equal(code);
      expect(result.stderr).to.match(/^infra: [^A-Z]/);
      expect((await terminal.infra(['whoami'])).code).to.equal(3);
    });

  for (const [address, code] of [
    ['http://localhost:1', 2],
    ['https://user:secret@localhost', 2],
    ['not a host', 2],
  ] as const)
    it(`exits ${code} for the address ${address}, without repeating a secret`, async () => {
      const result = await newTerminal().infra(['login', address, '--user', 'a@b.c', '--password-stdin'], 'x\n');
      expect(result.code).to.equal(code);
    });

  it('exits 6 when nothing listens', async () => {
    const result = await newTerminal().infra(['login', `localhost:${await freePort()}`, '--user', 'a@b.c', '--password-stdin'], 'x\n');
    expect(result.code).to.equal(6);
    expect(result.stderr).to.include('nothing listens at');
  });

  it('logs out: the session is over at the server, its secret gone from here, the profile’s name kept', async () => {
    const person = await newPerson(server, 'leaving@example.com');
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email: 'leaving@example.com', password });
    expect((await terminal.infra(['logout'])).code).to.equal(0);
    expect(existsSync(join(terminal.home, 'credentials', 'localhost', 'session.json'))).to.equal(false);
    const { items } = await person.call(api.sessions.list, { query: { live: 'true' } });
    expect(items.every((session) => !session.userAgent.startsWith('infra-cli'))).to.equal(true);
    expect((await terminal.infra(['status'])).code).to.equal(3);
    expect(profilesOf(terminal)).to.have.length(1);
    expect((await terminal.infra(['logout', '--all'])).code).to.equal(0);
  });

  it('writes no secret anywhere but into its own file (security.md row 30)', async () => {
    const email = 'canary@example.com';
    await newPerson(server, email, 'yellow-bird-in-a-coal-mine');
    const terminal = newTerminal();
    const args = ['--verbose', 'login', server.url, ...trusted(), '--user', email, '--password-stdin'];
    const said = await terminal.infra(args, 'yellow-bird-in-a-coal-mine\n');
    const more = await Promise.all(['whoami', 'status', 'list'].map(async (verb) => terminal.infra(['--verbose', verb])));
    const { secret } = JSON.parse(readFileSync(join(terminal.home, 'credentials/localhost/session.json'), 'utf8')) as { secret: string };
    const texts = [said, ...more].map(({ stdout, stderr }) => stdout + stderr);
    expect(said.stderr).to.match(/POST https:\/\/localhost:\d+\/api\/v1\/login\/password → 200/);
    for (const file of filesBelow(terminal.home).filter((path) => !path.endsWith('session.json'))) texts.push(readFileSync(file, 'latin1'));
    if (existsSync(terminal.kubeconfig)) texts.push(readFileSync(terminal.kubeconfig, 'utf8'));
    for (const text of texts) {
      expect(text).to.not.include('yellow-bird-in-a-coal-mine');
      expect(text).to.not.include(secret);
    }
  });

  it('says in words when its own files are damaged', async () => {
    const terminal = newTerminal();
    await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
    writeFileSync(join(terminal.home, 'credentials/localhost/session.json'), '{');
    expect((await terminal.infra(['whoami'])).code).to.equal(3);
    writeFileSync(join(terminal.home, 'profiles.json'), '{"version":1,"profiles":[{"name":"../x"}]}');
    const result = await terminal.infra(['whoami']);
    expect(result.code).to.equal(1);
    expect(result.stderr).to.include('profiles.json is damaged');
  });

  it('shows the fingerprint that the root really has', () =>
    expect(certificateFingerprint(readFileSync(server.caFile, 'utf8'))).to.equal(server.info.rootFingerprint));
});

const profilesOf = (terminal: Terminal): { name: string; trust: unknown }[] =>
  (JSON.parse(readFileSync(join(terminal.home, 'profiles.json'), 'utf8')) as { profiles: { name: string; trust: unknown }[] }).profiles;

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name));
