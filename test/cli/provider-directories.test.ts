/** `infra providers` for Entra and Google: what their kinds need is typed, secrets come from files, and what is missing is said. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { loginByBrowser } from '../support/browser.ts';
import { directoryStage, type DirectoryStage } from '../support/directory-stage.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { adminEmail, adminPassword } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';

describe('infra providers with a directory', function () {
  this.timeout(60_000);
  let stage: DirectoryStage;
  let admin: Terminal;
  let keyFile: string;
  before(async () => {
    stage = await directoryStage();
    admin = newTerminal();
    await loginWithPassword(admin, stage.server, { email: adminEmail, password: adminPassword });
    keyFile = join(tempDir(), 'key.json');
    writeFileSync(keyFile, stage.google.serviceAccountKey, { mode: 0o600 });
  });
  after(async () => stage.stop());

  const shown = async (name: string): Promise<Record<string, unknown>> =>
    JSON.parse((await admin.infra(['providers', 'show', name, '--format', 'json'])).stdout) as Record<string, unknown>;
  const common = (clientId: string): string[] => ['--client-id', clientId, '--email-domains', 'example.com'];

  it('connects Entra, changes one setting and keeps the others', async () => {
    const { issuer, clientId, clientSecret } = stage.entra;
    const added = await admin.infra(
      ['providers', 'add', 'azure', 'entra', '--issuer', issuer, ...common(clientId), '--group-names', 'names'],
      `${clientSecret}\n`,
    );
    expect(added.code, added.stderr).to.equal(0);
    expect((await admin.infra(['providers', 'update', 'entra', '--email-claim', 'email'])).code).to.equal(0);
    expect((await shown('entra'))['directory']).to.deep.equal({ of: 'entra', emailClaim: 'email', groupNames: 'names' });
    expect((await admin.infra(['providers', 'update', 'entra', '--email-claim', 'upn'])).stdout).to.match(/groups: +by their names/);
    const tried = await admin.infra(['providers', 'test', 'entra']);
    expect(tried.code, tried.stdout).to.equal(0);
    stage.entra.graph.roles = [];
    const failed = await admin.infra(['providers', 'test', 'entra']);
    expect([failed.code, /directory +failed/.test(failed.stdout), failed.stdout.includes('GroupMember.Read.All')]).to.deep.equal([
      1,
      true,
      true,
    ]);
    stage.entra.honest();
  });

  it('shows by which id Entra knows a group', async () => {
    stage.entra.redirectUris.push(`${stage.server.url}/login/callback/entra`);
    const crew = stage.entra.addGroup('Crew');
    stage.entra.signIn(stage.entra.addPerson({ upn: 'ana@example.com', groups: [crew.id] }));
    await loginByBrowser(stage.server, 'entra');
    expect((await admin.infra(['groups', 'show', 'entra/Crew'])).stdout).to.include(crew.id);
  });

  it('connects Google with the key file of a service account, and shows it nowhere (row 30)', async () => {
    const { issuer, clientId, clientSecret } = stage.google;
    const groups = ['--groups-from', 'admin-sdk', '--delegated-admin', 'admin@example.com', '--service-account-file', keyFile];
    const added = await admin.infra(
      ['--verbose', 'providers', 'add', 'google', 'google', '--issuer', issuer, ...common(clientId), ...groups],
      clientSecret,
    );
    expect(added.code, added.stderr).to.equal(0);
    expect(added.stdout + added.stderr)
      .to.not.include('PRIVATE KEY')
      .and.not.include(clientSecret);
    await admin.infra(['providers', 'update', 'google', '--groups-from', 'cloud-identity']);
    const directory = { of: 'google', groupsFrom: 'cloud-identity', delegatedAdmin: 'admin@example.com' };
    expect((await shown('google'))['directory']).to.deep.equal(directory);
    await admin.infra(['providers', 'update', 'google', '--groups-from', 'none']);
    expect((await shown('google'))['directory']).to.equal(null);
    expect(await stage.admin(api.identityProviders.list, {}))
      .to.have.property('items')
      .with.length(2);
  });

  const add = (kind: string, ...more: string[]): string[] => ['providers', 'add', kind, 'refused', ...common('x'), ...more];
  for (const [mistake, args, words] of [
    ['no issuer', () => add('okta'), 'give --issuer URL'],
    ['no tenant', () => add('azure'), 'give --tenant ID'],
    ['a tenant for another kind', () => add('okta', '--tenant', 'x'), '--tenant is for azure'],
    ['a cloud that there is not', () => add('azure', '--tenant', 'x', '--cloud', 'mars'), '--cloud is global, us, china'],
    ['a claim that there is not', () => add('azure', '--tenant', 'x', '--email-claim', 'mail'), '--email-claim is upn or email'],
    ['a setting of another kind', () => add('okta', '--issuer', 'https://x', '--group-names', 'ids'), 'are for azure'],
    ['half of what groups need', () => add('google', '--groups-from', 'admin-sdk'), 'both --groups-from and --delegated-admin'],
    ['a key file that is not there', () => add('google', '--service-account-file', '/nowhere'), 'ENOENT'],
  ] as const)
    it(`exits 2 for ${mistake}, before anything is asked`, async () => {
      const result = await admin.infra(args(), 'x');
      expect(result.code, result.stderr).to.equal(2);
      expect(result.stderr).to.include(words);
    });

  it('says that a common address is no tenant’s, and makes the address of one', async () => {
    const common = await admin.infra(add('azure', '--issuer', 'https://login.microsoftonline.com/common/v2.0'), 'x');
    expect([common.code, common.stderr.includes('of any tenant')]).to.deep.equal([2, true]);
    const typed = await admin.infra(add('azure', '--tenant', 'example.com', '--cloud', 'us'), 'x');
    expect(typed.stderr).to.include('https://login.microsoftonline.us/example.com/v2.0').and.include('by its id');
  });
});
