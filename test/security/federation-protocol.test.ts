/** Rows 15 and 18: a provider, or somebody in between, answers a login with what does not hold. */
import { generateKeyPair } from 'jose';
import { expect } from 'chai';
import type { JWTPayload } from 'jose';
import { api } from '../../shared/api/index.ts';
import { exchange } from '../support/browser.ts';
import { sign, unsigned, type Script } from '../support/scripted-provider.ts';
import { attempt, expectRefusal, federationStage, untilCallback, type FederationStage } from './federation-stage.ts';

describe('what a provider answers to a login', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  before(async () => (stage = await federationStage()));
  beforeEach(() => stage.evil.honest());
  after(async () => stage.stop());

  it('holds when it is honest, so that what follows is refused for its own reason', async () => {
    const { end, cli, answer } = await attempt(stage.server);
    expect(answer.get('state')).to.equal(cli.state);
    expect((await exchange(stage.server, end.url, cli)).session.identity.name).to.equal('ana@example.com');
  });

  it('row 15: is asked for with PKCE (S256), state, nonce and the exact redirect', async () => {
    await attempt(stage.server);
    await attempt(stage.server);
    const [first, second] = stage.evil.seen.authorization;
    for (const asked of [first, second]) {
      expect(Object.fromEntries(asked ?? [])).to.include({
        response_type: 'code',
        client_id: 'infra',
        redirect_uri: `${stage.server.url}/login/callback/acme`,
        code_challenge_method: 'S256',
      });
      for (const name of ['state', 'nonce', 'code_challenge']) expect(asked?.get(name)).to.match(/^[\w-]{43}$/);
    }
    for (const name of ['state', 'nonce', 'code_challenge']) expect(first?.get(name)).to.not.equal(second?.get(name));
  });

  const now = (): number => Math.floor(Date.now() / 1000);
  const honestKey = () => stage.evil.keys.privateKey;
  const es256 = { alg: 'ES256', kid: 'honest' };
  const claimed = (change: JWTPayload): Script => ({ claims: (claims) => ({ ...claims, ...change }) });
  const scripts: Readonly<Record<string, () => Script>> = {
    'row 15: a nonce of another login': () => claimed({ nonce: 'A'.repeat(43) }),
    'row 15: no nonce': () => ({ claims: ({ nonce: _, ...claims }) => claims }),
    'row 15: an ID token of another issuer (mix-up)': () => claimed({ iss: 'https://other.example.com' }),
    'row 15: a response in another issuer’s name (RFC 9207)': () => ({
      returned: (query) => query.set('iss', 'https://other.example.com'),
    }),
    'row 15: a response that leaves its issuer out, though it promised it': () => ({ returned: (query) => query.delete('iss') }),
    'row 15: a code of somebody else’s login (injection)': () => ({ returned: (query) => query.set('code', 'stolen') }),
    'row 15: two codes': () => ({ returned: (query) => query.append('code', 'another') }),
    'row 15: neither a code nor an error': () => ({ returned: (query) => query.delete('code') }),
    'row 15: an ID token in the front channel': () => ({ returned: (query) => query.set('id_token', 'a.b.c') }),
    'row 18: the wrong audience': () => claimed({ aud: 'another-client' }),
    'row 18: an audience of several, authorized for another party': () => claimed({ aud: ['infra', 'other'], azp: 'other' }),
    'row 18: an audience of several, authorized for nobody': () => claimed({ aud: ['infra', 'other'] }),
    'row 18: expired': () => claimed({ exp: now() - 120 }),
    'row 18: not valid yet': () => claimed({ nbf: now() + 120 }),
    'row 18: no end': () => ({ claims: ({ exp: _, ...claims }) => claims }),
    'row 18: no subject': () => ({ claims: ({ sub: _, ...claims }) => claims }),
    'row 18: no ID token': () => ({ tokens: ({ id_token: _, ...answer }) => answer }),
    'row 18: alg none': () => ({ sign: (claims) => unsigned(claims, { alg: 'none' }) }),
    'row 18: alg None, with a signature': () => ({ sign: (claims) => unsigned(claims, { alg: 'None', kid: 'honest' }, 'AAAA') }),
    'row 18: signed with our own client secret (HS256)': () => ({
      sign: async (claims) => sign(claims, new TextEncoder().encode(stage.evil.clientSecret), { alg: 'HS256', kid: 'honest' }),
    }),
    'row 18: signed with the public key as a secret (HS256)': () => ({
      sign: async (claims) =>
        sign(claims, new TextEncoder().encode(JSON.stringify(stage.evil.keys.publicJwk)), { alg: 'HS256', kid: 'honest' }),
    }),
    'row 18: a signature of nobody’s': () => ({ sign: (claims) => unsigned(claims, es256, 'A'.repeat(86)) }),
    'row 18: a key that the provider does not have': () => ({
      sign: async (claims) => sign(claims, (await generateKeyPair('ES256')).privateKey, es256),
    }),
    'row 18: a key id that is a path': () => ({ sign: async (claims) => sign(claims, honestKey(), { alg: 'ES256', kid: '../../jwks' }) }),
    'row 18: a key of the token’s own choice (jwk, jku)': () => ({
      sign: async (claims) => {
        const own = await generateKeyPair('ES256', { extractable: true });
        const jwk = { ...stage.evil.keys.publicJwk, kid: 'own' };
        return sign(claims, own.privateKey, { alg: 'ES256', kid: 'own', jwk, jku: `${stage.evil.issuer}/other-keys` });
      },
    }),
    'row 18: a critical header that nobody knows': () => ({
      sign: (claims) => unsigned(claims, { ...es256, crit: ['b64x'], b64x: true }, 'A'.repeat(86)),
    }),
    'row 18: claims changed after signing': () => ({
      sign: async (claims) => {
        const [header, , signature] = (await sign(claims, honestKey(), es256)).split('.');
        const other = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
        return `${header ?? ''}.${other}.${signature ?? ''}`;
      },
    }),
  };
  afterEach('row 18: no address but those of the discovery document is ever asked', () => {
    expect(stage.evil.seen.paths).to.not.include('/other-keys');
  });
  for (const [what, script] of Object.entries(scripts)) {
    it(`${what} is refused`, async () => {
      stage.evil.script = script();
      expectRefusal(await attempt(stage.server), 'login.provider-failed');
    });
  }

  it('row 15: says nothing of what the provider wrote, to the person or in the audit', async () => {
    stage.evil.script = {
      returned: (query) => {
        query.delete('code');
        query.set('error', 'server_error');
        query.set('error_description', 'CANARY from upstream');
      },
    };
    const { end } = await attempt(stage.server);
    const admin = await stage.server.admin();
    const { items } = await admin(api.audit.list, { query: { event: 'login.refused' } });
    expect(items).to.not.have.length(0);
    expect(end.url + JSON.stringify(items)).to.not.contain('CANARY');
    expect(stage.server.program().stderr() + stage.server.program().stdout()).to.not.contain('CANARY');
  });

  it('row 15: access_denied is the person’s no, in words', async () => {
    stage.evil.script = {
      returned: (query) => {
        query.delete('code');
        query.set('error', 'access_denied');
      },
    };
    expectRefusal(await attempt(stage.server), 'login.denied');
  });

  it('row 15: an answer is taken once', async () => {
    const { browser, callback } = await untilCallback(stage.server);
    const cookies = new Map(browser.cookies.get(stage.server.url));
    expect((await browser.get(callback)).headers.get('location')).to.match(/^http:\/\/127\.0\.0\.1:\d+\/callback\?code=/);
    browser.cookies.set(stage.server.url, cookies);
    const again = await browser.get(callback);
    expect(again.status).to.equal(400);
    expect(again.headers.get('location')).to.equal(null);
  });
});
