/** Where the session's secret is kept: a real keyring that is there, locked, gone, or silent. */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { startCountingBus, startKeyring, startSilentBus, type Keyring } from '../support/keyring.ts';
import { projectRoot, runProgram } from '../support/program.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

const password = 'a lantern in the harbour';

describe('the secret of a session', function () {
  // The keyring may have to be installed.
  this.timeout(300_000);
  let server: RunningServer;
  let keyring: Keyring;
  before(async () => {
    [server, keyring] = await Promise.all([startServer(), startKeyring()]);
  });
  after(async () => {
    await keyring.stop();
    await server.stop();
  });

  let people = 0;
  const newEmail = async (): Promise<string> => {
    const email = `person${(people += 1)}@example.com`;
    await newPerson(server, email, password);
    return email;
  };
  type Machine = Terminal & { readonly run: Terminal['infra'] };
  /** A machine with this much of a desktop. */
  const machine = (env: Readonly<Record<string, string>>, shared = newTerminal()): Machine => ({
    ...shared,
    run: async (args, input) =>
      runProgram({ program: 'cli', args, env: { ...shared.env, ...env }, ...(input === undefined ? {} : { input }) }),
  });
  const logIn = async (on: Machine, email: string) =>
    on.run(['login', server.url, '--ca', server.caFile, '--user', email, '--password-stdin'], `${password}\n`);
  const loggedIn = async (env: Readonly<Record<string, string>>): Promise<Machine & { readonly email: string }> => {
    const on = machine(env);
    const email = await newEmail();
    const { code, stderr } = await logIn(on, email);
    expect(code, stderr).to.equal(0);
    // Where it is kept is the business of `infra status` alone.
    expect(stderr).not.to.include('keyring');
    return { ...on, email };
  };
  const sessionFile = ({ home }: Terminal, profile = 'localhost'): string => join(home, 'credentials', profile, 'session.json');
  const onDisk = ({ home }: Terminal): string =>
    globSync('**/*', { cwd: home, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
      .join('\n');
  const status = async (on: Machine) => {
    const { code, stdout, stderr } = await on.run(['status', '--format', 'json']);
    const [row] = JSON.parse(stdout) as {
      state: string;
      secretIn: string | null;
      secretInFileBecause: string | null;
      reason: string | null;
    }[];
    return { code, stderr, ...row };
  };
  const whoami = async (on: Machine) => on.run(['whoami']);
  const timed = async <T>(work: Promise<T>): Promise<readonly [T, number]> => {
    const started = performance.now();
    return [await work, performance.now() - started];
  };
  /** Without what is said beside a new credential: these destinations have no connector. */
  const kubectlAsks = async (on: Machine, destination: string) => {
    const given = await on.run(['kube', 'credential', '--destination', destination, '--profile', 'localhost']);
    return { ...given, stderr: given.stderr.replace(/^infra: \S+ is offline, .*\n/m, '') };
  };
  const reachable = async (email: string): Promise<string> => {
    const admin = await server.admin();
    const name = email.replace(/@.*/, '');
    const { destination } = await admin(api.destinations.create, { body: { name } });
    await admin(api.grants.create, { body: { subject: email, role: 'view', resource: name } });
    return destination.id;
  };

  it('is in the keyring where there is one, and in no file; everything works, and status says so', async () => {
    const on = await loggedIn(keyring.env);
    expect(await status(on)).to.include({ code: 0, state: 'logged in', secretIn: 'keyring', secretInFileBecause: null });
    expect(onDisk(on)).not.to.include('infra_ses_');
    expect((await whoami(on)).code).to.equal(0);
    const destination = await reachable(on.email);
    const { code, stdout, stderr } = await kubectlAsks(on, destination);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.include('clientCertificateData');
    expect((await on.run(['status'])).stdout).to.match(/SECRET IN[\s\S]*keyring/);
  });

  it('goes from the keyring at logout, and the session ends at the server', async () => {
    const on = await loggedIn(keyring.env);
    const { id } = JSON.parse(readFileSync(sessionFile(on), 'utf8')) as { id: string };
    const { code, stderr } = await on.run(['logout']);
    expect([code, stderr]).to.deep.equal([0, 'localhost: logged out\n']);
    expect(existsSync(sessionFile(on))).to.equal(false);
    expect(await inKeyring(keyring, id)).to.equal(null);
    const sessions = await (await server.admin())(api.sessions.list, { query: { all: 'true', live: 'true' } });
    expect(sessions.items.map((session) => session.id as string)).not.to.include(id);
  });

  it('moves into the keyring at the next login, out of the file; and the old one goes from the keyring', async () => {
    const terminal = newTerminal();
    const email = await newEmail();
    expect((await logIn(machine({}, terminal), email)).code).to.equal(0);
    expect(onDisk(terminal)).to.include('infra_ses_');
    const on = machine(keyring.env, terminal);
    expect((await logIn(on, email)).code).to.equal(0);
    expect(onDisk(on)).not.to.include('infra_ses_');
    const first = JSON.parse(readFileSync(sessionFile(on), 'utf8')) as { id: string };
    expect(await inKeyring(keyring, first.id)).to.match(/^infra_ses_/);
    expect((await logIn(on, email)).code).to.equal(0);
    expect(await inKeyring(keyring, first.id)).to.equal(null);
  });

  it('of two accounts is two secrets, and one logs out without the other', async () => {
    const terminal = newTerminal();
    const on = machine(keyring.env, terminal);
    const emails = [await newEmail(), await newEmail()];
    for (const email of emails) expect((await logIn(on, email)).code).to.equal(0);
    const { profiles } = JSON.parse(readFileSync(join(on.home, 'profiles.json'), 'utf8')) as { profiles: { name: string }[] };
    const [first = '', second = ''] = profiles.map(({ name }) => name);
    expect((await on.run(['logout', '--server', first])).code).to.equal(0);
    const { code, stdout } = await on.run(['whoami', '--server', second]);
    expect([code, stdout.includes(emails[1] ?? '-')]).to.deep.equal([0, true]);
  });

  for (const [what, env, because] of [
    ['there is no bus', {}, 'there is no keyring here'],
    ['the bus is gone', { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' }, 'the keyring is locked or refuses'],
    ['it is switched off', { INFRA_KEYRING: 'off' }, 'INFRA_KEYRING=off'],
  ] as const)
    it(`is in a file for its owner alone where ${what}, and status says why`, async () => {
      const on = await loggedIn(what === 'it is switched off' ? { ...keyring.env, ...env } : env);
      expect(statSync(sessionFile(on)).mode & 0o777).to.equal(0o600);
      expect(await status(on)).to.include({ code: 0, state: 'logged in', secretIn: 'file', secretInFileBecause: because });
      const { code, stderr } = await kubectlAsks(on, await reachable(on.email));
      expect([code, stderr]).to.deep.equal([0, '']);
    });

  it('is not asked for by a wrong setting: nobody is logged in, and the setting is named', async () => {
    const on = machine({ INFRA_KEYRING: 'maybe' });
    const { code, stderr } = await logIn(on, await newEmail());
    expect([code, stderr]).to.deep.equal([2, 'infra: INFRA_KEYRING is auto or off, not "maybe"\n']);
    expect(existsSync(join(on.home, 'credentials'))).to.equal(false);
  });

  it('is in a file where the keyring hangs: login waits for seconds, kubectl and status not at all', async () => {
    const bus = await startSilentBus();
    try {
      const [on, loginTime] = await timed(loggedIn(bus.env));
      expect(loginTime).to.be.lessThan(30_000);
      expect(await status(on)).to.include({ state: 'logged in', secretIn: 'file', secretInFileBecause: 'the keyring did not answer' });
      const { code, stderr } = await kubectlAsks(on, await reachable(on.email));
      expect([code, stderr]).to.deep.equal([0, '']);
    } finally {
      await bus.stop();
    }
  });

  it('that was kept when the keyring begins to hang: kubectl gets what is cached, then one line and exit code 3, in bounded time; login helps', async () => {
    const on = await loggedIn(keyring.env);
    const destination = await reachable(on.email);
    const given = await kubectlAsks(on, destination);
    const bus = await startSilentBus();
    try {
      const later = machine(bus.env, on);
      expect((await kubectlAsks(later, destination)).stdout).to.equal(given.stdout);
      const [fresh, time] = await timed(kubectlAsks(later, await reachable(await newEmail())));
      expect(fresh.code).to.equal(3);
      expect(fresh.stderr).to.equal(
        'infra: the session is kept in the keyring, but the keyring did not answer; unlock it, or run: infra login\n',
      );
      expect(time).to.be.lessThan(20_000);
      const [rows] = await timed(status(later));
      expect(rows).to.include({ code: 3, secretIn: 'keyring', state: 'logged out' });
      expect((await logIn(later, on.email)).code).to.equal(0);
      expect(await status(later)).to.include({ code: 0, secretIn: 'file' });
    } finally {
      await bus.stop();
    }
  });

  it('asked for by twenty kubectl at once is asked of the keyring once', async () => {
    const on = await loggedIn(keyring.env);
    const destination = await reachable(on.email);
    const bus = await startCountingBus(keyring);
    const watched = machine(bus.env, on);
    const answers = await Promise.all(Array.from({ length: 20 }, async () => kubectlAsks(watched, destination)));
    await bus.stop();
    expect(bus.connections()).to.equal(1);
    expect(new Set(answers.map(({ code, stdout, stderr }) => `${code} ${stderr} ${stdout}`)).size).to.equal(1);
    expect(answers[0]?.code).to.equal(0);
    const { items } = await (await server.admin())(api.audit.list, { query: { event: 'lease.issued', actor: on.email } });
    expect(items).to.have.length(1);
  });

  it('is of no use to whoever has the file alone', async () => {
    const on = await loggedIn(keyring.env);
    const { id } = JSON.parse(readFileSync(sessionFile(on), 'utf8')) as { id: string };
    const stolen = server.client(id);
    const body = { destination: await reachable(on.email), csr: createKeyPair().certificateRequest } as never;
    await stolen(api.leases.create, { body }).then(
      () => expect.fail('a session’s id opened something'),
      (error: unknown) => expect(String(error)).to.include('needs a login'),
    );
  });

  // Last: it stays locked.
  it('in a keyring that is locked meanwhile: one line says so, a login goes into a file, and logout says what is left', async () => {
    const on = await loggedIn(keyring.env);
    const other = await loggedIn(keyring.env);
    await keyring.lock();
    const asked = await whoami(on);
    expect(asked.code).to.equal(3);
    expect(asked.stderr).to.include(
      'the session is kept in the keyring, but the keyring is locked or refuses; unlock it, or run: infra login',
    );
    expect((await logIn(on, on.email)).code).to.equal(0);
    expect(await status(on)).to.include({ code: 0, secretIn: 'file', secretInFileBecause: 'the keyring is locked or refuses' });
    expect((await whoami(on)).code).to.equal(0);
    const left = await other.run(['logout']);
    expect(left.code).to.equal(0);
    expect(left.stderr).to.include('still in the keyring').and.include('could not be ended');
    expect(existsSync(sessionFile(other))).to.equal(false);
  });
});

/** What the keyring itself holds of a session, asked without the program. */
async function inKeyring({ env }: Keyring, sessionId: string): Promise<string | null> {
  const script = `
    const { Entry } = require('@napi-rs/keyring');
    const entry = new Entry('infra session', process.argv[1], { linux: { store: 'secret-service' } });
    process.stdout.write(JSON.stringify(entry.getPassword()));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, sessionId], { cwd: projectRoot, env: { ...env } });
  return JSON.parse(stdout) as string | null;
}
