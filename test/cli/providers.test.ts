/** `infra providers`: connected, looked at, changed and ended from the command line. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { type OidcProvider, startOidcProvider } from '../support/oidc-provider.ts';
import { adminEmail, adminPassword, type RunningServer, startServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('infra providers', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: OidcProvider;
  let admin: Terminal;
  before(async () => {
    server = await startServer();
    idp = await startOidcProvider([`${server.url}/login/callback/acme`]);
    admin = newTerminal();
    await loginWithPassword(admin, server, { email: adminEmail, password: adminPassword });
  });
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  const add = (...more: readonly string[]): string[] => [
    ...[
      'providers',
      'add',
      'oidc',
      'acme',
      '--issuer',
      idp.issuer,
      '--client-id',
      idp.clientId,
      '--email-domains',
      'example.com, example.org',
    ],
    ...more,
  ];
  const shown = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await admin.infra(['providers', 'show', 'acme', '--format', 'json'])).stdout) as Record<string, unknown>;

  it('takes the client secret from a file or from stdin, and shows it nowhere (row 30)', async () => {
    const file = join(tempDir(), 'secret');
    writeFileSync(file, `${idp.clientSecret}\n`, { mode: 0o600 });
    const added = await admin.infra(add('--client-secret-file', file, '--groups-claim', 'groups', '--unknown-people', 'refuse'));
    expect(added.code, added.stderr).to.equal(0);
    expect(await shown()).to.include({
      name: 'acme',
      kind: 'oidc',
      issuer: idp.issuer,
      createUsers: false,
      linkUsers: false,
      groupsClaim: 'groups',
    });
    const changed = await admin.infra(
      ['providers', 'update', 'acme', '--client-secret-file', '-', '--groups-claim', 'none'],
      `${idp.clientSecret}\n`,
    );
    expect(changed.code, changed.stderr).to.equal(0);
    expect((await shown())['groupsClaim']).to.equal(null);
    const listed = await admin.infra(['--verbose', 'providers', 'list', '--format', 'yaml']);
    for (const { stdout, stderr } of [added, changed, listed]) expect(stdout + stderr).to.not.include(idp.clientSecret);
    expect(listed.stdout).to.include('emailDomains:\n    - example.com\n    - example.org');
  });

  it('knows infra by a key of its own where it is told so, for which nobody types a secret', async () => {
    const both = await admin.infra(['providers', 'update', 'acme', '--private-key', '--client-secret-file', '-'], 'a secret\n');
    expect([both.code, both.stderr]).to.satisfy(([code, words]: [number, string]) => code === 2 && words.includes('not both'));
    const keyed = await admin.infra(['providers', 'update', 'acme', '--private-key']);
    expect(keyed.code, keyed.stderr).to.equal(0);
    expect(keyed.stdout).to.match(/known there by: +a key: https:\/\/localhost:\d+\/login\/client-keys\/acme/);
    const back = await admin.infra(['providers', 'update', 'acme', '--client-secret-file', '-'], `${idp.clientSecret}\n`);
    expect(back.stdout).to.match(/known there by: +a secret/);
    const other = add('--private-key').map((word) => (word === 'acme' ? 'keyed' : word));
    const added = await admin.infra(other);
    expect(added.code, added.stderr).to.equal(0);
    expect(added.stderr + added.stdout).to.match(/register this key set there .*: https:\S+\/login\/client-keys\/keyed/);
    expect((await admin.infra(['providers', 'remove', 'keyed', '--yes'])).code).to.equal(0);
  });

  it('is asked anew every 15 minutes, or as an admin says, and at once by a command', async () => {
    expect(await shown()).to.include({ syncMinutes: 15 });
    expect((await admin.infra(['providers', 'update', 'acme', '--sync', '60'])).code).to.equal(0);
    expect((await admin.infra(['providers', 'show', 'acme'])).stdout).to.match(
      /asked anew: +every 60 minutes about people with open sessions/,
    );
    expect((await admin.infra(['providers', 'update', 'acme', '--sync', 'off'])).code).to.equal(0);
    expect((await shown())['syncMinutes']).to.equal(null);
    for (const wrong of ['0', '1441', 'often', '1.5']) {
      const refused = await admin.infra(['providers', 'update', 'acme', '--sync', wrong]);
      expect([refused.code, refused.stderr.includes(`not "${wrong}"`)]).to.deep.equal([2, true]);
    }
    const asked = await admin.infra(['providers', 'sync', 'acme']);
    expect(asked.stdout).to.match(/asked about: +0 users/);
    expect(asked.stderr).to.include('nobody can be asked about');
  });

  it('tries one, and exits 1 with the step that fails', async () => {
    const good = await admin.infra(['providers', 'test', 'acme']);
    expect(good.code, good.stdout + good.stderr).to.equal(0);
    expect(good.stderr).to.include('infra providers test acme --login');
    await admin.infra(['providers', 'update', 'acme', '--client-secret-file', '-'], 'not the secret\n');
    const bad = await admin.infra(['providers', 'test', 'acme']);
    expect([bad.code, /client +failed/.test(bad.stdout)]).to.deep.equal([1, true]);
    expect(bad.stderr).to.match(/^infra: acme fails at client/m);
  });

  for (const [mistake, args, input, code, words] of [
    [
      'a kind that there is not',
      ['providers', 'add', 'odic', 'x', '--issuer', 'https://x', '--client-id', 'x', '--email-domains', 'x.org'],
      'x',
      2,
      'did you mean oidc?',
    ],
    ['no secret', ['providers', 'update', 'acme', '--client-secret-file', '-'], '\n', 2, 'the client secret is empty'],
    ['a secret file that is not there', ['providers', 'update', 'acme', '--client-secret-file', '/nowhere'], '', 2, 'ENOENT'],
    ['nothing to change', ['providers', 'update', 'acme'], '', 2, 'name what to change'],
    ['a choice that there is not', ['providers', 'update', 'acme', '--other-users', 'merge'], '', 2, 'is link or refuse'],
    ['a provider that is not there', ['providers', 'show', 'okta'], '', 5, 'there is no identity provider "okta"'],
  ] as const)
    it(`exits ${code} for ${mistake}`, async () => {
      const result = await admin.infra(args, input);
      expect(result.code, result.stderr).to.equal(code);
      expect(result.stderr).to.include(words);
    });

  it('closes, opens and removes one, after it was said what ends: without a yes nothing does', async () => {
    for (const [verb, done] of [
      ['disable', 'acme is disabled; ended: 0 sessions'],
      ['remove', 'acme is removed; ended: 0 sessions'],
    ] as const) {
      const asked = await admin.infra(['providers', verb, 'acme']);
      expect([asked.code, (await shown())['status']]).to.deep.equal([2, 'active']);
      expect(asked.stderr).to.include('this ends 0 sessions and 0 leases of 0 users').and.include('--yes');
      const ended = await admin.infra(['providers', verb, 'acme', '--yes']);
      expect(ended.code, ended.stderr).to.equal(0);
      expect(ended.stderr).to.include(done);
      if (verb === 'disable') expect((await admin.infra(['providers', 'enable', 'acme'])).stderr).to.include('acme is active');
    }
    expect((await admin.infra(['providers', 'show', 'acme'])).code).to.equal(5);
  });
});
