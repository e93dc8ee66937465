/** Row 41: a second factor by the word of a provider: only of one that is trusted with it, only as the token says, and only since then. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { attempt, connect, federationStage, type FederationStage } from './federation-stage.ts';
import { exchange, loginByBrowser, loginUrl, newBrowser, newCliSide } from '../support/browser.ts';
import { refusal } from '../support/refusal.ts';
import { startScriptedProvider, unsigned } from '../support/scripted-provider.ts';

const seconds = (): number => Math.floor(Date.now() / 1000);

describe('row 41: a provider’s word on second factors', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  before(async () => (stage = await federationStage()));
  beforeEach(async () => {
    stage.evil.honest();
    await trust(true);
  });
  after(async () => stage.stop());

  const trust = async (trustMfa: boolean): Promise<unknown> =>
    (await stage.server.admin())(api.identityProviders.update, { params: { id: stage.acme.id }, body: { trustMfa } });
  const says = (claims: Record<string, unknown>): void => void (stage.evil.person = { ...stage.evil.person, ...claims });
  const mfaAt = async (): Promise<string | null> => (await loginByBrowser(stage.server, 'acme')).session.mfaAt;

  it('counts nothing until an admin says so', async () => {
    const other = await startScriptedProvider();
    other.person = { sub: 'ben', email: 'ben@example.com', email_verified: true, amr: ['pwd', 'mfa'], auth_time: seconds() };
    const { trustMfa } = await connect(stage.server, other, 'untrusted');
    expect(trustMfa).to.equal(false);
    expect((await loginByBrowser(stage.server, 'untrusted')).session.mfaAt).to.equal(null);
    await other.stop();
  });

  it('counts from auth_time on, on record', async () => {
    const at = seconds() - 300;
    says({ amr: ['pwd', 'otp'], auth_time: at });
    const { session, call } = await loginByBrowser(stage.server, 'acme');
    expect(session.mfaAt).to.equal(new Date(at * 1000).toISOString());
    const admin = await stage.server.admin();
    const [event] = (await admin(api.audit.list, { query: { event: 'second-factor.proven', limit: 1 } })).items;
    expect(event?.details).to.deep.include({ session: session.id, by: 'provider' });
    const [account] = (await call(api.explanations.mine, {})).accounts;
    expect(account?.secondFactor).to.include('amr says pwd, otp');
  });

  for (const [what, claims] of [
    ['a text for a list', { amr: 'mfa' }],
    ['another type within', { amr: ['mfa', null] }],
    ['one factor alone', { amr: ['otp'] }],
    ['a time to come', { amr: ['mfa'], auth_time: 4_000_000_000 }],
    ['no time', { amr: ['mfa'], auth_time: undefined }],
    ['acr alone', { acr: 'urn:okta:loa:2fa:any', amr: undefined }],
  ] as const)
    it(`counts nothing with ${what}; the person comes in all the same`, async () => {
      says({ auth_time: seconds(), ...claims });
      expect(await mfaAt()).to.equal(null);
    });

  it('refuses a login whose time is no number', async () => {
    for (const time of ['1700000000', -1, [1_700_000_000], { seconds: 1 }]) {
      says({ amr: ['mfa'], auth_time: time });
      expect((await attempt(stage.server)).answer.get('error'), JSON.stringify(time)).to.equal('login.provider-failed');
    }
  });

  it('is as old as the token says, so that a grant for fifteen minutes does not hold by a factor of yesterday', async () => {
    const yesterday = seconds() - 86_400;
    says({ amr: ['mfa'], auth_time: yesterday });
    expect(await mfaAt()).to.equal(new Date(yesterday * 1000).toISOString());
  });

  it('is not taken from a token whose signature does not hold', async () => {
    says({ amr: ['mfa'], auth_time: seconds() });
    stage.evil.script = { sign: (claims) => unsigned(claims, { alg: 'ES256', kid: 'honest' }, 'A'.repeat(86)) };
    expect((await attempt(stage.server)).answer.get('error')).to.equal('login.provider-failed');
  });

  it('counts no more, in open sessions and in a login that is under way, once the provider is not trusted any more', async () => {
    says({ amr: ['mfa'], auth_time: seconds() });
    const open = await loginByBrowser(stage.server, 'acme');
    const underWay = await attempt(stage.server);
    await trust(false);
    expect((await open.call(api.sessions.current, {})).session.mfaAt).to.equal(null);
    expect((await exchange(stage.server, underWay.end.url, underWay.cli)).session.mfaAt).to.equal(null);
  });

  it('does not stand in for one’s own factor where a code of that is asked for', async () => {
    says({ amr: ['mfa'], auth_time: seconds() });
    const { call } = await loginByBrowser(stage.server, 'acme');
    expect((await call(api.secondFactors.list, {})).atProvider).to.equal('acme');
    const refused = await refusal(call(api.secondFactors.prove, { body: { code: '123456' } }));
    expect([refused.code, refused.detail]).to.satisfy(
      ([code, detail]: string[]) => code === 'second-factor.not-found' && detail?.includes('infra login --provider acme --fresh'),
    );
  });

  it('is asked for anew where the person wants that, also past the page where they choose', async () => {
    await connect(stage.server, stage.evil, 'second');
    const url = new URL(loginUrl(stage.server, newCliSide()));
    url.searchParams.set('fresh', 'true');
    const browser = newBrowser(stage.server);
    const page = await browser.get(url.href);
    const [, href = ''] = /href="([^"]*provider=acme[^"]*)"/.exec(page.body) ?? [];
    await browser.walk(new URL(href.replaceAll('&#38;', '&'), stage.server.url).href);
    const [asked] = stage.evil.seen.authorization;
    expect([asked?.get('prompt'), asked?.get('max_age')]).to.deep.equal(['login', '0']);
    stage.evil.honest();
    await attempt(stage.server);
    expect(stage.evil.seen.authorization[0]?.has('prompt')).to.equal(false);
  });
});
