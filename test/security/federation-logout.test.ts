/** A provider's word that its session is over is taken from that provider alone, about its own people, and about no later session (rows 11, 18). */
import { expect } from 'chai';
import { exportJWK, generateKeyPair } from 'jose';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { exchange, loginByBrowser, newBrowser } from '../support/browser.ts';
import { refusal } from '../support/refusal.ts';
import { sign, startScriptedProvider, unsigned, type ScriptedProvider } from '../support/scripted-provider.ts';
import { attempt, connect, federationStage, type FederationStage } from './federation-stage.ts';
import { logoutClaims, postLogout, signedLogout } from './logout-token.ts';

describe('security of federation: logout by the provider', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  let other: ScriptedProvider;
  before(async () => {
    stage = await federationStage();
    other = await startScriptedProvider();
    await connect(stage.server, other, 'other', { linkUsers: true });
  });
  after(async () => {
    await stage.stop();
    await other.stop();
  });
  beforeEach(() => {
    stage.evil.honest();
    other.honest();
  });

  /** Somebody who came in by the provider's session of this name. */
  async function inside(sid?: string, sub = 'ana'): Promise<Call> {
    stage.evil.person = { sub, email: `${sub}@example.com`, email_verified: true, ...(sid === undefined ? {} : { sid }) };
    return (await loginByBrowser(stage.server, 'acme')).call;
  }
  const isIn = async (call: Call): Promise<boolean> =>
    call(api.sessions.current, {}).then(
      () => true,
      () => false,
    );
  const post = async (token: string, provider = 'acme') => postLogout(stage.server, token, provider);
  const signed = async (claims: Readonly<Record<string, unknown>>) => signedLogout(stage.evil, claims);

  it('one session of the provider’s is over: that one is over here, with its audit, and no other', async () => {
    const [first, second, ben] = [await inside('first'), await inside('second'), await inside('first', 'ben')];
    const answer = await post(await signed({ sub: 'ana', sid: 'first' }));
    expect([answer.status, await answer.text(), answer.headers.get('cache-control')]).to.deep.equal([200, '', 'no-store']);
    expect([await isIn(first), await isIn(second), await isIn(ben)]).to.deep.equal([false, true, true]);
    const admin = await stage.server.admin();
    const [ended] = (await admin(api.audit.list, { query: { event: 'session.ended' } })).items;
    expect(ended?.details).to.deep.include({ reason: 'logged out at acme' });
    expect((await post(await signed({ sid: 'second' }))).status).to.equal(200);
    expect([await isIn(second), await isIn(ben)]).to.deep.equal([false, true]);
  });

  it('a person is logged out: all that they came in with there is over, whatever else they came in with goes on', async () => {
    const [one, two] = [await inside('one'), await inside()];
    const elsewhere = await loginByBrowser(stage.server, 'other').catch(() => undefined);
    expect((await post(await signed({ sub: 'ana' }))).status).to.equal(200);
    expect([await isIn(one), await isIn(two)]).to.deep.equal([false, false]);
    if (elsewhere !== undefined) expect(await isIn(elsewhere.call)).to.equal(true);
  });

  it('of sessions for which the provider named none of its own, any may be meant', async () => {
    const unnamed = await inside();
    expect((await post(await signed({ sub: 'ana', sid: 'unheard of' }))).status).to.equal(200);
    expect(await isIn(unnamed)).to.equal(false);
  });

  it('a login that is on its way from the provider to the CLI when the logout comes becomes no session', async () => {
    stage.evil.person = { sub: 'ana', email: 'ana@example.com', email_verified: true, sid: 'under way' };
    const [meant, other] = [await attempt(stage.server), await attempt(stage.server)];
    stage.evil.person = { ...stage.evil.person, sid: 'another' };
    const spared = await attempt(stage.server);
    expect((await post(await signed({ sub: 'ana', sid: 'under way' }))).status).to.equal(200);
    for (const { end, cli } of [meant, other]) expect((await refusal(exchange(stage.server, end.url, cli))).code).to.equal('token.invalid');
    expect((await exchange(stage.server, spared.end.url, spared.cli)).session.provider).to.equal('acme');
  });

  it('a logout that is shown again ends nothing that began later', async () => {
    const first = await inside('again');
    const earlier = Math.floor(Date.now() / 1000);
    const token = await signed({ sub: 'ana', iat: earlier });
    expect((await post(token)).status).to.equal(200);
    expect(await isIn(first)).to.equal(false);
    stage.evil.script = { claims: (claims) => ({ ...claims, iat: earlier + 1 }) };
    const later = await inside('again');
    expect((await post(token)).status).to.equal(200);
    expect(await isIn(later)).to.equal(true);
    expect((await post(await signed({ sub: 'ana', iat: earlier + 1 }))).status).to.equal(200);
    expect(await isIn(later)).to.equal(false);
  });

  it('nothing that does not hold ends anything, and all of it is answered alike', async () => {
    const ana = await inside('kept');
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const claims = (change: Readonly<Record<string, unknown>> = {}) => logoutClaims(stage.evil, { sub: 'ana', ...change });
    const now = Math.floor(Date.now() / 1000);
    const header = { alg: 'ES256', kid: 'honest', typ: 'logout+jwt' };
    const good = await signed({ sub: 'ana' });
    const [head = '', , signature = ''] = good.split('.');
    const tokens: Record<string, string> = {
      nothing: '',
      'no token': 'ana',
      'no signature': unsigned(claims(), { alg: 'none' }),
      'a signature left out': `${head}.${good.split('.')[1] ?? ''}.`,
      'the signature of another token': [head, Buffer.from(JSON.stringify(claims({ sub: 'ben' }))).toString('base64url'), signature].join(
        '.',
      ),
      'our secret as the key': await sign(claims(), Buffer.from(stage.evil.clientSecret), { ...header, alg: 'HS256' }),
      'the public key as a secret': await sign(claims(), Buffer.from(JSON.stringify(stage.evil.keys.publicJwk)), {
        ...header,
        alg: 'HS256',
      }),
      'a key of its own': await sign(claims(), privateKey, header),
      'a key that it brings along': await sign(claims(), privateKey, { ...header, jwk: await exportJWK(privateKey) }),
      'a key from elsewhere': await sign(claims(), privateKey, { ...header, jku: `${other.issuer}/jwks` }),
      'an extension that must be understood': await sign(claims(), stage.evil.keys.privateKey, { ...header, crit: ['exp'], exp: 1 }).catch(
        () => 'x',
      ),
      'another issuer': await signed({ sub: 'ana', iss: other.issuer }),
      'another client': await signed({ sub: 'ana', aud: 'another' }),
      'a time that is over': await signed({ sub: 'ana', iat: now - 900, exp: now - 600 }),
      'no end': await signed({ sub: 'ana', exp: undefined }),
      'no id': await signed({ sub: 'ana', jti: undefined }),
      'a nonce': await signed({ sub: 'ana', nonce: 'n' }),
      'no event': await signed({ sub: 'ana', events: undefined }),
      nobody: await signed({}),
      'the type of an access token': await sign(claims(), stage.evil.keys.privateKey, { ...header, typ: 'at+jwt' }),
      'an ID token': await sign(
        { iss: stage.evil.issuer, aud: 'infra', sub: 'ana', iat: now, exp: now + 300, jti: 'x' },
        stage.evil.keys.privateKey,
        { alg: 'ES256', kid: 'honest' },
      ),
    };
    const admin = await stage.server.admin();
    for (const [what, token] of Object.entries(tokens)) {
      const answer = await post(token);
      expect([answer.status, 400], what).to.deep.equal([answer.status === 429 ? 429 : 400, 400]);
      expect(await answer.text(), what)
        .to.not.include('ES256')
        .and.not.include('iss');
      expect(await isIn(ana), what).to.equal(true);
    }
    expect((await post(await signed({ sub: 'ana' }), 'other')).status).to.be.oneOf([400, 429]);
    expect((await post(good, 'nowhere')).status).to.be.oneOf([400, 429]);
    expect(await isIn(ana)).to.equal(true);
    const refusals = (await admin(api.audit.list, { query: { event: 'provider.logout-refused', limit: 100 } })).items;
    expect(refusals.length).to.be.within(5, 12);
    expect(JSON.stringify(refusals)).to.not.include(signature);
    // What held before the flood holds after it: a limit on failures is none on what is right.
    expect((await post(good)).status).to.equal(200);
    expect(await isIn(ana)).to.equal(false);
  });

  it('it is taken as a form with one token, by POST alone', async () => {
    const ana = await inside('form');
    const token = await signed({ sub: 'ana' });
    const path = '/login/provider-logout/acme';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const ask = async (init: object, query = '') => (await stage.server.request(path + query, init)).status;
    const body = new URLSearchParams({ logout_token: token }).toString();
    expect(await ask({ method: 'GET' }, `?logout_token=${token}`)).to.equal(404);
    expect(await ask({ method: 'POST', headers: form }, `?logout_token=${token}`)).to.equal(400);
    expect(await ask({ method: 'POST', headers: { 'content-type': 'text/plain' }, body })).to.equal(400);
    expect(
      await ask({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ logout_token: token }) }),
    ).to.equal(400);
    expect(await ask({ method: 'POST', headers: form, body: `${body}&${body}` })).to.equal(400);
    expect(await ask({ method: 'POST', headers: form, body: `logout_token=${'x'.repeat(70_000)}` })).to.equal(413);
    expect(await isIn(ana)).to.equal(true);
  });

  it('a provider that is away can tell nothing, is told to try again, and nothing ends', async () => {
    const ana = await inside('away');
    const token = await signed({ sub: 'ana' });
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    // A key that is not known yet has to be asked for.
    stage.evil.script = {
      answer: ({ url }, response) => {
        if (url === '/jwks') response.writeHead(503).end();
        return url === '/jwks';
      },
    };
    const unknown = await sign(logoutClaims(stage.evil, { sub: 'ana' }), privateKey, { alg: 'ES256', kid: 'new' });
    expect((await post(unknown)).status).to.be.oneOf([400, 429, 502]);
    expect(await isIn(ana)).to.equal(true);
    stage.evil.script = {};
    expect((await post(token)).status).to.equal(200);
  });

  it('a closed provider’s word counts no more', async () => {
    const ana = await stage.server.admin();
    const params = { id: stage.acme.id };
    await ana(api.identityProviders.disable, { params });
    expect((await post(await signed({ sub: 'ana' }))).status).to.be.oneOf([400, 429]);
    await ana(api.identityProviders.enable, { params });
  });

  it('the link to the provider’s logout works once, names us and the person’s login, and nothing of it is on our pages', async () => {
    stage.evil.script = { discovery: (document) => ({ ...document, end_session_endpoint: `${stage.evil.issuer}/logout` }) };
    const admin = await stage.server.admin();
    // Asked for anew, or what was read a minute ago would count.
    await admin(api.identityProviders.test, { params: { id: stage.acme.id } });
    const ana = await inside('mine');
    const left = await ana(api.sessions.logoutAtProvider, {});
    expect(await isIn(ana)).to.equal(false);
    expect(left.provider).to.equal('acme');
    expect(left.url).to.match(new RegExp(`^${stage.server.url}/login/leave\\?token=infra_leave_`));
    const browser = newBrowser(stage.server);
    const sent = await browser.get(left.url ?? '');
    const to = new URL(sent.headers.get('location') ?? '');
    expect([sent.status, to.origin + to.pathname]).to.deep.equal([303, `${stage.evil.issuer}/logout`]);
    expect(to.searchParams.get('post_logout_redirect_uri')).to.equal(`${stage.server.url}/login/left`);
    expect(to.searchParams.get('id_token_hint')?.split('.')).to.have.length(3);
    const again = await browser.get(left.url ?? '');
    expect([again.status, again.headers.get('location')]).to.deep.equal([400, null]);
    const page = await browser.get(`${stage.server.url}/login/left?state=<script>`);
    expect(page.status).to.equal(200);
    expect(page.body).to.not.include('script');
  });

  it('a logout address that is not https is none', async () => {
    stage.evil.script = { discovery: (document) => ({ ...document, end_session_endpoint: 'http://elsewhere.example.com/logout' }) };
    const admin = await stage.server.admin();
    await admin(api.identityProviders.test, { params: { id: stage.acme.id } });
    const ana = await inside('mine');
    expect(await ana(api.sessions.logoutAtProvider, {})).to.deep.include({ provider: 'acme', url: null });
  });
});
