/** The session of a browser under attack: rows 11, 15, 20, 22, 23, 29, 30 and 34. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { uiLoginUrl } from '../../shared/api/ui-login.ts';
import { newBrowser } from '../support/browser.ts';
import { formOn, submit } from '../support/page-login.ts';
import { refusal } from '../support/refusal.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';
import { cookieClient, ownHeaders, secretIn, sessionCookieName, signInToUi, signedIn } from '../support/ui-session.ts';
import { foreignPaths } from '../support/foreign-paths.ts';
import { foreignThings, people } from './access-fixture.ts';
import { connect } from './federation-stage.ts';
import { startScriptedProvider, type ScriptedProvider } from '../support/scripted-provider.ts';
import { protectedPerson } from './page-login-stage.ts';

describe('the session of a browser under attack', function () {
  this.timeout(120_000);
  let server: RunningServer;
  let amy: { readonly email: string; readonly password: string };
  before(async () => {
    server = await startServer();
    amy = { email: 'amy@example.com', password: (await newPerson(server, 'amy@example.com')).password };
  });
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
  const ask = async (path: string, headers: Readonly<Record<string, string>>, method = 'GET') => {
    const response = await server.request(path, { method, headers });
    const { code } = (await response.json()) as { code?: string };
    return { status: response.status, code };
  };

  it('row 29: its cookie is for this host and https alone, unread by scripts, and sent by our own pages alone', async () => {
    const { arrived, secret } = await signInToUi(server, amy);
    const [kept = ''] = arrived.headers.getSetCookie().filter((line) => line.startsWith('__Host-infra-session='));
    expect(kept).to.equal(`__Host-infra-session=${secret}; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict`);
    expect(secret).to.match(/^infra_web_[\w-]{43}$/);
    expect(arrived.status).to.equal(303);
    expect(arrived.headers.get('cache-control')).to.equal('no-store');
    expect(arrived.body).to.equal('');
  });

  it('row 29: it counts where a script of our own pages asks, and nowhere else, for reading and for changing (CSRF)', async () => {
    const { cookie, call } = await signInToUi(server, amy);
    const own = ownHeaders(server);
    const { 'infra-ui': _ui, ...withoutUi } = own;
    const { 'sec-fetch-site': _site, ...withoutSite } = own;
    const { origin: _origin, ...withoutOrigin } = own;
    const foreignSenders: Readonly<Record<string, string>>[] = [
      {},
      withoutUi,
      { ...own, 'infra-ui': '' },
      { ...own, 'infra-ui': '0' },
      { ...own, 'infra-ui': '1, 1' },
      withoutSite,
      ...['cross-site', 'same-site', 'none', '', 'same-origin, same-origin'].map((site) => ({ ...own, 'sec-fetch-site': site })),
      ...[
        'https://evil.example',
        'null',
        '',
        server.url.replace('https:', 'http:'),
        `${server.url}.evil.example`,
        `${server.url}/`,
        server.url.toUpperCase(),
        'https://localhost',
        `${server.url}, ${server.url}`,
      ].map((origin) => ({ ...own, origin })),
    ];
    const before = sql((database) => database.prepare('SELECT count(*) FROM audit_events').pluck().get());
    for (const sender of foreignSenders)
      for (const [method, path] of [
        ['GET', '/api/v1/whoami'],
        ['POST', '/api/v1/logout'],
        ['POST', '/api/v1/logout/others'],
        ['DELETE', '/api/v1/sessions/ses_x'],
      ] as const)
        expect(await ask(path, { ...sender, cookie }, method), `${method} ${JSON.stringify(sender)}`).to.deep.equal({
          status: 403,
          code: 'access.denied',
        });
    // What changes something says its origin; a question need not.
    expect((await ask('/api/v1/logout/others', { ...withoutOrigin, cookie }, 'POST')).status).to.equal(403);
    expect((await ask('/api/v1/whoami', { ...withoutOrigin, cookie })).status).to.equal(200);
    expect(sql((database) => database.prepare('SELECT count(*) FROM audit_events').pluck().get())).to.equal(before);
    expect((await call(api.sessions.current, {})).identity.name).to.equal(amy.email);
  });

  it('row 29: nobody elsewhere is allowed to send the header: a preflight gets no yes', async () => {
    const response = await server.request('/api/v1/whoami', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'infra-ui' },
    });
    expect(response.status).to.equal(405);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).to.deep.equal([]);
  });

  it('row 22: two cookies of that name are none, whichever comes first, and what is almost one is none', async () => {
    const { cookie, secret } = await signInToUi(server, amy);
    const other = await signInToUi(server, amy);
    const headers = ownHeaders(server);
    for (const wrong of [
      `${cookie}; ${other.cookie}`,
      `${cookie}; ${cookie}`,
      `${cookie}; ${sessionCookieName}=`,
      `${sessionCookieName}=x; ${cookie}`,
      `infra-session=${secret}`,
      `__Secure-infra-session=${secret}`,
      `__host-infra-session=${secret}`,
      `${sessionCookieName}="${secret}"`,
      `${cookie}x`,
      cookie.slice(0, -1),
      `${sessionCookieName}=infra_web_${'A'.repeat(43)} `,
    ]) {
      const { status, code } = await ask('/api/v1/whoami', { ...headers, cookie: wrong });
      expect([status, code?.replace('invalid', 'missing')], wrong).to.deep.equal([401, 'session.missing']);
    }
    expect((await ask('/api/v1/whoami', { ...headers, cookie: `a=b; ${cookie}; c=d` })).status).to.equal(200);
  });

  it('row 22: where there is an Authorization header, the cookie is not looked at', async () => {
    const { cookie } = await signInToUi(server, amy);
    const ben = await newPerson(server, 'ben@example.com');
    const headers = { ...ownHeaders(server), cookie };
    for (const authorization of ['', 'Bearer', 'Bearer x', 'Basic YTpi', `Bearer infra_ses_${'A'.repeat(43)}`, 'Connector a.b.c'])
      expect((await ask('/api/v1/whoami', { ...headers, authorization })).status, authorization).to.equal(401);
    const response = await server.request('/api/v1/whoami', { headers: { cookie, authorization: `Bearer ${ben.secret}` } });
    expect(((await response.json()) as { identity: { name: string } }).identity.name).to.equal('ben@example.com');
  });

  it('row 22: no other secret is taken as the cookie, nor the cookie’s as a program’s', async () => {
    const { secret, call } = await signInToUi(server, amy);
    const program = await server.login(amy.email, amy.password);
    const { secret: key } = await call(api.accessKeys.create, { body: { name: 'mine' } });
    const opened = await server.client()(api.login.accessKey, { body: { key } });
    const headers = ownHeaders(server);
    for (const other of [
      program.secret,
      program.secret.replace('_ses_', '_web_'),
      key,
      key.replace('_key_', '_web_'),
      opened.secret,
      'a.b.c',
    ])
      expect((await ask('/api/v1/whoami', { ...headers, cookie: `${sessionCookieName}=${other}` })).status).to.equal(401);
    for (const other of [secret, secret.replace('_web_', '_ses_')])
      for (const scheme of ['Bearer', 'Connector', 'Basic'])
        expect((await ask('/api/v1/whoami', { authorization: `${scheme} ${other}` })).status).to.equal(401);
    await refusal(server.client()(api.login.accessKey, { body: { key: secret } }));
  });

  it('rows 30, 34: its secret is in no answer but that cookie, in no log, and in the database as a hash', async () => {
    const { secret, call, arrived } = await signInToUi(server, amy);
    const told = JSON.stringify([
      await call(api.sessions.current, {}),
      await call(api.sessions.list, { query: {} }),
      arrived.headers.get('location'),
    ]);
    const { stdout, stderr } = server.program();
    const stored = readdirSync(server.dataDir).map((name) => readFileSync(join(server.dataDir, name), 'latin1'));
    for (const text of [told, stdout(), stderr(), ...stored]) expect(text).to.not.include(secret.slice('infra_web_'.length));
    expect(stored.join('')).to.include(amy.email);
  });

  it('row 15: each sign-in has a secret of its own, whatever the browser brought (session fixation)', async () => {
    const first = await signInToUi(server, amy);
    const planted = `${sessionCookieName}=infra_web_${'A'.repeat(43)}`;
    const browser = newBrowser(server);
    browser.cookies.set(server.url, new Map([planted.split('=') as [string, string]]));
    const second = await signInToUi(server, amy, { browser });
    const third = await signInToUi(server, amy, { browser: first.browser });
    expect(new Set([first.secret, second.secret, third.secret]).size).to.equal(3);
    expect((await ask('/api/v1/whoami', { ...ownHeaders(server), cookie: planted })).status).to.equal(401);
  });

  it('row 15: nobody signs another’s browser in as themselves: forms and answers are of the browser that began (login CSRF)', async () => {
    const [attacker, victim] = [newBrowser(server), newBrowser(server)];
    const begin = server.url + uiLoginUrl({ next: '/', provider: 'infra' });
    const page = await attacker.get(begin);
    await victim.get(begin);
    const { action, values } = formOn(page);
    for (const headers of [{}, { cookie: `${[...(attacker.cookies.get(server.url) ?? new Map()).keys()].join('')}=planted` }]) {
      const answer = await victim.post(action, { ...values, ...amy }, headers);
      expect(answer.status, answer.body).to.equal(400);
      expect(answer.body).to.include('This login is over');
    }
    const posted = await attacker.post(action, { ...values, ...amy }, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    expect(posted.status).to.equal(403);
    for (const browser of [attacker, victim]) expect(secretIn(browser, server)).to.equal(undefined);
    // The attacker’s own browser may go on, once.
    signedIn(server, attacker, await submit(attacker, page, amy));
    const again = await newBrowser(server).post(action, { ...values, ...amy });
    expect(again.status).to.equal(400);
  });

  it('row 26: the second factor is asked for before there is a cookie', async () => {
    const person = await protectedPerson(server, 'careful');
    const browser = newBrowser(server);
    const page = await browser.get(server.url + uiLoginUrl({ next: '/people', provider: 'infra' }));
    const next = await submit(browser, page, { email: person.email, password: person.password });
    expect(next.body).to.include('second factor');
    expect(secretIn(browser, server)).to.equal(undefined);
    const wrong = await submit(browser, next, { code: '000000' });
    expect([wrong.status, secretIn(browser, server)]).to.deep.equal([401, undefined]);
    const { call, arrived } = signedIn(server, browser, await submit(browser, next, { code: person.recoveryCodes[0] ?? '' }));
    expect(arrived.headers.get('location')).to.equal('/people');
    expect((await call(api.sessions.current, {})).session.mfaAt).to.be.a('string');
  });

  it('row 20: it leads to a page of this server, whatever is asked for', async () => {
    const browser = newBrowser(server);
    // The rule is tried with all of them elsewhere.
    for (const next of foreignPaths.filter((_, index) => index % 8 === 0)) {
      const page = await browser.get(`${server.url}/login?${new URLSearchParams({ next, provider: 'infra' }).toString()}`);
      sql((database) => database.prepare('DELETE FROM login_attempts').run());
      const { arrived } = signedIn(server, browser, await submit(browser, page, amy));
      expect([arrived.status, arrived.headers.get('location')], next).to.deep.equal([303, '/']);
    }
    const twice = await browser.get(`${server.url}/login?provider=infra&next=/people&next=//evil.example`);
    expect(signedIn(server, browser, await submit(browser, twice, amy)).arrived.headers.get('location')).to.equal('/');
    const { arrived } = await signInToUi(server, amy, { next: '/audit?actor=ana%40example.com#last' });
    expect(arrived.headers.get('location')).to.equal('/audit?actor=ana%40example.com#last');
  });

  it('row 11: ended, revoked, expired, idle, or of somebody disabled, it is 401', async () => {
    const admin = await server.admin();
    const gone = async (end: (session: Awaited<ReturnType<typeof signInToUi>>, id: string) => Promise<unknown>, email = amy.email) => {
      const session = await signInToUi(server, { email, password: amy.password });
      const { id } = (await session.call(api.sessions.current, {})).session;
      await end(session, id);
      expect((await refusal(session.call(api.sessions.current, {}))).code).to.equal('session.expired');
    };
    const { id: userId } = await newPerson(server, 'leaver@example.com');
    await gone(async ({ call }) => call(api.sessions.logout, {}));
    await gone(async (_, id) => admin(api.sessions.revoke, { params: { id: id } }));
    await gone(async () => (await server.login(amy.email, amy.password)).call(api.sessions.revokeOthers, {}));
    await gone(async (_, id) =>
      sql((db) => db.prepare('UPDATE sessions SET expires_at = ? WHERE id = ?').run('2020-01-01T00:00:00.000Z', id)),
    );
    await gone(async (_, id) =>
      sql((db) => db.prepare('UPDATE sessions SET idle_seconds = 60, last_used_at = ? WHERE id = ?').run('2020-01-01T00:00:00.000Z', id)),
    );
    await gone(async () => admin(api.users.disable, { params: { id: userId } }), 'leaver@example.com');
  });

  it('a logout takes the cookie away, and the session with it', async () => {
    for (const path of ['/api/v1/logout', '/api/v1/logout/provider']) {
      const { cookie } = await signInToUi(server, amy);
      const response = await server.request(path, { method: 'POST', headers: { ...ownHeaders(server), cookie } });
      expect(response.status).to.equal(200);
      expect(response.headers.getSetCookie()).to.deep.equal([
        '__Host-infra-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict',
      ]);
      expect((await ask('/api/v1/whoami', { ...ownHeaders(server), cookie })).status).to.equal(401);
    }
    const program = await server.login(amy.email, amy.password);
    const response = await server.request('/api/v1/logout', { method: 'POST', headers: { authorization: `Bearer ${program.secret}` } });
    expect(response.headers.getSetCookie()).to.deep.equal([]);
  });

  it('it gets no credentials for destinations, and that is on record', async () => {
    const admin = await server.admin();
    const everybody = await people(server);
    const idp = await startScriptedProvider();
    const things = await foreignThings(server, everybody, idp.issuer);
    await idp.stop();
    const { call } = await signInToUi(server, { email: things.userEmail, password: 'a lantern in the harbour' });
    const { code } = await refusal(call(api.leases.create, { body: { destination: things.destinationId, csr: things.csr } }));
    expect(code).to.equal('access.denied');
    const { items } = await admin(api.audit.list, { query: { event: 'lease.refused', limit: 1 } });
    expect(items[0]?.actor.name).to.equal(things.userEmail);
  });

  it('lists of sessions and the audit tell a browser’s from a program’s', async () => {
    const admin = await server.admin();
    const cat = { email: 'cat@example.com', password: (await newPerson(server, 'cat@example.com')).password };
    const { call } = await signInToUi(server, cat);
    const { items } = await call(api.sessions.list, { query: {} });
    expect(items.map(({ client }) => client)).to.deep.equal(['browser', 'program']);
    const logins = await admin(api.audit.list, { query: { event: 'login.succeeded', actor: cat.email } });
    expect(logins.items.map(({ details }) => ('client' in details ? details.client : undefined))).to.deep.equal(['browser', undefined]);
  });

  describe('by a provider', () => {
    let idp: ScriptedProvider;
    before(async () => {
      idp = await startScriptedProvider();
      await connect(server, idp, 'corp');
    });
    after(async () => idp.stop());
    const url = (next: string): string => server.url + uiLoginUrl({ next, provider: 'corp' });
    const isBack = (address: string): boolean => address.includes('/login/callback/');

    it('row 15: leads straight to the page, with the cookie, and with no code in any address', async () => {
      const browser = newBrowser(server);
      const { url: callback } = await browser.walk(url('/people'), isBack);
      const arrived = await browser.get(callback);
      expect([arrived.status, arrived.headers.get('location')]).to.deep.equal([303, '/people']);
      const { call } = signedIn(server, browser, arrived);
      const { session } = await call(api.sessions.current, {});
      expect([session.client, session.provider]).to.deep.equal(['browser', 'corp']);
      expect((await browser.get(callback)).status, 'once').to.equal(400);
    });

    it('row 15: the answer of a provider is taken from the browser that began alone', async () => {
      const [attacker, victim] = [newBrowser(server), newBrowser(server)];
      const { url: callback } = await attacker.walk(url('/'), isBack);
      await victim.walk(url('/'), isBack);
      const answer = await victim.get(callback);
      expect([answer.status, secretIn(victim, server)]).to.deep.equal([400, undefined]);
      expect(answer.body).to.include('This login is over');
    });

    it('row 20: a refusal is a page of ours, in our words, that leads back to where one was going', async () => {
      const browser = newBrowser(server);
      const { url: callback } = await browser.walk(url('/people'), isBack);
      const refused = new URL(callback);
      refused.searchParams.delete('code');
      refused.searchParams.set('error', 'access_denied');
      const answer = await browser.get(refused.href);
      const to = answer.headers.get('location') ?? '';
      expect(to).to.match(/^\/login\/refused\?error=login\.\w[\w-]*&next=%2Fpeople$/);
      const page = await browser.get(server.url + to);
      expect(page.body).to.include('Sign in again').and.include('/login?next=%2Fpeople');
      const written = await browser.get(`${server.url}/login/refused?error=<b>pay</b>&next=//evil.example`);
      expect(written.body).to.not.include('evil.example').and.not.include('pay');
      expect(secretIn(browser, server)).to.equal(undefined);
    });
  });

  it('a client of a cookie that is none is told to log in', async () => {
    expect((await refusal(cookieClient(server, 'a=b')(api.sessions.current, {}))).code).to.equal('session.missing');
  });
});
