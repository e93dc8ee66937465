/** Google as an identity provider: whom it names, and their groups by the Admin SDK and by Cloud Identity. */
import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { api } from '../../../shared/api/index.ts';
import { exchange, loginByBrowser, loginUrl, newBrowser, newCliSide } from '../../support/browser.ts';
import { directoryStage, groupNames, loginGroups, loginRefusal, type DirectoryStage } from '../../support/directory-stage.ts';
import { directoryScope, identityScope } from '../../support/doubles/google.ts';
import { refusal } from '../../support/refusal.ts';

describe('a provider of kind google', function () {
  this.timeout(120_000);
  let stage: DirectoryStage;
  before(async () => {
    stage = await directoryStage();
    await stage.connectGoogle({ name: 'admin-sdk' });
    await stage.connectGoogle({ name: 'cloud-identity', groupsFrom: 'cloud-identity' });
    await stage.connectGoogle({ name: 'plain', groupsFrom: null });
  });
  beforeEach(() => stage.google.honest());
  after(async () => stage.stop());

  let people = 0;
  const somebody = (groups: string[] = []) => {
    const sub = `10${(people += 1)}`;
    const account = { sub, email: `person${people}@example.com`, hd: 'example.com' };
    stage.google.emails.set(sub, account.email);
    stage.google.memberOf.set(sub, groups);
    stage.google.signIn(account);
    return account;
  };
  const group = (name: string, memberOf: string[] = []): string => {
    const email = `${name}@example.com`;
    stage.google.memberOf.set(email, memberOf);
    return email;
  };
  const stepOf = async (name: string, step: string) => {
    const provider = (await stage.admin(api.identityProviders.list, { query: { name } })).items[0];
    const { steps } = await stage.admin(api.identityProviders.test, { params: { id: provider?.id ?? '' } });
    return steps.find((each) => each.step === step);
  };

  it('knows a person by their subject, and reads no groups unless it is to', async () => {
    const { email, sub } = somebody([group('crew')]);
    const { call, session } = await loginByBrowser(stage.server, 'plain');
    expect(session.identity.name).to.equal(email);
    expect(await groupNames(call)).to.deep.equal([]);
    const [event] = (await stage.admin(api.audit.list, { query: { event: 'account.linked' } })).items;
    expect(event?.details).to.include({ subject: sub });
    expect(stage.google.asked.filter((path) => path.includes('groups'))).to.deep.equal([]);
  });

  for (const from of ['admin-sdk', 'cloud-identity'] as const) {
    it(`${from}: groups are their emails, nested ones too, in a circle as well`, async () => {
      const [inner, middle, outer] = ['inner', 'middle', 'outer'].map((name) => `${from}-${name}@example.com`) as [string, string, string];
      stage.google.memberOf.set(inner, [middle]);
      stage.google.memberOf.set(middle, [outer]);
      stage.google.memberOf.set(outer, [inner]);
      somebody([inner.replace('@example', '@Example')].map((email) => email.toLowerCase()));
      expect(await loginGroups(stage.server, from)).to.deep.equal([inner, middle, outer].map((email) => `${from}/${email}`).toSorted());
    });

    it(`${from}: all pages are read`, async () => {
      const many = Array.from({ length: 450 }, (_, index) => group(`${from}-${index}`));
      somebody(many);
      // Only the person's own pages, so that the way up does not make it slow.
      expect(await loginGroups(stage.server, from)).to.deep.equal(many.map((email) => `${from}/${email}`).toSorted());
    });

    for (const how of ['rateLimitExceeded', 'userRateLimitExceeded', '429'] as const)
      it(`${from}: ${how} is waited out, and given up on when it does not end`, async () => {
        const crew = group(`${from}-${how.toLowerCase()}`);
        somebody([crew]);
        stage.google.script.quota = { times: 2, how };
        expect(await loginGroups(stage.server, from)).to.deep.equal([`${from}/${crew}`]);
        somebody([crew]);
        stage.google.script.quota = { times: 1000, how };
        const { code, sentence } = await loginRefusal(stage.server, from);
        expect(code).to.equal('login.groups-unavailable');
        expect(sentence).to.contain('asked too much').and.not.contain('CANARY');
        expect(stage.google.script.quota.times, 'it gives up').to.be.above(990);
      });
  }

  it('leaves people in the groups last known while the directory is away, and takes them as they are when it is back', async () => {
    const [first, second] = [group('first'), group('second')];
    const { sub } = somebody([first]);
    await loginByBrowser(stage.server, 'admin-sdk');
    stage.google.memberOf.set(sub, [second]);
    stage.google.script.isDown = true;
    expect(await loginGroups(stage.server, 'admin-sdk')).to.deep.equal([`admin-sdk/${first}`]);
    stage.google.honest();
    expect(await loginGroups(stage.server, 'admin-sdk')).to.deep.equal([`admin-sdk/${second}`]);
  });

  it('goes on when Google changes its keys in between', async () => {
    const { email } = somebody();
    const cli = newCliSide();
    const browser = newBrowser(stage.server);
    const { url } = await browser.walk(loginUrl(stage.server, cli, 'plain'), (to) => to.includes('/login/callback/'));
    await stage.google.rotateKeys();
    const end = await browser.walk(url);
    expect((await exchange(stage.server, end.url, cli)).session.identity.name).to.equal(email);
  });

  const missing: Readonly<Record<string, readonly [provider: string, change: () => void, words: string]>> = {
    'no delegation': ['admin-sdk', () => (stage.google.serviceAccount.delegated = []), 'Domain-wide delegation'],
    'delegation of another scope': ['admin-sdk', () => (stage.google.serviceAccount.delegated = [identityScope]), directoryScope],
    'delegation of another scope (Cloud Identity)': [
      'cloud-identity',
      () => (stage.google.serviceAccount.delegated = [directoryScope]),
      identityScope,
    ],
    'a key that was deleted': ['admin-sdk', () => (stage.google.serviceAccount.isKeyDeleted = true), 'Keys'],
    'an API that is not enabled': ['admin-sdk', () => (stage.google.script.isAdminSdkEnabled = false), 'Enable the Admin SDK API'],
    'an edition without the search': ['cloud-identity', () => (stage.google.script.isPremium = false), '--groups-from admin-sdk'],
  };
  for (const [what, [provider, change, words]] of Object.entries(missing)) {
    it(`is tried, and says what to switch on: ${what}`, async () => {
      expect(await stepOf(provider, 'directory')).to.include({ outcome: 'ok' });
      change();
      const step = await stepOf(provider, 'directory');
      expect(step).to.include({ outcome: 'failed' });
      expect(step?.detail).to.contain(words).and.not.contain('CANARY');
    });
  }

  it('is tried, and says that the delegated admin is nobody', async () => {
    await stage.connectGoogle({ name: 'stranger', delegatedAdmin: 'nobody@example.com' });
    expect((await stepOf('stranger', 'directory'))?.detail).to.contain('nobody@example.com is nobody there');
    expect((await stepOf('plain', 'groups'))?.detail).to.contain('--groups-from');
  });

  it('keeps the key of its service account sealed, and takes none that is no such key', async () => {
    const provider = (await stage.admin(api.identityProviders.list, { query: { name: 'admin-sdk' } })).items[0];
    const params = { id: provider?.id ?? ('' as never) };
    expect(JSON.stringify(provider)).to.not.contain('PRIVATE KEY');
    const file = JSON.parse(stage.google.serviceAccountKey) as Record<string, unknown>;
    const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const serviceAccountKey of [
      'CANARY',
      '{}',
      '[]',
      JSON.stringify({ ...file, private_key: 'CANARY' }),
      JSON.stringify({ ...file, private_key: elliptic }),
    ]) {
      const { code, fields, detail } = await refusal(stage.admin(api.identityProviders.update, { params, body: { serviceAccountKey } }));
      expect(code).to.equal('request.invalid');
      expect(fields?.[0]?.path).to.equal('body.serviceAccountKey');
      expect(detail).to.not.contain('CANARY');
    }
    const { default: Sqlite } = await import('better-sqlite3');
    const database = new Sqlite(stage.server.databaseFile);
    const dump = JSON.stringify([
      database.prepare('SELECT * FROM identity_providers').all(),
      database.prepare('SELECT body FROM audit_events').all(),
    ]);
    database.close();
    for (const secret of [String(file['private_key']), 'PRIVATE KEY', String(file['private_key_id'])]) expect(dump).to.not.contain(secret);
  });

  it('refuses what does not go with it', async () => {
    for (const [change, field] of [
      [{ groupsClaim: 'groups' }, 'body.groupsClaim'],
      [{ directory: { of: 'entra' } }, 'body.directory'],
      [{ directory: { of: 'google', groupsFrom: 'admin-sdk', delegatedAdmin: 'admin@example.com' } }, 'body.serviceAccountKey'],
    ] as const) {
      const { issuer, clientId, clientSecret } = stage.google;
      const body = { name: 'refused', kind: 'google' as const, issuer, clientId, clientSecret, emailDomains: ['example.com'], ...change };
      expect((await refusal(stage.admin(api.identityProviders.create, { body }))).fields?.[0]?.path).to.equal(field);
    }
    for (const issuer of ['https://accounts.google.com/', 'https://accounts.google.com.evil.example', 'https://login.example.com']) {
      const body = { name: 'refused', kind: 'google' as const, issuer, clientId: 'x', clientSecret: 'x', emailDomains: ['example.com'] };
      const { code, detail } = await refusal(stage.admin(api.identityProviders.create, { body }));
      expect([code, detail.includes('it is not Google’s')], issuer).to.deep.equal(['provider.invalid', true]);
    }
  });
});
