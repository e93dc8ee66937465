/** Attacks on the reset of passwords by mail: rows 16, 20, 21, 26, 27, 28, 30 and 34, and what mail itself can be led to do. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { linkIn, mailPassword, plantResetLink, startMailingServer, startMailServer, type MailServer } from '../support/mail-server.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, adminPassword, newPerson, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { at } from '../api/audit-stage.ts';

const chosen = 'a new lantern in the harbour';
const json = { 'content-type': 'application/json' };

describe('attacks on the reset of passwords by mail', function () {
  this.timeout(60_000);
  let mail: MailServer;
  let server: RunningServer;
  before(async () => {
    mail = await startMailServer();
    server = await startMailingServer(mail, { settings: { 'log-level': 'debug', 'trusted-proxies': '127.0.0.0/8,::1/128' } });
  });
  after(async () => {
    await server.stop();
    await mail.stop();
  });

  let addresses = 0;
  /** From an address of its own, so that only the limit that is looked at counts. */
  const ask = async (email: string, headers: Record<string, string> = {}): Promise<Response> => {
    addresses += 1;
    const from = `10.${addresses >> 16}.${(addresses >> 8) & 255}.${addresses & 255}`;
    return server.request('/api/v1/login/password-reset/request', {
      method: 'POST',
      headers: { ...json, 'x-forwarded-for': from, ...headers },
      body: JSON.stringify({ email }),
    });
  };
  const use = async (token: string, newPassword = chosen) => server.client()(api.login.resetPassword, { body: { token, newPassword } });
  const mailed = async (email: string, headers: Record<string, string> = {}) => {
    const before = mail.mails.length;
    expect((await ask(email, headers)).status).to.equal(204);
    return mail.next(email, before);
  };
  const events = async (event: string) => (await (await server.admin())(api.audit.list, { query: { event, limit: 1000 } })).items;
  const untilRefused = async (attempted: string, reason: string) =>
    waitFor(
      async () =>
        (await events('password.reset-refused')).some(
          (event) => event.event === 'password.reset-refused' && event.details.attempted === attempted && event.details.reason === reason,
        ),
      { within: 15, what: `"${reason}" for ${attempted}` },
    );
  const inDatabase = (sql: string, ...values: readonly string[]): void => {
    const database = new Sqlite(server.databaseFile);
    database.prepare(sql).run(...values);
    database.close();
  };

  describe('row 27: who asks', () => {
    it('gets the same answer for every account and for none, and only those who log in with a password get mail', async () => {
      const admin = await server.admin();
      await newPerson(server, 'known@example.com');
      const disabled = await newPerson(server, 'disabled@example.com');
      await admin(api.users.disable, at(disabled.id));
      // What a login by a provider makes: a user without a password.
      const federated = await newPerson(server, 'federated@example.com');
      inDatabase('DELETE FROM passwords WHERE identity_id = ?', federated.id);
      const before = mail.mails.length;
      const emails = ['nobody@example.com', 'disabled@example.com', 'federated@example.com', 'no email at all', 'known@example.com'];
      const answers = await Promise.all(
        emails.map(async (email) => {
          const answer = await ask(email);
          const headers = [...answer.headers].filter(([name]) => name !== 'date');
          return JSON.stringify([answer.status, headers, await answer.text()]);
        }),
      );
      expect(new Set(answers).size, answers.join('\n')).to.equal(1);
      await untilRefused('nobody@example.com', 'unknown account');
      await untilRefused('disabled@example.com', 'account disabled');
      await untilRefused('federated@example.com', 'account without password');
      await untilRefused('no email address', 'unknown account');
      await mail.next('known@example.com', before);
      expect(mail.mails.slice(before).flatMap(({ recipients }) => recipients)).to.deep.equal(['known@example.com']);
    });

    it('costs the same work: what is written for a known and an unknown email differs in the email alone', async () => {
      await newPerson(server, 'worked@example.com');
      const database = new Sqlite(server.databaseFile, { readonly: true });
      const count = () =>
        ['outgoing_mails', 'login_attempts', 'tokens', 'audit_events'].map(
          (table) => database.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0,
        );
      const cost = async (email: string): Promise<{ rows: readonly number[]; time: number }> => {
        // Nothing is sent meanwhile: only what the request itself does is looked at.
        await waitFor(() => count()[0] === 0, { within: 15, what: 'no mail to be due' });
        const before = count();
        const started = performance.now();
        expect((await ask(email)).status).to.equal(204);
        const time = performance.now() - started;
        // A row may be on its way out by now, never a link on its way in before the mail.
        return {
          rows: count()
            .map((after, index) => after - (before[index] ?? 0))
            .slice(1, 3),
          time,
        };
      };
      const known = [await cost('worked@example.com'), await cost('worked@example.com')];
      const unknown = [await cost('unknown1@example.com'), await cost('unknown2@example.com')];
      database.close();
      expect(known[0]?.rows).to.deep.equal(unknown[0]?.rows);
      const fastest = (costs: typeof known): number => Math.min(...costs.map(({ time }) => time));
      expect(fastest(known)).to.be.lessThan(fastest(unknown) * 4 + 20);
      expect(fastest(unknown)).to.be.lessThan(fastest(known) * 4 + 20);
    });

    it('does not wait for the mail server', async () => {
      await newPerson(server, 'waiting@example.com');
      mail.refuseWith = { code: 451, text: 'not now' };
      try {
        expect((await ask('waiting@example.com')).status).to.equal(204);
        expect((await server.login(adminEmail, adminPassword)).secret).to.match(/^infra_ses_/);
      } finally {
        mail.refuseWith = undefined;
      }
    });
  });

  describe('row 28: who asks again and again', () => {
    it('fills no mailbox: three an hour for an account, however it is written and from wherever, known or not, across a restart', async () => {
      await newPerson(server, 'bombed@example.com');
      for (const name of ['bombed', 'not-there']) {
        const written = [`${name}@example.com`, `${name.toUpperCase()}@Example.com`, ` ${name}@example.com`, `${name}@ｅxample.com`];
        const statuses = [];
        for (const email of written) statuses.push((await ask(email)).status);
        expect(statuses).to.deep.equal([204, 204, 204, 429]);
      }
      await server.stop('SIGKILL');
      await server.start();
      const late = await ask('bombed@example.com');
      expect(late.status).to.equal(429);
      expect(Number(late.headers.get('retry-after'))).to.be.within(1, 3600);
      const refused = (await events('login.refused')).filter(
        (event) => event.event === 'login.refused' && event.details.method === 'password-reset' && /^too many/.test(event.details.reason),
      );
      expect(refused.filter(({ details }) => JSON.stringify(details).toLowerCase().includes('bombed'))).to.have.length(1);
    });

    it('may do so for twenty accounts from one address, and uses up nobody else’s', async () => {
      const from = { 'x-forwarded-for': '192.0.2.7' };
      const statuses = await Promise.all(Array.from({ length: 25 }, async (_, n) => (await ask(`many${n}@example.com`, from)).status));
      expect(statuses.filter((status) => status === 204)).to.have.length(20);
      expect(statuses.filter((status) => status === 429)).to.have.length(5);
      expect((await ask('many24@example.com')).status).to.equal(204);
    });

    it('tries links that are none: they are looked at, then refused, and the audit is not filled', async () => {
      const statuses: number[] = [];
      for (let round = 0; round < 14; round += 1)
        statuses.push((await refusal(use(`infra_reset_${'A'.repeat(40)}${String(round).padStart(3, '0')}`))).status);
      expect(statuses).to.deep.equal([...Array<number>(10).fill(401), ...Array<number>(4).fill(429)]);
      const { id } = await newPerson(server, 'unhindered@example.com');
      await use(plantResetLink(server, id, Date.now() + 1));
    });
  });

  describe('row 26: what a link opens', () => {
    it('is one password, and nothing else: it is no session, no key, no other token, and no other token is one', async () => {
      const { id } = await newPerson(server, 'narrow@example.com');
      const token = plantResetLink(server, id, Date.now() + 1);
      for (const path of ['/api/v1/whoami', '/api/v1/grants/mine', '/scim/v2/okta/Users'])
        expect((await server.request(path, { headers: { authorization: `Bearer ${token}` } })).status, path).to.be.within(401, 404);
      const anyone = server.client();
      expect((await refusal(anyone(api.login.accessKey, { body: { key: token } }))).code).to.equal('login.failed');
      expect((await refusal(anyone(api.login.changePassword, { body: { changeToken: token, newPassword: chosen } }))).code).to.equal(
        'token.invalid',
      );
      const setup = { token, email: 'evil@example.com', password: chosen };
      expect((await refusal(anyone(api.server.setup, { body: setup }))).code).to.equal('token.invalid');
      const codes = { code: token, codeVerifier: 'v'.repeat(43) };
      expect((await refusal(anyone(api.login.browser, { body: codes }))).status).to.be.within(400, 401);
      const answer = await server.request('/api/v1/login/password-reset', {
        method: 'POST',
        headers: json,
        body: JSON.stringify({ token, newPassword: chosen }),
      });
      expect([answer.status, await answer.text(), answer.headers.get('set-cookie')]).to.deep.equal([204, '', null]);
      await server.login('narrow@example.com', chosen);
    });

    it('is used once, by one of many at the same moment', async () => {
      const { id } = await newPerson(server, 'raced@example.com');
      const token = plantResetLink(server, id, Date.now() + 1);
      const outcomes = await Promise.allSettled(Array.from({ length: 6 }, async (_, n) => use(token, `${chosen} ${n}`)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    });
  });

  describe('a link ends', () => {
    let people = 0;
    const personWithLink = async () => {
      const email = `ending${(people += 1)}@example.com`;
      const person = await newPerson(server, email);
      const { token } = linkIn(await mailed(email));
      return { ...person, email, token };
    };
    const expectOver = async (token: string): Promise<void> => {
      // The limit on links that are none would answer in their place.
      inDatabase("DELETE FROM login_attempts WHERE bucket LIKE '%'");
      expect((await refusal(use(token))).code).to.equal('token.invalid');
    };

    it('when it was used, and when a newer one was mailed', async () => {
      const { email, token } = await personWithLink();
      const newer = linkIn(await mailed(email)).token;
      await expectOver(token);
      await use(newer);
      await expectOver(newer);
    });

    it('after twenty minutes', async () => {
      const { token } = await personWithLink();
      const database = new Sqlite(server.databaseFile, { readonly: true });
      const [row] = database
        .prepare<[], { created_at: string; expires_at: string }>(
          "SELECT created_at, expires_at FROM tokens WHERE kind = 'password-reset' ORDER BY created_at DESC LIMIT 1",
        )
        .all();
      database.close();
      expect(Date.parse(row?.expires_at ?? '') - Date.parse(row?.created_at ?? '')).to.equal(1_200_000);
      inDatabase("UPDATE tokens SET expires_at = ? WHERE kind = 'password-reset' AND used_at IS NULL", new Date().toISOString());
      await expectOver(token);
    });

    it('when the password is changed in another way', async () => {
      const { call, password, token } = await personWithLink();
      await call(api.sessions.changeOwnPassword, { body: { currentPassword: password, newPassword: `${chosen} of mine` } });
      await expectOver(token);
    });

    for (const [what, act] of [
      [
        'disabled, and enabled again',
        async (id: string) => {
          const admin = await server.admin();
          await admin(api.users.disable, at(id));
          await admin(api.users.enable, at(id));
        },
      ],
      ['revoked', async (id: string) => (await server.admin())(api.users.revoke, at(id))],
      ['given a one-time password', async (id: string) => (await server.admin())(api.users.resetPassword, at(id))],
      ['removed', async (id: string) => (await server.admin())(api.users.remove, at(id))],
    ] as const)
      it(`when the person is ${what}`, async () => {
        const { id, token } = await personWithLink();
        await act(id);
        await expectOver(token);
      });
  });

  it('rows 20, 21: no header leads the link elsewhere', async () => {
    await newPerson(server, 'led@example.com');
    const client = connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: server.info.rootCertificate });
    const body = JSON.stringify({ email: 'led@example.com' });
    const before = mail.mails.length;
    client.write(
      [
        'POST /api/v1/login/password-reset/request HTTP/1.1',
        'Host: evil.example',
        ...['X-Forwarded-Host', 'X-Original-Host', 'X-Host', 'Forwarded', 'Origin', 'Referer'].map(
          (name) => `${name}: ${name === 'Forwarded' ? 'host=' : ''}https://evil.example`,
        ),
        'X-Forwarded-Proto: http',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
    client.resume();
    const received = await mail.next('led@example.com', before);
    client.destroy();
    expect(received.raw).not.to.include('evil');
    expect(linkIn(received).url.origin).to.equal(server.url);
  });

  it('row 16: who types what reads like somebody’s address gets that person’s mail sent to that person', async () => {
    await newPerson(server, 'kim@example.com');
    const before = mail.mails.length;
    // U+212A, the sign for Kelvin, and wide letters: other mailboxes to a mail server.
    for (const lookAlike of ['\u212aim@example.com', 'ｋｉｍ@example.com']) expect((await ask(lookAlike)).status).to.equal(204);
    await waitFor(() => mail.mails.length >= before + 2, { within: 15, what: 'two mails' });
    for (const { recipients, email } of mail.mails.slice(before)) {
      expect(recipients).to.deep.equal(['kim@example.com']);
      expect(email.to?.map(({ address }) => address)).to.deep.equal(['kim@example.com']);
    }
  });

  describe('headers and recipients', () => {
    const injected = [
      'ana@example.com\r\nBcc: eve@example.com',
      'ana@example.com\nSubject: yours',
      'ana@example.com,eve@example.com',
      'ana@example.com;eve@example.com',
      'eve@example.com <ana@example.com>',
      '<eve@example.com>ana@example.com',
      'ana@example.com\u0000@evil.example',
      'ana@example.com\u2028Bcc: eve@example.com',
    ];
    it('are not written by what is typed', async () => {
      const before = mail.mails.length;
      for (const email of injected) expect((await ask(email)).status, email).to.be.oneOf([204, 429]);
      await newPerson(server, 'marker@example.com');
      await mailed('marker@example.com');
      expect(mail.mails.slice(before).flatMap(({ recipients }) => recipients)).to.deep.equal(['marker@example.com']);
      expect(JSON.stringify(await events('password.reset-asked'))).not.to.include('eve@example.com');
    });

    it('are not written by a name that got into the database', async () => {
      const before = mail.mails.length;
      for (const [index, name] of injected.entries()) {
        const admin = await server.admin();
        const { id } = (await admin(api.users.create, { body: { email: `planted${index}@example.com` } })).user;
        await admin(api.users.mailPasswordReset, at(id));
        inDatabase('UPDATE identities SET name = ? WHERE id = ?', name, id);
      }
      await waitFor(
        async () => {
          const failed = (await events('mail.failed')).filter((event) =>
            JSON.stringify(event.details).includes('none that mail can be sent to'),
          );
          // Mails that went out before the name was there are no attack.
          return failed.length + mail.mails.slice(before).length >= injected.length;
        },
        { within: 20, what: 'every mail to be settled' },
      );
      for (const { recipients, raw } of mail.mails.slice(before)) {
        expect(recipients.join()).to.match(/^planted\d@example\.com$/);
        expect(raw).not.to.include('eve@example.com').and.not.include('evil.example');
      }
    });
  });

  it('rows 30, 34: link and mail password are in no log, no audit, no answer and not in the database', async () => {
    await newPerson(server, 'secret@example.com');
    const { token } = linkIn(await mailed('secret@example.com'));
    expect((await refusal(use(token, 'short'))).detail).not.to.include(token);
    await use(token);
    const audit = JSON.stringify((await (await server.admin())(api.audit.list, { query: { limit: 1000 } })).items);
    const stored = Buffer.concat(readdirSync(server.dataDir).map((name) => readFileSync(join(server.dataDir, name))));
    const log = server.program().stdout() + server.program().stderr();
    const { pid } = server.program();
    const process = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')).join('');
    for (const secret of [token, token.slice(12), mailPassword, chosen])
      for (const [where, text] of Object.entries({ audit, log, process, stored: stored.toString('latin1') }))
        expect(text.includes(secret), where).to.equal(false);
  });

  // Last: nobody can ask for anything after it.
  describe('all together', () => {
    it('row 28: whoever has many addresses makes the server send two hundred mails an hour, and no more', async () => {
      inDatabase('DELETE FROM login_attempts');
      const statuses: number[] = [];
      for (let n = 0; n < 203; n += 1) statuses.push((await ask(`all${n}@example.com`)).status);
      expect(statuses.filter((status) => status === 204)).to.have.length(200);
      expect(statuses.slice(200)).to.deep.equal([429, 429, 429]);
    });
  });
});

describe('attacks on the way to the mail server', function () {
  this.timeout(60_000);
  type Case = readonly [what: string, wish: Parameters<typeof startMailServer>[0], env: Readonly<Record<string, string>>];
  const cases: readonly Case[] = [
    ['a certificate of another name', { servedName: 'evil.example' }, {}],
    ['a certificate of an authority that nobody knows', {}, { NODE_EXTRA_CA_CERTS: '' }],
    ['STARTTLS taken out of its greeting', { scheme: 'smtp', options: { disabledCommands: ['STARTTLS'], allowInsecureAuth: true } }, {}],
    ['TLS 1.1', { options: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } }, {}],
  ];
  for (const [what, wish, env] of cases)
    it(`${what}: neither mail nor password goes there, and nobody who asks can tell`, async () => {
      const mail = await startMailServer(wish);
      const server = await startMailingServer(mail, { env });
      try {
        await newPerson(server, 'ana@example.com');
        for (const email of ['ana@example.com', 'nobody@example.com']) await server.client()(api.login.requestReset, { body: { email } });
        await waitFor(() => server.program().stdout().includes('a mail could not be sent'), { within: 15, what: 'the attempt to fail' });
        expect(mail.mails).to.deep.equal([]);
        expect(mail.passwords).to.deep.equal([]);
      } finally {
        await server.stop();
        await mail.stop();
      }
    });
});
