/** Row 29 as far as there are pages: nothing runs inline, nobody frames them, no other site acts through a browser, and names carry no code. */
import { expect } from 'chai';
import { Agent, fetch as undiciFetch } from 'undici';
import { api } from '../../shared/api/index.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import { connectorClient } from '../support/connector-client.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { loginWithPassword, newTerminal } from '../support/infra.ts';

const html = '<img src=x onerror=alert(1)>';
const ansi = '\u001b[31mred\u001b[0m';
const osc = '\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007';
const pages = ['/', '/setup', '/reset-password', '/device'] as const;

describe('row 29: pages and browsers', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let client: ConnectorClient;
  let secret: string;

  before(async () => {
    server = await startServer();
    client = connectorClient({ port: server.port, serverName: 'localhost', ca: server.info.rootCertificate });
    ({ secret } = await server.login(adminEmail, adminPassword));
  });
  after(async () => server.stop());

  describe('every answer', () => {
    for (const [path, status] of [
      ['/', 200],
      ['/setup', 200],
      ['/assets/setup.js', 200],
      ['/reset-password', 200],
      ['/assets/reset-password.js', 200],
      ['/assets/tokens.css', 200],
      ['/login/password', 405],
      ['/device', 200],
      ['/api/v1/server', 200],
      ['/livez', 200],
      ['/api/v1/users', 401],
      ['/nothing', 404],
      ['/api/v1/users/%E0%A4%A', 400],
    ] as const)
      it(`${path} (${status}) has a strict policy, is framed by nobody and is what it says it is`, async () => {
        const { status: answered, headers } = await client.request(path);
        expect(answered).to.equal(status);
        const policy = directives(headers['content-security-policy']);
        expect(policy.get('default-src')).to.deep.equal(["'none'"]);
        expect(policy.get('frame-ancestors')).to.deep.equal(["'none'"]);
        expect(policy.get('base-uri')).to.deep.equal(["'none'"]);
        for (const [name, sources] of policy)
          for (const source of sources)
            expect(name === 'require-trusted-types-for' ? ["'script'"] : ["'self'", "'none'"], `${name} ${source}`).to.include(source);
        expect(headers['x-content-type-options']).to.equal('nosniff');
        expect(headers['x-frame-options']).to.equal('DENY');
        expect(headers['referrer-policy']).to.equal('no-referrer');
        expect(headers['strict-transport-security']).to.match(/^max-age=\d{8}/);
        expect(headers['content-type']).to.match(/^(text\/(html|plain|css|javascript); charset=utf-8|application\/(problem\+)?json\b)/);
        expect(headers['set-cookie']).to.equal(undefined);
        expect(headers['x-powered-by'] ?? headers['server']).to.equal(undefined);
        for (const name of Object.keys(headers)) expect(name).not.to.match(/^access-control-/);
      });
  });

  for (const path of pages)
    it(`${path} has no script, style or handler inline, and takes nothing from elsewhere`, async () => {
      const { text } = await client.request(path);
      expect(text).not.to.match(/<script(?![^>]*\ssrc=)/i);
      expect(text).not.to.match(/<style|\sstyle=|\son[a-z]+=|javascript:/i);
      const linked = [...text.matchAll(/\s(?:src|href|action)="([^"]*)"/gi)].map(([, target]) => target ?? '');
      expect(linked.length).to.be.greaterThan(0);
      for (const target of linked) expect((await client.request(target)).status, target).to.equal(200);
    });

  it('a page says nothing of what was in its address', async () => {
    for (const path of pages) {
      const answer = await client.request(`${path}?next=https://evil.example&email=${encodeURIComponent(html)}`);
      expect([answer.status, answer.text]).to.deep.equal([200, (await client.request(path)).text]);
      expect(answer.headers.location).to.equal(undefined);
    }
    const { headers, text } = await client.request(`/${encodeURIComponent(html)}`);
    expect(headers['content-type']).to.match(/^application\/problem\+json/);
    expect(text).not.to.include('<');
  });

  describe('another site, through the browser of somebody who is logged in,', () => {
    it('finds no cookie to use: in no name is a session one', async () => {
      for (const name of ['session', 'infra_session', '__Host-session', '__Host-infra', 'token', 'authorization', 'connect.sid']) {
        for (const value of [secret, `Bearer ${secret}`, encodeURIComponent(`Bearer ${secret}`)]) {
          const { status } = await client.request('/api/v1/whoami', { headers: { cookie: `${name}=${value}` } });
          expect(status, name).to.equal(401);
        }
      }
    });

    it('is given no cookie by a login, and no page that opens one', async () => {
      const login = await server.request('/api/v1/login/password', {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
        body: JSON.stringify({ email: adminEmail, password: adminPassword }),
      });
      expect(login.status).to.equal(200);
      expect(login.headers.get('set-cookie')).to.equal(null);
      expect(login.headers.get('access-control-allow-origin')).to.equal(null);
    });

    it('is not allowed to ask first: no preflight is answered', async () => {
      for (const path of ['/api/v1/users', '/api/v1/login/password', '/api/v1/setup']) {
        const { status, headers } = await client.request(path, {
          method: 'OPTIONS',
          headers: {
            origin: 'https://evil.example',
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization, content-type',
          },
        });
        expect(Object.keys(headers).join(' '), `${path} ${status}`).not.to.include('access-control-');
      }
    });

    it('cannot send a form: what needs no preflight is no JSON', async () => {
      const body = JSON.stringify({ email: adminEmail, password: adminPassword });
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'text/plain; application/json',
      ]) {
        const response = await server.request('/api/v1/login/password', { method: 'POST', headers: { 'content-type': type }, body });
        expect(response.status, type).to.equal(415);
      }
      const none = await undiciFetch(`${server.url}/api/v1/login/password`, {
        method: 'POST',
        body: Buffer.from(body),
        dispatcher: new Agent({ connect: { ca: server.info.rootCertificate } }),
      });
      expect(none.status, 'without a type').to.equal(415);
    });
  });

  describe('names and notes', () => {
    for (const text of [html, ansi, osc, 'a\u202eb', 'a\u0000b', 'a\nb'])
      it(`hold no ${JSON.stringify(text)}`, async () => {
        const admin = await server.admin();
        const named = [
          admin(api.users.create, { body: { email: `${text}@example.com` } }),
          admin(api.groups.create, { body: { name: text } }),
          admin(api.workloads.create, { body: { name: text } }),
          admin(api.accessKeys.create, { body: { name: text } }),
          admin(api.destinations.create, { body: { name: text } }),
          admin(api.grants.create, { body: { subject: adminEmail, role: text, resource: 'infra' } }),
          admin(api.grants.create, { body: { subject: adminEmail, role: 'view', resource: text } }),
        ];
        for (const work of named) expect((await refusal(work)).code).to.equal('request.invalid');
      });

    it('a reason may hold HTML, as text in JSON, but nothing that a terminal obeys', async () => {
      const admin = await server.admin();
      const grant = (reason: string) =>
        admin(api.grants.create, { body: { subject: adminEmail, role: 'view', resource: 'infra', until: '2099-01-01T00:00:00Z', reason } });
      for (const reason of [ansi, osc, 'a\u202eb', 'a\nb']) expect((await refusal(grant(reason))).code).to.equal('request.invalid');
      expect((await grant(html)).grant.reason).to.equal(html);
    });

    it('what a stranger sends as user agent and account reaches audit and terminal as plain text', async () => {
      const own = { 'user-agent': `agent \t\u009b31m ${html}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ email: `${html}${ansi}${osc}`, password: 'wrong wrong wrong' });
      expect((await server.request('/api/v1/login/password', { method: 'POST', headers: own, body })).status).to.equal(401);
      const terminal = newTerminal();
      await loginWithPassword(terminal, server, { email: adminEmail, password: adminPassword });
      for (const format of ['table', 'json', 'yaml']) {
        const { code, stdout, stderr } = await terminal.infra(['audit', 'list', '--format', format]);
        expect(code, stderr).to.equal(0);
        expect(stdout).to.include('login.refused');
        expect(stdout.replaceAll('\n', '')).not.to.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    });
  });
});

function directives(policy: string | string[] | undefined): Map<string, string[]> {
  const parts = String(policy)
    .split(';')
    .map((part) => part.trim().split(/\s+/));
  return new Map(parts.map(([name = '', ...sources]) => [name, sources]));
}
