/** A password that is forgotten: asked for, mailed, replaced; and mail that does not go out. */
import { writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { AuditEvent } from '../../shared/api/audit.ts';
import { api } from '../../shared/api/index.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { newLease } from '../support/lease.ts';
import {
  hurryMail,
  linkIn,
  mailPassword,
  startMailingServer,
  startMailServer,
  waitingMails,
  type MailServer,
  type ReceivedMail,
} from '../support/mail-server.ts';
import { openPasswordPage, submit } from '../support/page-login.ts';
import { freePort } from '../support/ports.ts';
import { refusal } from '../support/refusal.ts';
import { adminEmail, newPerson, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { at } from './audit-stage.ts';

const chosen = 'a new lantern in the harbour';

describe('a password that is forgotten', function () {
  this.timeout(60_000);
  let mail: MailServer;
  let server: RunningServer;
  let metricsPort: number;
  before(async () => {
    mail = await startMailServer();
    metricsPort = await freePort();
    server = await startMailingServer(mail, { settings: { 'metrics-listen': `127.0.0.1:${metricsPort}` } });
  });
  after(async () => {
    await server.stop();
    await mail.stop();
  });
  beforeEach(() => (mail.refuseWith = undefined));

  const ask = async (email: string) => server.client()(api.login.requestReset, { body: { email } });
  const use = async (token: string, newPassword = chosen) => server.client()(api.login.resetPassword, { body: { token, newPassword } });
  const mailed = async (email: string): Promise<ReceivedMail> => {
    const before = mail.mails.length;
    await ask(email);
    return mail.next(email, before);
  };
  const events = async (name: string): Promise<AuditEvent[]> =>
    (await (await server.admin())(api.audit.list, { query: { event: name } })).items;
  const untilEvent = async (name: string, holds: (event: AuditEvent) => boolean): Promise<AuditEvent> =>
    // Longer than an attempt to send may take.
    waitFor(async () => (await events(name)).find(holds), { within: 45, what: `${name} in the audit` });
  const about = (email: string) => (event: AuditEvent) => JSON.stringify(event.details).includes(`"${email}"`);

  it('is offered where mail is set up, and the server says so', async () => {
    expect((await server.client()(api.server.info, {})).passwordReset).to.equal(true);
  });

  it('is spoken of on the page for signing in, where a password was wrong; for everybody alike', async () => {
    for (const email of [adminEmail, 'nobody@example.com']) {
      const { browser, page } = await openPasswordPage(server);
      expect(page.body).to.not.include('reset-password');
      expect((await submit(browser, page, { email, password: 'wrong wrong wrong' })).body).to.include('infra reset-password EMAIL');
    }
  });

  it('is mailed a link over TLS, short and plain, to the server’s own page; the new password holds, the old one does not', async () => {
    const person = await newPerson(server, 'ana@example.com');
    const received = await mailed('ana@example.com');
    expect(received.isOverTls).to.equal(true);
    expect(received.user).to.equal('infra');
    expect(received.recipients).to.deep.equal(['ana@example.com']);
    expect(received.email.from?.address).to.equal('infra@example.com');
    expect(received.email.to?.map(({ address }) => address)).to.deep.equal(['ana@example.com']);
    expect(received.email.html).to.equal(undefined);
    expect(received.email.headers.find(({ key }) => key === 'auto-submitted')?.value).to.equal('auto-generated');
    expect(received.email.text).to.include('ana@example.com').and.include('20 minutes');
    const { url, token } = linkIn(received);
    expect(url.origin + url.pathname + url.search).to.equal(`${server.url}/reset-password`);

    const before = mail.mails.length;
    await use(token);
    expect((await refusal(server.login('ana@example.com', person.password))).code).to.equal('login.failed');
    await server.login('ana@example.com', chosen);

    const told = await mail.next('ana@example.com', before);
    expect(told.email.subject).to.equal('Your infra password was replaced');
    expect(told.email.text).to.include('All its sessions have ended').and.not.include('#');
  });

  it('the mail that tells of it names access keys that live on', async () => {
    const person = await newPerson(server, 'keys@example.com');
    await person.call(api.accessKeys.create, { body: { name: 'ci' } });
    const { token } = linkIn(await mailed('keys@example.com'));
    const before = mail.mails.length;
    await use(token);
    const { email: told } = await mail.next('keys@example.com', before);
    expect(told.text).to.include('one of this account still holds').and.include('infra keys remove NAME');
  });

  it('ends all that the person had open, for connectors to acknowledge; the audit tells the whole of it', async () => {
    const person = await newPerson(server, 'open@example.com');
    const admin = await server.admin();
    const connector = await enrolConnector(server, 'prod-of-open');
    await admin(api.grants.create, { body: { subject: 'open@example.com', role: 'view', resource: 'prod-of-open' } });
    const { lease } = await newLease(person.call, connector.destinationId);
    const { token } = linkIn(await mailed('open@example.com'));
    await use(token);
    expect((await refusal(person.call(api.sessions.current, {}))).code).to.equal('session.expired');
    expect((await admin(api.leases.get, at(lease.id))).state).to.equal('revoked');
    const desired = await connector.send({ method: 'GET', path: '/api/v1/connector/desired-state' });
    const { leases } = (await desired.json()) as { leases: { id: string; status: string }[] };
    expect(leases).to.deep.include({ ...leases.find(({ id }) => id === lease.id), status: 'revoked' });
    for (const name of ['password.reset-asked', 'mail.sent', 'session.ended', 'lease.revoked', 'password.reset'])
      expect((await events(name)).some(about('open@example.com')), name).to.equal(true);
    const [reset] = (await events('password.reset')).filter(about('open@example.com'));
    expect(reset?.actor.name).to.equal('open@example.com');
    expect(reset?.source?.address).to.match(/127\.0\.0\.1|::1/);
  });

  it('keeps the link good after a password that is too weak, and after two that differ from the rules', async () => {
    await newPerson(server, 'weak@example.com');
    const { token } = linkIn(await mailed('weak@example.com'));
    for (const weak of ['short', 'password1234', 'weak@example.com weak'])
      expect((await refusal(use(token, weak))).code).to.equal('password.too-weak');
    await use(token);
  });

  it('is mailed by an admin: the old password and its sessions end at once, and only the person gets the link', async () => {
    const person = await newPerson(server, 'ordered@example.com');
    const admin = await server.admin();
    const before = mail.mails.length;
    const answer = await admin(api.users.mailPasswordReset, at(person.id));
    expect(JSON.stringify(answer)).not.to.include('infra_');
    expect((await refusal(person.call(api.sessions.current, {}))).code).to.equal('session.expired');
    expect((await refusal(server.login('ordered@example.com', person.password))).code).to.equal('login.failed');
    expect((await admin(api.users.get, at(person.id))).password).to.equal('one-time');
    const received = await mail.next('ordered@example.com', before);
    expect(received.email.text).to.include('An admin has reset');
    await use(linkIn(received).token);
    await server.login('ordered@example.com', chosen);
  });

  it('is not mailed to who is disabled, or nobody; the admin hears why', async () => {
    const admin = await server.admin();
    const person = await newPerson(server, 'barred@example.com');
    await admin(api.users.disable, at(person.id));
    expect(await refusal(admin(api.users.mailPasswordReset, at(person.id)))).to.include({ code: 'identity.disabled', status: 409 });
    expect((await refusal(admin(api.users.mailPasswordReset, at(`usr_${'0'.repeat(26)}`)))).code).to.equal('identity.not-found');
  });

  it('without mail is not offered, and who asks is told what does instead', async () => {
    const plain = await startServer();
    try {
      expect((await plain.client()(api.server.info, {})).passwordReset).to.equal(false);
      const admin = await plain.admin();
      for (const email of [adminEmail, 'nobody@example.com']) {
        const problem = await refusal(plain.client()(api.login.requestReset, { body: { email } }));
        expect(problem).to.include({ code: 'mail.not-set-up', status: 409 });
        expect(problem.detail).to.include('infra users reset-password');
      }
      const { identity } = await admin(api.sessions.current, {});
      expect((await refusal(admin(api.users.mailPasswordReset, at(identity.id)))).code).to.equal('mail.not-set-up');
      await plain.login(adminEmail, 'quiet meadow of tall grass');
    } finally {
      await plain.stop();
    }
  });

  describe('while the mail server', () => {
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();

    it('says "not now": the answer is the same, the mail is tried again, and goes out with a link that holds', async () => {
      await newPerson(server, 'later@example.com');
      mail.refuseWith = { code: 451, text: 'come back later' };
      const before = mail.mails.length;
      await ask('later@example.com');
      await waitFor(() => waitingMails(server).some(({ attempts }) => attempts === 1), { within: 10, what: 'a first attempt' });
      await waitFor(async () => (await metrics()).includes('infra_mails_total{end="retried"} 1'), { within: 10, what: 'the metric' });
      mail.refuseWith = undefined;
      hurryMail(server);
      await use(linkIn(await mail.next('later@example.com', before)).token);
    });

    it('never answers well: it is given up after five attempts, in log, metric and audit, in words of ours', async () => {
      await newPerson(server, 'never@example.com');
      mail.refuseWith = { code: 451, text: 'canary of the other side' };
      await ask('never@example.com');
      for (let attempt = 1; attempt < 5; attempt += 1) {
        await waitFor(() => waitingMails(server).some(({ attempts }) => attempts === attempt), { within: 10, what: `attempt ${attempt}` });
        hurryMail(server);
      }
      const failed = await untilEvent('mail.failed', about('never@example.com'));
      expect(failed.outcome).to.equal('failed');
      expect(failed.event === 'mail.failed' && failed.details).to.deep.include({ attempts: 5, mail: 'reset-asked' });
      expect(JSON.stringify(failed)).to.include('the mail server refuses the sender or the recipient (451').and.not.include('canary');
      expect(waitingMails(server)).to.deep.equal([]);
      await waitFor(async () => /infra_mails_total\{end="failed"\} [1-9]/.test(await metrics()), { within: 10, what: 'the metric' });
      await waitFor(() => server.program().stdout().includes('a mail was not sent'), { within: 10, what: 'the line in the log' });
      expect(server.program().stdout()).not.to.include('canary');
    });

    it('knows no such mailbox: it is not tried again', async () => {
      await newPerson(server, 'mailbox@example.com');
      mail.refuseWith = { code: 550, text: 'no such mailbox' };
      await ask('mailbox@example.com');
      const failed = await untilEvent('mail.failed', about('mailbox@example.com'));
      expect(failed.event === 'mail.failed' && failed.details.attempts).to.equal(1);
    });

    it('takes another password than ours: it is told, and a new one in the file counts without a restart', async () => {
      await newPerson(server, 'rotated@example.com');
      writeFileSync(mail.passwordFile, 'an old password');
      const before = mail.mails.length;
      try {
        await ask('rotated@example.com');
        await waitFor(() => server.program().stdout().includes('does not take our user and password'), { within: 10, what: 'the log' });
      } finally {
        writeFileSync(mail.passwordFile, mailPassword);
      }
      hurryMail(server);
      await mail.next('rotated@example.com', before);
    });
  });

  it('starts with a password file that is there and holds something, or not at all', async () => {
    const file = `${mail.passwordFile}.missing`;
    for (const [content, words] of [
      [undefined, 'cannot be read: ENOENT'],
      ['\n', 'is empty'],
    ] as const) {
      if (content !== undefined) writeFileSync(file, content);
      const failure = await startMailingServer(mail, { settings: { 'mail-password-file': file } }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(String(failure)).to.include('mail.passwordFile').and.include(words);
    }
  });
});

describe('mail by STARTTLS', function () {
  this.timeout(60_000);

  it('goes out encrypted, and user and password not before', async () => {
    const mail = await startMailServer({ scheme: 'smtp' });
    const server = await startMailingServer(mail);
    try {
      await newPerson(server, 'ana@example.com');
      await server.client()(api.login.requestReset, { body: { email: 'ana@example.com' } });
      const received = await mail.next('ana@example.com', 0);
      expect([received.isOverTls, received.user]).to.deep.equal([true, 'infra']);
    } finally {
      await server.stop();
      await mail.stop();
    }
  });
});
