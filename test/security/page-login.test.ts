/** Signing in on the server's own pages under attack: rows 15, 20, 26, 27, 28 and 29. */
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { exchange, loginUrl, newBrowser, newCliSide, type Visited } from '../support/browser.ts';
import { formOn, leadsTo, openPasswordPage, submit } from '../support/page-login.ts';
import { refusal } from '../support/refusal.ts';
import { startScriptedProvider } from '../support/scripted-provider.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { connect } from './federation-stage.ts';
import { afterPassword, personWithOneTimePassword, protectedPerson } from './page-login-stage.ts';

const chosen = 'another lantern by the harbour';

describe('the pages for signing in under attack', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let ana: { readonly email: string; readonly password: string; readonly userId: string };
  before(async () => {
    server = await startServer();
    const { password, id: userId } = await newPerson(server, 'ana@example.com');
    ana = { email: 'ana@example.com', password, userId };
  });
  // Refusals count against this address, which all of these share.
  beforeEach(() => sql((database) => database.prepare('DELETE FROM login_attempts').run()));
  after(async () => server.stop());

  const sql = <Result>(work: (database: Sqlite.Database) => Result): Result => {
    const database = new Sqlite(server.databaseFile);
    try {
      return work(database);
    } finally {
      database.close();
    }
  };
  const expectPage = ({ status, body, headers }: Visited, expected: number, words: string): void => {
    expect(status, body).to.equal(expected);
    expect(body).to.include(words);
    expect(body, 'a code').to.not.include('infra_code_');
    expect(headers.get('location')).to.equal(null);
  };
  const expectOver = (visited: Visited): void => expectPage(visited, 400, 'This login is over');
  const audited = async (): Promise<number> =>
    sql((database) => database.prepare('SELECT count(*) FROM audit_events').pluck().get() as number);

  it('row 15: a form that another site sends does nothing, whatever it has read or guessed (login CSRF)', async () => {
    const { browser, page } = await openPasswordPage(server);
    const { action, values } = formOn(page);
    const form = { ...values, email: ana.email, password: ana.password };
    const before = await audited();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
      { 'sec-fetch-site': 'same-site', origin: server.url },
      { 'sec-fetch-site': 'none', origin: 'null' },
      { 'sec-fetch-site': '', origin: server.url },
      { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' },
      { 'sec-fetch-site': 'same-origin', origin: server.url.replace('https:', 'http:') },
      { 'sec-fetch-site': 'same-origin', origin: `${server.url}.evil.example` },
    ])
      expectPage(await browser.post(action, form, headers), 403, 'did not come from a page of this server');
    expect(await audited()).to.equal(before);
    expect(leadsTo(await browser.post(action, form, { origin: server.url }))).to.include('code=');
  });

  it('row 15: a form is taken from the browser that began alone, and one login’s cookie is not another’s', async () => {
    const attacker = await openPasswordPage(server);
    const victim = await openPasswordPage(server);
    const { action, values } = formOn(attacker.page);
    // What the attacker’s form holds, in the victim’s browser: as the attacker, or as the victim.
    expectOver(await victim.browser.post(action, { ...values, email: ana.email, password: ana.password }));
    // And under a cookie that was planted: its name is the attacker’s, its secret the victim’s own.
    const [name = ''] = attacker.browser.cookies.get(server.url)?.keys() ?? [];
    const [secret = ''] = victim.browser.cookies.get(server.url)?.values() ?? [];
    const planted = newBrowser(server);
    for (const cookie of [`${name}=${secret}`, `${name}=`, `${name}=${secret}; ${name}=${secret}`])
      expectOver(await planted.post(action, { ...values, email: ana.email, password: ana.password }, { cookie }));
    expect(leadsTo(await submit(victim.browser, victim.page, ana))).to.include('code=');
  });

  it('row 15: its cookie goes along with our own pages alone, and name, cookie and form are new each time', async () => {
    const [first, second] = [await openPasswordPage(server), await openPasswordPage(server)];
    expect(first.page.headers.get('set-cookie')).to.match(
      /^__Host-infra-login-\w{16}=infra_browser_[\w-]{43}; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Strict$/,
    );
    expect(first.page.headers.get('cache-control')).to.equal('no-store');
    expect(formOn(first.page).values['login']).to.not.equal(formOn(second.page).values['login']);
    expect(first.page.headers.get('set-cookie')?.slice(0, 40)).to.not.equal(second.page.headers.get('set-cookie')?.slice(0, 40));
  });

  it('row 15: the value in the form is in no address, and neither it nor a token of a step opens anything elsewhere', async () => {
    const person = await protectedPerson(server, 'between');
    const { page, next } = await afterPassword(server, person);
    const { login = '', step: mfaToken = '' } = formOn(next).values;
    for (const each of [page, next]) {
      expect(new URL(formOn(each).action).search).to.equal('');
      expect(each.body.replace(/<input[^>]*>/g, ''))
        .to.not.include(login)
        .and.not.include('infra_');
    }
    for (const secret of [login, mfaToken])
      expect((await server.request('/api/v1/whoami', { headers: { authorization: `Bearer ${secret}` } })).status).to.equal(401);
    // The token is this login's, not the API's.
    const atApi = server.client()(api.login.secondFactor, { body: { mfaToken, code: person.app.next() } });
    expect((await refusal(atApi)).code).to.equal('token.invalid');
  });

  it('row 26: nor does a token of the API, or of another login, take the place of a step here', async () => {
    const person = await protectedPerson(server, 'elsewhere');
    const { email, password } = person;
    const opened = await server.client()(api.login.password, { body: { email, password } });
    if (opened.status !== 'mfa-required') throw new Error('a second factor is asked for');
    const mine = await afterPassword(server, person);
    const other = await afterPassword(server, person);
    for (const step of [opened.mfaToken, formOn(other.next).values['step'] ?? ''])
      expectPage(await submit(mine.browser, mine.next, { step, code: person.recoveryCodes[0] ?? '' }), 401, 'This login is over');
    expect(leadsTo(await submit(mine.browser, mine.next, { code: person.recoveryCodes[0] ?? '' }))).to.include('code=');
  });

  it('row 26: the second factor is not skipped, by no form and no value of another', async () => {
    const person = await protectedPerson(server, 'skipping');
    const { browser, next } = await afterPassword(server, person);
    const { login = '', step = '' } = formOn(next).values;
    expectPage(next, 200, 'One more proof');
    const change = { login, step, email: person.email, password: chosen, again: chosen };
    expectPage(await browser.post(`${server.url}/login/new-password`, change), 401, 'This password change is over');
    expectPage(await submit(browser, next, { step: '', code: '' }), 400, 'not filled in');
    expectPage(await submit(browser, next, { code: '000000' }), 401, 'This code does not hold');
    const { email, password } = person;
    expect((await server.client()(api.login.password, { body: { email, password } })).status).to.equal('mfa-required');
  });

  it('row 26: a one-time password is replaced before anything opens, and after the second factor', async () => {
    const fresh = await personWithOneTimePassword(server, 'fresh');
    const { browser, next, cli } = await afterPassword(server, fresh);
    const { login = '', step = '' } = formOn(next).values;
    expectPage(next, 200, 'Choose a new password');
    expectPage(await browser.post(`${server.url}/login/second-factor`, { login, step, code: '000000' }), 401, 'This login is over');
    expectPage(await submit(browser, next, { password: 'password1234', again: 'password1234' }), 400, 'attackers try first');
    expectPage(await submit(browser, next, { password: chosen, again: `${chosen}s` }), 400, 'The two passwords differ');
    expectPage(await submit(browser, next, { password: fresh.password, again: '' }), 400, 'differ');
    const arrived = leadsTo(await submit(browser, next, { password: chosen, again: chosen })) ?? '';
    expect((await exchange(server, arrived, cli)).session.identity.name).to.equal(fresh.email);

    const person = await protectedPerson(server, 'one-time-again');
    const admin = await server.admin();
    const { oneTimePassword } = await admin(api.users.resetPassword, { params: { id: person.userId } });
    const second = await afterPassword(server, { email: person.email, password: oneTimePassword });
    expectPage(second.next, 200, 'Your second factor');
    const third = await submit(second.browser, second.next, { code: person.recoveryCodes[0] ?? '' });
    expectPage(third, 200, 'Choose a new password');
    const end = leadsTo(await submit(second.browser, third, { password: chosen, again: chosen })) ?? '';
    expect((await exchange(server, end, second.cli)).session.mfaAt).to.be.a('string');
  });

  it('row 15: no step is taken twice: not after the end, and not at the same moment', async () => {
    const person = await protectedPerson(server, 'replaying');
    const { browser, page, next } = await afterPassword(server, person);
    const [code = '', another = ''] = person.recoveryCodes;
    const cookie = [...(browser.cookies.get(server.url) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const ends = await Promise.all([code, another].map(async (each) => submit(browser, next, { code: each })));
    expect(ends.filter((end) => leadsTo(end) !== undefined)).to.have.length(1);
    for (const [form, values] of [
      [page, { email: person.email, password: person.password }],
      [next, { code: another }],
    ] as const) {
      const again = formOn(form);
      expectOver(await newBrowser(server).post(again.action, { ...again.values, ...values }, { cookie }));
    }

    const fresh = await personWithOneTimePassword(server, 'replaying-too');
    const change = await afterPassword(server, fresh);
    const kept = [...(change.browser.cookies.get(server.url) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    expect(leadsTo(await submit(change.browser, change.next, { password: chosen, again: chosen }))).to.include('code=');
    const { action, values } = formOn(change.next);
    const once = { ...values, password: `${chosen} two`, again: `${chosen} two` };
    expectOver(await newBrowser(server).post(action, once, { cookie: kept }));
    await server.login(fresh.email, chosen);
  });

  it('row 15: the code is for the CLI that began, once, and a login is over after ten minutes', async () => {
    const { cli, next } = await afterPassword(server, ana);
    const url = leadsTo(next) ?? '';
    expect(new URL(url).searchParams.get('state')).to.equal(cli.state);
    expect((await refusal(exchange(server, url, newCliSide()))).code).to.equal('token.invalid');
    expect((await refusal(exchange(server, url, cli))).code).to.equal('token.invalid');
    const late = await openPasswordPage(server);
    sql((database) => database.prepare('UPDATE browser_logins SET expires_at = ?').run(new Date(Date.now() - 1).toISOString()));
    expectOver(await submit(late.browser, late.page, ana));
  });

  it('row 11: a code opens nothing once the password was changed or reset, or the person disabled, be it for a moment', async () => {
    const admin = await server.admin();
    const { call, id, password } = await newPerson(server, 'leaver@example.com');
    const email = 'leaver@example.com';
    const dies = async (secret: string, meanwhile: () => Promise<unknown>): Promise<void> => {
      const { cli, next } = await afterPassword(server, { email, password: secret });
      await meanwhile();
      expect((await refusal(exchange(server, leadsTo(next) ?? '', cli))).code).to.equal('token.invalid');
    };
    await dies(password, async () => call(api.sessions.changeOwnPassword, { body: { currentPassword: password, newPassword: chosen } }));
    await dies(chosen, async () => {
      await admin(api.users.disable, { params: { id } });
      await admin(api.users.enable, { params: { id } });
    });
    await dies(chosen, async () => admin(api.users.resetPassword, { params: { id } }));
  });

  it('row 15: a login that is at a provider is not finished with a password', async () => {
    const idp = await startScriptedProvider();
    try {
      await connect(server, idp, 'acme');
      const browser = newBrowser(server);
      const { headers } = await browser.get(loginUrl(server, newCliSide(), 'acme'));
      const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? '';
      expectOver(await browser.post(`${server.url}/login/password`, { login: state, email: ana.email, password: ana.password }));
    } finally {
      await idp.stop();
    }
  });

  it('row 27: unknown, disabled and wrong-password accounts get the same page to the byte, and cost the same work', async () => {
    const admin = await server.admin();
    const { id } = await newPerson(server, 'disabled@example.com', ana.password);
    await admin(api.users.disable, { params: { id } });
    const seen: string[] = [];
    const fastest = { known: Number.POSITIVE_INFINITY, unknown: Number.POSITIVE_INFINITY };
    for (const [email, password] of [
      [ana.email, 'wrong wrong wrong'],
      ['nobody@example.com', 'wrong wrong wrong'],
      ['disabled@example.com', ana.password],
    ] as const) {
      const { browser, page } = await openPasswordPage(server);
      const started = performance.now();
      const { status, body } = await submit(browser, page, { email, password });
      const kind = email === 'nobody@example.com' ? 'unknown' : 'known';
      fastest[kind] = Math.min(fastest[kind], performance.now() - started);
      seen.push(`${status} ${body.replace(email, 'EMAIL').replace(formOn(page).values['login'] ?? '', 'LOGIN')}`);
    }
    expect(new Set(seen).size, seen.join('\n')).to.equal(1);
    expect(seen[0]).to.match(/^401 /).and.include('role="alert"').and.include('value="EMAIL"');
    expect(seen[0], 'no mail is sent here').to.not.include('reset-password');
    // A look-up without a hash takes a hundredth of one with: a factor of four tells them apart on any machine.
    expect(fastest.unknown).to.be.greaterThan(fastest.known / 4);
  });

  it('row 28: guesses on the pages and at the API count together; then a page says how long to wait', async () => {
    const email = 'guessed@example.com';
    const { password } = await newPerson(server, email);
    const { browser, page } = await openPasswordPage(server);
    for (let guess = 0; guess < 5; guess += 1) {
      expect((await submit(browser, page, { email, password: `wrong wrong ${guess}` })).status).to.equal(401);
      expect((await refusal(server.client()(api.login.password, { body: { email, password: `wrong ${guess}` } }))).code).to.equal(
        'login.failed',
      );
    }
    const refused = await submit(browser, page, { email, password });
    expectPage(refused, 429, 'Wait 15 minutes');
    expect(Number(refused.headers.get('retry-after'))).to.be.within(1, 900);
    expect((await refusal(server.client()(api.login.password, { body: { email, password } }))).code).to.equal('login.rate-limited');
  });

  it('row 28: codes of the second factor are counted as the API’s are', async () => {
    const person = await protectedPerson(server, 'coded');
    const { browser, next } = await afterPassword(server, person);
    for (let guess = 0; guess < 10; guess += 1)
      expect((await submit(browser, next, { code: String(100_000 + guess) })).status).to.equal(401);
    expectPage(await submit(browser, next, { code: person.app.next() }), 429, 'Too many attempts');
  });

  it('row 20: whatever a form brings besides, the code goes to 127.0.0.1 and the port of the link', async () => {
    for (const more of [
      { next: 'https://evil.example/' },
      { redirect_uri: '//evil.example', provider: 'evil' },
      { port: '1@evil.example', state: 'x', challenge: 'y' },
      { purpose: '{"kind":"cli","port":1}' },
    ]) {
      const { browser, page } = await openPasswordPage(server);
      const { body } = await submit(browser, page, { ...ana, ...more });
      expect(body).to.not.include('evil');
      expect(leadsTo({ body } as Visited)).to.match(/^http:\/\/127\.0\.0\.1:43210\/callback\?code=infra_code_[\w-]{43}&state=[\w-]{43}$/);
    }
  });

  it('row 29: no GET takes a step; two values of one name, another type or far too much are no form', async () => {
    const { browser, page } = await openPasswordPage(server);
    const { action, values } = formOn(page);
    const form = new URLSearchParams({ ...values, email: ana.email, password: ana.password });
    const before = await audited();
    for (const path of ['/login/password', '/login/second-factor', '/login/new-password']) {
      const asked = await browser.get(`${server.url}${path}?${form.toString()}`);
      expectPage(asked, 405, 'belongs to a form');
      expect(asked.headers.get('allow')).to.equal('POST');
      expect((await server.request(path, { method: 'HEAD' })).status).to.equal(405);
    }
    const cookie = [...(browser.cookies.get(server.url) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const own = { cookie, origin: 'null', 'sec-fetch-site': 'same-origin' };
    const send = async (type: string, body: string): Promise<number> =>
      (await server.request('/login/password', { method: 'POST', headers: { ...own, 'content-type': type }, body })).status;
    expect(await send('text/plain', form.toString())).to.equal(415);
    expect(await send('application/json', JSON.stringify(Object.fromEntries(form)))).to.equal(415);
    expect(await send('application/x-www-form-urlencoded', `${form.toString()}&email=eve%40example.com`)).to.equal(400);
    expect(await send('application/x-www-form-urlencoded', `${form.toString()}${'x'.repeat(20_000)}`)).to.equal(413);
    expect(await audited()).to.equal(before);
    expect(leadsTo(await browser.post(action, Object.fromEntries(form)))).to.include('code=');
  });

  it('row 29: what was typed comes back as text, and reaches no header, no audit line and no other page', async () => {
    const html = '"><script>alert(1)</script>\u001b[31m<img src=x onerror=alert(1)>';
    const { browser, page } = await openPasswordPage(server);
    const { body, headers, status } = await submit(browser, page, { email: html, password: 'wrong wrong wrong' });
    expect(status).to.equal(401);
    expect(body.replace(/ value="[^"]*"/g, '')).to.not.match(/<script|<img|\son[a-z]+=|alert\(/i);
    expect(formOn({ body, url: page.url } as Visited).values['email']).to.equal(html);
    expect(formOn({ body, url: page.url } as Visited).values['password'], 'the password does not come back').to.equal('');
    expect(headers.get('content-security-policy')).to.include("default-src 'none'").and.include("form-action 'self'");
    expect(JSON.stringify([...headers])).to.not.include('alert');
    const kept = sql((database) => database.prepare('SELECT group_concat(body) FROM audit_events').pluck().get() as string);
    expect(kept).to.include('no email address');
    expect(kept).to.not.include('alert(1)');
  });

  it('row 28: an address that begins logins without end is told to wait', async () => {
    await openPasswordPage(server);
    sql((database) => database.prepare("UPDATE login_attempts SET failures = 1000 WHERE bucket LIKE 'browser-login:%'").run());
    expectPage((await openPasswordPage(server)).page, 429, 'Wait 15 minutes');
  });

  it('nobody takes the name of our own pages: no provider is called infra', async () => {
    const idp = await startScriptedProvider();
    try {
      expect((await refusal(connect(server, idp, 'infra'))).code).to.equal('request.invalid');
    } finally {
      await idp.stop();
    }
  });
});
