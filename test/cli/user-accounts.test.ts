/** `infra users unlink` and `relink`, as an admin and as oneself. */
import { expect } from 'chai';
import { join } from 'node:path';
import { federationStage, type FederationStage } from '../security/federation-stage.ts';
import { atTerminal, endTerminals } from '../support/at-terminal.ts';
import { askLoopback, notingBrowser, portOf, startBrowserLogin } from '../support/browser-login.ts';
import { newBrowser } from '../support/browser.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { projectRoot } from '../support/program.ts';
import { adminEmail, adminPassword } from '../support/server.ts';

describe('infra users unlink', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  let admin: Terminal;
  let ana: Terminal;
  before(async () => {
    stage = await federationStage({ groupsClaim: 'groups' });
    stage.evil.person = { ...stage.evil.person, groups: ['crew'] };
    admin = newTerminal();
    ana = newTerminal();
    await loginWithPassword(admin, stage.server, { email: adminEmail, password: adminPassword });
  });
  after(async () => {
    endTerminals();
    await stage.stop();
  });

  /** By the browser, which brings the answer to the CLI's port. */
  const logIn = async (): Promise<{ readonly code: unknown; readonly stderr: string }> => {
    const browser = notingBrowser();
    const login = startBrowserLogin({ terminal: ana, server: stage.server, browser });
    const opened = await browser.firstOpened();
    const { pathname, search } = new URL((await newBrowser(stage.server).walk(opened.href)).url);
    await askLoopback(portOf(opened), { target: pathname + search });
    return { code: await login.ended, stderr: login.stderr() };
  };

  /** What an admin at a terminal sees who answers this. */
  const atAdmin = async (answer: string): Promise<string> => {
    const words = [process.execPath, join(projectRoot, 'dist/cli/main.js'), ...unlink];
    const talk = atTerminal(words.map((word) => `'${word}'`).join(' '), admin.env);
    await talk.answer('[y/N]', `${answer}\n`);
    await talk.ended;
    return talk.screen();
  };

  const unlink = ['users', 'unlink', 'ana@example.com', '--provider', 'acme'];

  it('says what would end, and changes nothing until somebody says yes', async () => {
    const loggedIn = await logIn();
    expect(loggedIn.code, loggedIn.stderr).to.equal(0);
    const asked = await admin.infra([...unlink, '--dry-run']);
    expect(asked.code, asked.stderr).to.equal(0);
    expect(asked.stdout)
      .to.match(/sessions that end: +1\n/)
      .and.match(/memberships that end: +1\n/)
      .and.match(/groups: +acme\/crew\n/)
      .and.match(/other ways in: +none: they could not log in any more/);
    const inJson = await admin.infra([...unlink, '--dry-run', '--format', 'json']);
    const impact = { sessions: 1, leases: 0, memberships: 1, groups: ['acme/crew'], onlyWayIn: true };
    expect(JSON.parse(inJson.stdout)).to.deep.equal(impact);
    const unsaid = await admin.infra(unlink);
    expect([unsaid.code, unsaid.stdout]).to.deep.equal([2, '']);
    expect(unsaid.stderr)
      .to.include('this takes the account at acme off ana@example.com and ends 1 session and 0 leases\n')
      .and.include('they leave 1 group of acme:\n  acme/crew\n')
      .and.include('it is their only way in')
      .and.include('run again with --yes');
    const [no, yes] = [await atAdmin('n'), await atAdmin('y')];
    expect(no).to.include('unlink ana@example.com from acme? [y/N]').and.include('nothing was changed');
    expect(yes)
      .to.match(/sessions ended: +1\r\n/)
      .and.match(/memberships ended: +1\r\n/);
    expect(yes).to.include('infra users reset-password ana@example.com').and.include('infra users relink ana@example.com --provider acme');
    expect((await ana.infra(['whoami'])).code).to.equal(3);
  });

  it('keeps the account out, shows that, and lets it in again', async () => {
    const refused = await logIn();
    expect(refused.code).to.equal(4);
    expect(refused.stderr).to.include('was taken off its user here');
    expect((await admin.infra(['users', 'show', 'ana@example.com'])).stdout).to.match(/accounts: +acme \(unlinked\)\n/);
    const again = await admin.infra(['users', 'relink', 'ana@example.com', '--provider', 'acme']);
    expect(again.code, again.stderr).to.equal(0);
    expect((await logIn()).code).to.equal(0);
    expect((await admin.infra(['users', 'show', 'ana@example.com'])).stdout).to.match(/accounts: +acme\n/);
  });

  it('tells programs what ended, or with --wait who has acknowledged it', async () => {
    const done = await admin.infra([...unlink, '--yes', '--format', 'json']);
    expect(done.code, done.stderr).to.equal(0);
    const ended = { sessionsEnded: 1, leasesRevoked: 0, membershipsEnded: 1, onlyWayIn: true, change: null };
    expect(JSON.parse(done.stdout)).to.deep.equal(ended);
    await admin.infra(['users', 'relink', 'ana@example.com', '--provider', 'acme']);
    expect((await logIn()).code).to.equal(0);
    const waited = await admin.infra([...unlink, '--yes', '--wait', '--format', 'json']);
    expect(JSON.parse(waited.stdout)).to.deep.include({ complete: true, acknowledgements: [] });
    await admin.infra(['users', 'relink', 'ana@example.com', '--provider', 'acme']);
    expect((await logIn()).code).to.equal(0);
  });

  it('takes one’s own off without any right on the server, and says what is not there', async () => {
    const done = await ana.infra([...unlink, '--yes']);
    expect(done.code, done.stderr).to.equal(0);
    expect((await ana.infra(['whoami'])).code).to.equal(3);
    const twice = await admin.infra([...unlink, '--yes']);
    expect([twice.code, twice.stderr.includes('has no account at acme')]).to.deep.equal([5, true]);
  });
});
