/** `infra login --workload` and `infra trust-rules`, as a job and an admin use them. */
import { expect } from 'chai';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { api } from '../../shared/api/index.ts';
import type { TrustRule } from '../../shared/api/trust.ts';
import { githubClaims, nowSeconds, startTokenIssuer, type TokenIssuer } from '../support/doubles/token-issuer.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { forgetAttempts } from '../support/trusted-workload.ts';
import { reportedDestination, type ReportedDestination } from './reported-destination.ts';

const github = 'https://token.actions.githubusercontent.com';

describe('infra login --workload', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let issuer: TokenIssuer;
  let admin: Terminal;
  let destination: ReportedDestination;
  const directory = tempDir('infra-workload');
  const tokenFile = join(directory, 'token');
  const jwksFile = join(directory, 'jwks.json');

  before(async () => {
    server = await startServer();
    issuer = await startTokenIssuer();
    writeFileSync(jwksFile, JSON.stringify(issuer.jwks()));
    destination = await reportedDestination(server, 'prod');
    admin = newTerminal();
    await loginWithPassword(admin, server, { email: adminEmail, password: adminPassword });
    expect((await admin.infra(['workloads', 'add', 'deploy'])).code).to.equal(0);
    expect((await admin.infra(['grants', 'add', 'workload:deploy', '--role', 'view', 'prod'])).code).to.equal(0);
    const added = await admin.infra(addRule('sub=repo:octo-org/*:ref:refs/heads/main', 'repository_id=74'));
    expect(added.code, added.stderr).to.equal(0);
    expect(added.stderr).to.include(`infra login ${server.url} --workload FILE`).and.include(`audience ${server.url}`);
  });
  beforeEach(() => forgetAttempts(server));
  after(async () => {
    await server.stop();
    await issuer.stop();
  });

  const addRule = (...claims: readonly string[]): string[] => [
    ...['trust-rules', 'add', 'deploy', '--issuer', github, '--jwks-file', jwksFile],
    ...claims.flatMap((claim) => ['--claim', claim]),
  ];
  const writeToken = async (changed: object = {}): Promise<void> =>
    writeFileSync(tokenFile, `${await issuer.token(githubClaims(github, server.url, { ...changed }))}\n`);
  const login = async (terminal: Terminal, from = tokenFile, input?: string) =>
    terminal.infra(['login', server.url, '--ca', server.caFile, '--workload', from], input);

  it('logs in with the token in a file, and kubectl knows where to', async () => {
    await writeToken();
    const terminal = newTerminal();
    const result = await login(terminal);
    expect(result.code, result.stderr).to.equal(0);
    expect(result.stderr).to.include('as deploy until').and.include('kubectl contexts: infra:prod');
    expect((await terminal.infra(['whoami'])).stdout).to.match(/by workload-token/);
  });

  it('logs in with a token from stdin', async () => {
    const token = await issuer.token(githubClaims(github, server.url));
    const result = await login(newTerminal(), '-', `${token}\n`);
    expect(result.code, result.stderr).to.equal(0);
  });

  const mistakes: Readonly<Record<string, readonly [write: () => Promise<void> | void, code: number, words: readonly string[]]>> = {
    'a file that is not there': [() => rmSync(tokenFile, { force: true }), 2, ['cannot be read (ENOENT)', tokenFile]],
    'an empty file': [() => writeFileSync(tokenFile, '\n'), 2, ['there is no token in']],
    'a file of something else': [() => writeFileSync(tokenFile, 'x'.repeat(20_000)), 2, ['too long for a token']],
    'a text that is no token': [() => writeFileSync(tokenFile, 'hello'), 3, ['no signed JWT']],
    'a token that has expired': [async () => writeToken({ exp: nowSeconds() - 60 }), 3, ['expired at', 'Get a new one']],
    'a token for somebody else': [async () => writeToken({ aud: 'vault' }), 3, ['is for "vault"', 'audience https://localhost']],
    'a token that no rule takes': [
      async () => writeToken({ sub: 'repo:evil/x:ref:refs/heads/main' }),
      3,
      [`issuer "${github}"`, 'subject "repo:evil/x:ref:refs/heads/main"', `audience "https://localhost`, 'infra trust-rules add'],
    ],
  };
  for (const [what, [write, code, words]] of Object.entries(mistakes))
    it(`says what to do about ${what}, and exits ${code}`, async () => {
      await write();
      const result = await login(newTerminal());
      expect(result.code, result.stderr).to.equal(code);
      for (const word of words) expect(result.stderr).to.include(word);
      expect(result.stderr.trim().split('\n')).to.have.length(1);
    });

  it('says that a token was used, and that it goes without other ways to log in', async () => {
    await writeToken();
    await login(newTerminal());
    expect((await login(newTerminal())).stderr)
      .to.include('used already')
      .and.include('--reusable');
    const both = await newTerminal().infra(['login', server.url, '--ca', server.caFile, '--workload', tokenFile, '--user', adminEmail]);
    expect([both.code, both.stderr.includes('--workload goes without')]).to.deep.equal([2, true]);
  });

  describe('the credential plugin, when the session is over', () => {
    const plugin = async (terminal: Terminal) => {
      const { users } = parse(readFileSync(terminal.kubeconfig, 'utf8')) as { users: { user: { exec: { args: string[] } } }[] };
      return terminal.infra(users[0]!.user.exec.args);
    };
    const loggedIn = async (): Promise<Terminal> => {
      await writeToken();
      const terminal = newTerminal();
      expect((await login(terminal)).code).to.equal(0);
      return terminal;
    };
    /** As when it is nearly over. */
    const forgetCredentials = ({ home }: Terminal): void => {
      for (const profile of readdirSync(join(home, 'credentials')))
        rmSync(join(home, 'credentials', profile, `${destination.id}.kube-credential`), { force: true });
    };
    const endSessions = async (): Promise<void> => {
      const call = await server.admin();
      const { items } = await call(api.sessions.list, { query: { all: 'true', live: 'true', limit: 1000 } });
      for (const { id, method } of items) if (method === 'workload-token') await call(api.sessions.revoke, { params: { id } });
    };

    it('reads the token again, which the platform has renewed, and goes on without a word', async () => {
      const terminal = await loggedIn();
      expect((await plugin(terminal)).code).to.equal(0);
      await endSessions();
      forgetCredentials(terminal);
      await writeToken();
      const again = await plugin(terminal);
      expect(again.code).to.equal(0);
      // No connector is in contact here, and that is all there is to say.
      expect(again.stderr).to.match(/^infra: prod is offline since \S+; kubectl cannot reach it until its connector is back\n$/);
      expect((await terminal.infra(['whoami'])).code).to.equal(0);
    });

    it('shows a token once, and says in one line why it was not enough', async () => {
      const terminal = await loggedIn();
      await endSessions();
      const attempt = await plugin(terminal);
      expect(attempt.code).to.equal(3);
      expect(attempt.stderr.trim().split('\n')).to.have.length(1);
      expect(attempt.stderr).to.include('used already');
      const { items } = await (await server.admin())(api.audit.list, { query: { event: 'login.refused', limit: 5 } });
      expect(items.filter(({ at }) => Date.parse(at) > Date.now() - 2_000)).to.have.length(1);
    });

    it('many at once log in once', async () => {
      const terminal = await loggedIn();
      await endSessions();
      await writeToken();
      const results = await Promise.all(Array.from({ length: 6 }, async () => plugin(terminal)));
      for (const { code, stderr } of results) expect(code, stderr).to.equal(0);
    });

    it('does nothing after a logout', async () => {
      const terminal = await loggedIn();
      await writeToken();
      expect((await terminal.infra(['logout'])).code).to.equal(0);
      const attempt = await plugin(terminal);
      expect([attempt.code, attempt.stderr.includes('not logged in')]).to.deep.equal([3, true]);
    });
  });

  describe('infra trust-rules', () => {
    const listed = async (...args: readonly string[]): Promise<TrustRule[]> =>
      JSON.parse((await admin.infra(['trust-rules', 'list', ...args, '--format', 'json'])).stdout) as TrustRule[];

    it('lists, shows and removes with what it opened', async () => {
      const added = await admin.infra([...addRule('repository_id=99'), '--session', '10m', '--reusable', '--format', 'json']);
      const rule = JSON.parse(added.stdout) as TrustRule;
      expect(rule).to.deep.include({ claims: { repository_id: '99' }, sessionSeconds: 600, reusable: true });
      expect((await listed('--of', 'deploy')).map(({ id }) => id)).to.include(rule.id);
      const shown = await admin.infra(['trust-rules', 'show', rule.id]);
      expect(shown.stdout).to.include('repository_id=99').and.include('given with the rule').and.include('10m');
      await writeToken({ repository_id: '99' });
      expect((await login(newTerminal())).code).to.equal(0);
      const removed = await admin.infra(['trust-rules', 'remove', rule.id]);
      expect(removed.stderr).to.include('ended: 1 session, 0 leases');
      expect((await listed()).map(({ id }) => id)).to.not.include(rule.id);
    });

    for (const [mistake, args, code, words] of [
      ['no claim', () => addRule(), 2, 'at least one claim'],
      ['a claim without a value', () => addRule('sub'), 2, '--claim takes NAME=VALUE'],
      ['a claim that is given twice', () => addRule('sub=a', 'sub=b'), 2, 'is given twice'],
      ['everybody at GitHub', () => addRule('ref=refs/heads/main'), 2, 'everybody at GitHub'],
      ['a file that is not there', () => [...addRule('sub=repo:a/b'), '--ca', '/nowhere'], 2, 'the authority in /nowhere cannot be read'],
      [
        'a workload that is not there',
        () => ['trust-rules', 'add', 'nobody', '--issuer', github, '--claim', 'sub=x'],
        5,
        'no workload "nobody"',
      ],
      ['a time that is none', () => [...addRule('sub=repo:a/b'), '--session', 'soon'], 2, '--session takes a duration'],
      ['an id that is none', () => ['trust-rules', 'remove', 'x'], 2, 'is no trust rule id'],
      ['a rule that is not there', () => ['trust-rules', 'show', `tru_${'0'.repeat(26)}`], 5, 'there is no such trust rule'],
    ] as const)
      it(`exits ${code} for ${mistake}`, async () => {
        const result = await admin.infra(args());
        expect(result.code, result.stderr).to.equal(code);
        expect(result.stderr).to.include(words);
      });
  });
});
