/** Rows 15–17 at Google: an issuer that all the world shares. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { loginByBrowser } from '../support/browser.ts';
import { directoryStage, loginGroups, loginRefusal, type DirectoryStage } from '../support/directory-stage.ts';

describe('people of a Google organization', function () {
  this.timeout(60_000);
  let stage: DirectoryStage;
  before(async () => {
    stage = await directoryStage();
    await stage.connectGoogle();
    await stage.connectGoogle({ name: 'cloud-identity', groupsFrom: 'cloud-identity' });
  });
  beforeEach(() => stage.google.honest());
  after(async () => stage.stop());

  let people = 0;
  const is = (account: object) => {
    const sub = `20${(people += 1)}`;
    const whole = { sub, email: `person${people}@example.com`, hd: 'example.com', ...account };
    stage.google.memberOf.set(whole.sub, []);
    stage.google.signIn(whole);
    return whole;
  };

  for (const [what, hd] of Object.entries({
    'no hosted domain': undefined,
    'another hosted domain': 'evil.example',
    'a hosted domain below ours': 'sub.example.com',
    'one that ends like ours': 'notexample.com',
    'a list of hosted domains': ['example.com'],
    'an empty one': '',
  })) {
    it(`row 16: with ${what} an account is nobody, though its email is verified and at our domain`, async () => {
      is({ hd });
      expect((await loginRefusal(stage.server, 'google')).code).to.equal('login.email-not-allowed');
    });
  }

  for (const email_verified of [false, undefined, 'true', 1]) {
    it(`row 16: email_verified ${String(email_verified)} is nobody`, async () => {
      is({ email_verified });
      stage.google.claims = (claims) => ({ ...claims, email_verified });
      expect((await loginRefusal(stage.server, 'google')).code).to.equal('login.email-unverified');
    });
  }

  it('row 16: an email of another domain is nobody, though the organization is ours', async () => {
    is({ email: 'ana@partner.example' });
    expect((await loginRefusal(stage.server, 'google')).code).to.equal('login.email-not-allowed');
  });

  it('row 16: an account is its subject’s: whoever gets its address gets nothing of it', async () => {
    const first = is({ email: 'handed.on@example.com' });
    const { session } = await loginByBrowser(stage.server, 'google');
    is({ email: 'handed.on@example.com' });
    expect((await loginRefusal(stage.server, 'google')).code).to.equal('login.account-conflict');
    is({ sub: first.sub, email: 'renamed@example.com' });
    expect((await loginByBrowser(stage.server, 'google')).session.identity.id).to.equal(session.identity.id);
  });

  for (const provider of ['google', 'cloud-identity']) {
    it(`row 17: groups of other organizations give nothing, and nothing above them (${provider})`, async () => {
      const email = `joined${(people += 1)}@example.com`;
      const { sub } = is({ email });
      stage.google.emails.set(sub, email);
      stage.google.memberOf.set(sub, ['platform@evil.example', 'admins@example.com.evil.example', 'crew@example.com', 'a,b@example.com']);
      stage.google.memberOf.set('platform@evil.example', []);
      stage.google.memberOf.set('crew@example.com', []);
      // Cloud Identity knows one user of each person; the second provider has others.
      if (provider !== 'google') {
        const [{ id } = { id: '' as never }] = (await stage.admin(api.identityProviders.list, { query: { name: provider } })).items;
        await stage.admin(api.identityProviders.update, { params: { id }, body: { linkUsers: true } });
      }
      expect(await loginGroups(stage.server, provider)).to.deep.equal([`${provider}/crew@example.com`]);
    });
  }

  it('row 30: nothing of what Google writes, and nothing of the key, goes to people, the audit or the log', async () => {
    is({});
    stage.google.serviceAccount.delegated = [];
    const { sentence } = await loginRefusal(stage.server, 'google');
    const audit = JSON.stringify((await stage.admin(api.audit.list, {})).items);
    const log = stage.server.program().stderr() + stage.server.program().stdout();
    expect(sentence).to.contain('Domain-wide delegation');
    for (const text of [sentence, audit, log]) expect(text).to.not.contain('CANARY').and.not.contain('PRIVATE KEY');
    expect(stage.google.asked.join(' ')).to.not.contain('evil.example/token');
  });
});
