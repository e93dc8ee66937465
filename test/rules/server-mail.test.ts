/** Settings of mail, who gets a link, and when a mail is given up. */
import { expect } from 'chai';
import { loadServerConfig } from '../../server/config.ts';
import { doesLinkHold, whyNoReset, type ResetSubject } from '../../server/login/password-reset-rules.ts';
import { maximumAttempts, retryAfter, whyGivenUp } from '../../server/mail/outgoing-mail-rules.ts';

describe('settings of mail', () => {
  const load = (...argv: string[]) => loadServerConfig({ argv, env: {} }).mail;
  const from = '--mail-from=infra@example.com';

  it('are none without any', () => expect(load()).to.equal(undefined));

  for (const [url, server] of [
    ['smtps://mail.example.com', { host: 'mail.example.com', port: 465, isTlsFromStart: true }],
    ['smtp://mail.example.com', { host: 'mail.example.com', port: 587, isTlsFromStart: false }],
    ['smtps://mail.example.com:2465/', { host: 'mail.example.com', port: 2465, isTlsFromStart: true }],
    ['smtp://[::1]:2587', { host: '::1', port: 2587, isTlsFromStart: false }],
  ] as const)
    it(`take ${url}`, () => expect(load(`--mail-url=${url}`, from)).to.deep.include({ ...server, login: undefined }));

  for (const url of [
    'mail.example.com',
    'https://mail.example.com',
    'smtp:mail.example.com',
    'smtps://ana:secret@mail.example.com',
    'smtps://ana@mail.example.com',
    'smtps://mail.example.com/path',
    'smtps://mail.example.com?ignoreTLS=true',
    'smtps://mail.example.com#x',
    'smtps://mail.example.com:99999',
    'smtps://',
    'smtps://mail example.com',
  ])
    it(`refuse ${url} with the setting’s name and how it is written`, () =>
      expect(() => load(`--mail-url=${url}`, from)).to.throw(/^mail\.url \(--mail-url, INFRA_SERVER_MAIL_URL\): must be smtps:\/\/HOST/));

  it('never repeat a password that was typed into the address', () =>
    expect(() => load('--mail-url=smtps://ana:canary@mail.example.com', from)).to.throw(/^((?!canary).)*$/s));

  for (const [argv, words] of [
    [[from], /mail\.url \(--mail-url\) is missing/],
    [['--mail-url=smtps://mail.example.com'], /mail\.from \(--mail-from\) is missing/],
    [['--mail-url=smtps://mail.example.com', '--mail-from=infra'], /mail\.from .* is no email address/],
    [['--mail-url=smtps://mail.example.com', '--mail-from=infra@example.com\r\nBcc: eve@example.com'], /is no email address/],
    [['--mail-url=smtps://mail.example.com', from, '--mail-user=infra'], /belong together/],
    [['--mail-url=smtps://mail.example.com', from, '--mail-password-file=/x'], /belong together/],
    [['--mail-password=x'], /mail-password is no setting/],
  ] as const)
    it(`refuse ${JSON.stringify(argv)}`, () => expect(() => load(...argv)).to.throw(words));
});

describe('who gets a link', () => {
  const set: ResetSubject = { status: 'active', password: { state: 'set', changedAt: 1000, expiresAt: null }, hasAccounts: false };
  const oneTime: ResetSubject = { ...set, password: { state: 'one-time', changedAt: 1000, expiresAt: 9000 } };
  const asked = { by: 'anybody', at: 2000 } as const;
  const ordered = { by: 'admin', at: 1000 } as const;

  for (const [what, subject, ask, words] of [
    ['a password of their own', set, asked, undefined],
    ['a password beside a provider', { ...set, hasAccounts: true }, asked, undefined],
    ['a one-time password that holds', oneTime, asked, undefined],
    [
      'a one-time password that has run out',
      { ...oneTime, password: { ...oneTime.password!, expiresAt: 2500 } },
      asked,
      'one-time password expired',
    ],
    [
      'a one-time password that was never used, and a provider',
      { ...oneTime, hasAccounts: true },
      asked,
      'account of an identity provider',
    ],
    ['no password', { ...set, password: undefined }, asked, 'account without password'],
    [
      'a password that is newer than the question',
      { ...set, password: { ...set.password!, changedAt: 2001 } },
      asked,
      'the password was changed meanwhile',
    ],
    ['a disabled account', { ...set, status: 'disabled' }, asked, 'account disabled'],
    ['no account', undefined, asked, 'unknown account'],
    ['an admin’s order, and a provider', { ...oneTime, hasAccounts: true }, ordered, undefined],
    ['an admin’s order, and a disabled account', { ...oneTime, status: 'disabled' }, ordered, 'account disabled'],
  ] as const)
    it(`${what}: ${words ?? 'gets one'}`, () => expect(whyNoReset(subject, ask, 3000)).to.equal(words));

  it('holds as long as the password that it was made for', () => {
    expect(doesLinkHold(set, 1001)).to.equal(true);
    expect(doesLinkHold(set, 1000)).to.equal(false);
    expect(doesLinkHold(set, 999)).to.equal(false);
    expect(doesLinkHold({ ...set, status: 'disabled' }, 1001)).to.equal(false);
    expect(doesLinkHold({ ...set, password: undefined }, 1001)).to.equal(false);
    expect(doesLinkHold(undefined, 1001)).to.equal(false);
  });
});

describe('a mail that cannot be sent', () => {
  it('is tried a few times, ever more slowly, within the hour', () => {
    const waits = Array.from({ length: maximumAttempts - 1 }, (_, index) => retryAfter(index + 1));
    expect(waits).to.deep.equal([60_000, 120_000, 300_000, 600_000]);
    expect(whyGivenUp({ attempts: maximumAttempts - 1, createdAt: 0 }, 1_300_000)).to.equal(undefined);
    expect(whyGivenUp({ attempts: maximumAttempts, createdAt: 0 }, 1)).to.include('used up');
    expect(whyGivenUp({ attempts: 0, createdAt: 0 }, 3_600_001)).to.include('more than an hour');
  });
});
