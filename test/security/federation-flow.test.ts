/** Rows 15, 20, 21, 29: who may finish a login that was begun, and where its answer can be sent. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { exchange, loginUrl, newBrowser, newCliSide } from '../support/browser.ts';
import { startScriptedProvider } from '../support/scripted-provider.ts';
import { refusal } from '../support/refusal.ts';
import { attempt, connect, expectRefusal, federationStage, untilCallback, type FederationStage } from './federation-stage.ts';

describe('a login by browser', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  before(async () => (stage = await federationStage()));
  beforeEach(() => {
    stage.evil.honest();
    // Refusals count against this address, which all of these share.
    sql((database) => database.prepare('DELETE FROM login_attempts').run());
  });
  after(async () => stage.stop());

  const sql = <Result>(work: (database: Sqlite.Database) => Result): Result => {
    const database = new Sqlite(stage.server.databaseFile);
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const expectNobodys = async (visit: Promise<{ status: number; headers: Headers; body: string }>): Promise<void> => {
    const { status, headers, body } = await visit;
    expect(status, body).to.equal(400);
    expect(headers.get('location')).to.equal(null);
    expect(body).to.contain('in the browser that began it');
  };
  const tokenInvalid = async (work: Promise<unknown>) => expect((await refusal(work)).code).to.equal('token.invalid');

  it('row 15: the victim’s browser does not finish a login that the attacker began', async () => {
    // The attacker begins, and sends the victim on to the provider by the very link they were given.
    const attacker = newBrowser(stage.server);
    const { url: atProvider } = await attacker.walk(loginUrl(stage.server, newCliSide(), 'acme'), (url) =>
      url.startsWith(stage.evil.issuer),
    );
    await expectNobodys(newBrowser(stage.server).walk(atProvider));
  });

  it('row 15: an attacker’s finished answer does not log the victim in as the attacker (login CSRF)', async () => {
    const { callback } = await untilCallback(stage.server);
    const victim = newBrowser(stage.server);
    // The victim is in the middle of a login of their own, so has a cookie, of that login.
    await untilCallback(stage.server, 'acme', victim);
    await expectNobodys(victim.get(callback));
  });

  it('row 15: a cookie that was planted fixes nothing: each login has a name and a secret of its own', async () => {
    const browser = newBrowser(stage.server);
    const first = await untilCallback(stage.server, 'acme', browser);
    const second = await untilCallback(stage.server, 'acme', browser);
    const jar = browser.cookies.get(stage.server.url) ?? new Map<string, string>();
    const [[firstName, firstSecret] = ['', ''], [secondName, secondSecret] = ['', '']] = [...jar];
    expect(firstName).to.match(/^__Host-infra-login-/);
    expect(new Set([firstName, secondName, firstSecret, secondSecret]).size).to.equal(4);
    jar.set(secondName, firstSecret);
    await expectNobodys(browser.get(second.callback));
    // And the first goes on undisturbed.
    expect((await browser.get(first.callback)).headers.get('location')).to.contain('code=');
  });

  it('row 15: its cookie is for this host and https alone, and out of a script’s reach', async () => {
    const { headers } = await newBrowser(stage.server).get(loginUrl(stage.server, newCliSide()));
    expect(headers.get('set-cookie')).to.match(
      /^__Host-[\w-]+=infra_browser_[\w-]{43}; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/,
    );
  });

  it('row 15: without the state, with another, or with two, nothing is finished', async () => {
    for (const change of [
      (query: URLSearchParams) => query.delete('state'),
      (query: URLSearchParams) => query.set('state', 'A'.repeat(43)),
      (query: URLSearchParams) => query.append('state', 'A'.repeat(43)),
    ]) {
      const { browser, callback } = await untilCallback(stage.server);
      const changed = new URL(callback);
      change(changed.searchParams);
      await expectNobodys(browser.get(changed.href));
    }
  });

  it('row 15: two cookies of one name are none', async () => {
    const { browser, callback } = await untilCallback(stage.server);
    const [pair] = [...(browser.cookies.get(stage.server.url) ?? [])].map(([name, value]) => `${name}=${value}`);
    await expectNobodys(newBrowser(stage.server).get(callback, { cookie: `${pair ?? ''}; ${pair ?? ''}` }));
  });

  it('row 15: an answer at another provider’s address is nobody’s (mix-up)', async () => {
    const other = await startScriptedProvider();
    try {
      await connect(stage.server, other, 'other');
      const { browser, callback } = await untilCallback(stage.server);
      await expectNobodys(browser.get(callback.replace('/login/callback/acme', '/login/callback/other')));
      // The code was not given away either.
      expect(other.seen.token).to.have.length(0);
    } finally {
      await other.stop();
    }
  });

  it('row 15: a provider that was changed or closed meanwhile finishes nothing', async () => {
    const admin = await stage.server.admin();
    const params = { id: stage.acme.id };
    const changed = await untilCallback(stage.server);
    await admin(api.identityProviders.update, { params, body: { createUsers: true } });
    const { headers } = await changed.browser.get(changed.callback);
    expect(headers.get('location')).to.contain('error=provider.disabled');
    expect(stage.evil.seen.token, 'no code was exchanged').to.have.length(0);
  });

  it('row 15: the code is for the CLI that began, once; shown with another verifier it is spent', async () => {
    const { end, cli } = await attempt(stage.server);
    await tokenInvalid(exchange(stage.server, end.url, newCliSide()));
    await tokenInvalid(exchange(stage.server, end.url, cli));
    const second = await attempt(stage.server);
    await exchange(stage.server, second.end.url, second.cli);
    await tokenInvalid(exchange(stage.server, second.end.url, second.cli));
  });

  it('row 15: of ten who show the same code at once one gets a session', async () => {
    const { end, cli } = await attempt(stage.server);
    const results = await Promise.allSettled(Array.from({ length: 10 }, async () => exchange(stage.server, end.url, cli)));
    expect(results.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
  });

  it('row 15: a code is over after a minute, a login after ten', async () => {
    const { end, cli } = await attempt(stage.server);
    const { browser, callback } = await untilCallback(stage.server);
    const ends = sql((database) => {
      const found = database.prepare('SELECT max(code_expires_at) AS code, max(expires_at) AS login FROM browser_logins').get();
      const past = new Date(Date.now() - 1).toISOString();
      database.prepare('UPDATE browser_logins SET code_expires_at = ?, expires_at = ?').run(past, past);
      return found as { readonly code: string; readonly login: string };
    });
    expect(Date.parse(ends.code) - Date.now()).to.be.within(30_000, 60_000);
    expect(Date.parse(ends.login) - Date.now()).to.be.within(570_000, 600_000);
    await tokenInvalid(exchange(stage.server, end.url, cli));
    await expectNobodys(browser.get(callback));
  });

  it('row 11: a code opens nothing once the person was disabled', async () => {
    stage.evil.person = { sub: 'leaver', email: 'leaver@example.com', email_verified: true };
    const { end, cli } = await attempt(stage.server);
    const admin = await stage.server.admin();
    const { items } = await admin(api.users.list, { query: { email: 'leaver@example.com' } });
    await admin(api.users.disable, { params: { id: items[0]?.id ?? '' } });
    await tokenInvalid(exchange(stage.server, end.url, cli));
    expectRefusal(await attempt(stage.server), 'login.user-disabled');
  });

  it('tells the CLI at once when the provider cannot be reached', async () => {
    const gone = await startScriptedProvider();
    await connect(stage.server, gone, 'gone');
    await gone.stop();
    // Its discovery document is kept for a minute, not over a restart.
    await stage.server.stop();
    await stage.server.start();
    expectRefusal(await attempt(stage.server, 'gone'), 'provider.unreachable');
  });

  it('row 20: the answer goes to 127.0.0.1 or nowhere, whatever the link says', async () => {
    const good = new URL(loginUrl(stage.server, newCliSide()));
    const links = [
      '80',
      '0',
      '65536',
      '99999',
      '-1',
      '1e4',
      '4321 0',
      '@evil.example',
      '43210@evil.example',
      '43210/..//evil.example',
      '43210#',
      '',
      '٤٣٢١٠',
    ].map((port) => {
      const link = new URL(good);
      link.searchParams.set('port', port);
      return link;
    });
    for (const [name, value] of [
      ['port', '43211'],
      ['redirect_uri', 'https://evil.example/'],
      ['next', '//evil.example'],
      ['state', 'A'.repeat(43)],
      ['challenge', 'A'.repeat(43)],
    ] as const) {
      const link = new URL(good);
      link.searchParams.append(name, value);
      links.push(link);
    }
    for (const [name, value] of [
      ['state', 'short'],
      ['state', `${'A'.repeat(30)}&x`],
      ['challenge', 'plain'],
    ] as const) {
      const link = new URL(good);
      link.searchParams.set(name, value);
      links.push(link);
    }
    for (const link of links) {
      const { status, headers, body } = await newBrowser(stage.server).get(link.href);
      expect(status, link.href).to.equal(400);
      expect(headers.get('location'), link.href).to.equal(null);
      expect(body).to.contain('infra login').and.not.contain('evil');
    }
    const { url } = (await attempt(stage.server)).end;
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:43210\/callback\?/);
  });

  it('row 21: forwarded and forged headers choose no redirect', async () => {
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
    };
    for (const [name, value] of Object.entries(headers)) {
      const visit = await newBrowser(stage.server).get(loginUrl(stage.server, newCliSide(), 'acme'), { [name]: value });
      expect(new URL(visit.headers.get('location') ?? '').searchParams.get('redirect_uri')).to.equal(
        `${stage.server.url}/login/callback/acme`,
      );
    }
  });

  it('row 29: pages show nothing of what is in their address', async () => {
    const canary = '<script>alert(1)</script>';
    for (const path of [
      '/login/failed?error=',
      '/login/cli?port=',
      '/login/cli?provider=',
      '/login/callback/acme?state=',
      '/login/done?x=',
    ]) {
      const { body, headers } = await newBrowser(stage.server).get(`${stage.server.url}${path}${encodeURIComponent(canary)}`);
      expect(body).to.not.contain('alert(1)');
      expect(headers.get('content-security-policy')).to.contain("default-src 'none'").and.contain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).to.equal('no-referrer');
      expect(headers.get('cache-control')).to.equal('no-store');
    }
  });

  it('a look (HEAD) at an address of the login uses nothing up', async () => {
    const { browser, callback } = await untilCallback(stage.server);
    const { pathname, search } = new URL(callback);
    expect((await stage.server.request(pathname + search, { method: 'HEAD' })).status).to.equal(405);
    expect((await browser.get(callback)).headers.get('location')).to.contain('code=');
  });

  it('row 28: an address that begins logins without end is told to wait', async () => {
    await attempt(stage.server);
    sql((database) => database.prepare("UPDATE login_attempts SET failures = 1000 WHERE bucket LIKE 'browser-login:%'").run());
    const { status, headers, body } = await newBrowser(stage.server).get(loginUrl(stage.server, newCliSide(), 'acme'));
    expect(status).to.equal(429);
    expect(Number(headers.get('retry-after'))).to.be.within(1, 900);
    expect(body).to.contain('Too many attempts');
  });
});
