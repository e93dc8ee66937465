/** Trying a provider with a real login: what an admin learns of it, step by step, and that nothing comes of it. */
import { expect } from 'chai';
import { api } from '../../../shared/api/index.ts';
import type { IdentityProvider } from '../../../shared/api/identity-providers.ts';
import type { LoginTestResult } from '../../../shared/api/provider-login-tests.ts';
import type { Call } from '../../../shared/client.ts';
import { connect } from '../../security/federation-stage.ts';
import { loginByBrowser, newBrowser } from '../../support/browser.ts';
import { goOnFrom, tryByLogin } from '../../support/login-test.ts';
import { refusal } from '../../support/refusal.ts';
import { startScriptedProvider, unsigned, type Script, type ScriptedProvider } from '../../support/scripted-provider.ts';
import { startServer, type RunningServer } from '../../support/server.ts';

describe('a login that tries a provider', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let idp: ScriptedProvider;
  let admin: Call;
  let acme: IdentityProvider;
  before(async () => {
    server = await startServer();
    idp = await startScriptedProvider();
    admin = await server.admin();
    acme = await connect(server, idp, 'acme', { groupsClaim: 'groups' });
  });
  beforeEach(() => idp.honest());
  after(async () => {
    await server.stop();
    await idp.stop();
  });

  const tried = async (): Promise<{ result: LoginTestResult; page: string }> => {
    const { result, end } = await tryByLogin(server, admin, acme.id);
    return { result, page: end.body };
  };
  const step = ({ steps }: LoginTestResult, name: string) => steps.find((each) => each.step === name);
  const set = async (body: object) => admin(api.identityProviders.update, { params: { id: acme.id }, body });

  it('tells who it would be, with which groups by which names here, and what the token said, without the protocol’s own', async () => {
    idp.person = { ...idp.person, sub: 'nina', email: 'nina@example.com', groups: ['platform', 'system:masters'], name: 'Nina' };
    await admin(api.groups.create, { body: { name: 'acme/platform' } });
    const { result, page } = await tried();
    expect(result.refusal).to.equal(null);
    expect(result.steps.map(({ step, outcome }) => `${step} ${outcome}`)).to.deep.equal([
      'sign-in ok',
      'person ok',
      'account ok',
      'groups ok',
      'second-factor ok',
      'refresh-token unknown',
    ]);
    expect(step(result, 'account')?.detail).to.equal('A new user nina@example.com would be added.');
    expect(step(result, 'groups')?.detail).to.include('1 groups').and.include('1 more are no names here');
    expect(result.groups).to.deep.equal([{ there: 'platform', here: 'acme/platform', exists: true }]);
    expect(result.claims).to.include({ sub: 'nina', name: 'Nina' }).and.not.have.any.keys('nonce', 'at_hash', 'jti');
    expect(page).to.include('The test went well').and.include('Nobody was logged in to infra').and.not.include('nina');
    const found = await admin(api.users.list, { query: { email: 'nina@example.com' } });
    expect(found.items).to.deep.equal([]);
  });

  it('says of somebody who came before whom the account belongs to, and that a refresh token came', async () => {
    await loginByBrowser(server, 'acme');
    idp.script = { tokens: (answer) => ({ ...answer, refresh_token: 'dropped' }) };
    const { result } = await tried();
    expect(step(result, 'account')?.detail).to.equal('It would be ana@example.com, who came with this account before.');
    expect(step(result, 'refresh-token')?.outcome).to.equal('ok');
    expect(step(result, 'groups')?.detail).to.include('has no claim groups').and.include('mapper of type Group Membership');
    // Nobody can be asked about by a token of a test.
    expect((await admin(api.identityProviders.syncState, { params: { id: acme.id } })).accounts).to.equal(0);
  });

  const refusals: readonly (readonly [string, Record<string, unknown>, string, string])[] = [
    ['person', { email_verified: 'true' }, 'login.email-unverified', 'not the text "true"'],
    ['person', { email: 'x@elsewhere.example' }, 'login.email-not-allowed', '--email-domains'],
    ['account', { sub: 'second', email: 'admin@example.com' }, 'login.account-conflict', '--other-users link'],
  ];
  for (const [where, person, code, remedy] of refusals)
    it(`ends at ${where} with ${code} and what to do about it, on the page too; claims are shown all the same`, async () => {
      idp.person = { ...idp.person, ...person };
      const { result, page } = await tried();
      expect(result.refusal).to.equal(code);
      expect(step(result, where)).to.include({ outcome: 'failed' });
      expect(step(result, where)?.detail).to.include(remedy);
      expect(result.steps.at(-1)?.outcome).to.equal('unknown');
      expect(result.claims).to.include({ sub: idp.person['sub'] });
      expect(page).to.include('What to do:').and.include('The test came to a refusal');
    });

  it('ends with who is unknown, where people do not add themselves', async () => {
    await set({ createUsers: false });
    idp.person = { ...idp.person, sub: 'nobody', email: 'nobody@example.com' };
    const { result } = await tried();
    expect([result.refusal, step(result, 'account')?.detail]).to.satisfy(
      ([code, detail]: string[]) => code === 'login.user-unknown' && detail?.includes('--unknown-people create'),
    );
    await set({ createUsers: true });
  });

  const faults: readonly (readonly [string, Script, string])[] = [
    ['another nonce', { claims: (claims) => ({ ...claims, nonce: 'another' }) }, '(nonce)'],
    ['another audience', { claims: (claims) => ({ ...claims, aud: 'another' }) }, '--client-id'],
    ['a token that is over', { claims: (claims) => ({ ...claims, exp: 1_700_000_000 }) }, 'NTP'],
    [
      'a signature that does not hold',
      { sign: (claims) => unsigned(claims, { alg: 'ES256', kid: 'honest' }, 'A'.repeat(86)) },
      'signature',
    ],
    ['an unknown key', { jwks: () => ({ keys: [] }) }, 'published keys'],
    ['a refusal of our client', { answer: refuseToken('invalid_client') }, 'client id with our secret'],
    ['a refusal of the code', { answer: refuseToken('invalid_grant') }, 'redirect URI'],
    ['a refusal at the provider', { returned: (query) => denied(query, 'access_denied') }, 'assigned to the application'],
    ['an error at the provider', { returned: (query) => denied(query, 'unauthorized_client') }, 'authorization code flow'],
    ['an error of its own', { returned: (query) => denied(query, 'CANARY-error') }, 'the log of infra-server'],
  ];
  for (const [what, script, words] of faults)
    it(`ends at the sign-in for ${what}, in words of ours with the remedy`, async () => {
      idp.script = script;
      const { result, page } = await tried();
      const failed = step(result, 'sign-in');
      expect(failed?.outcome).to.equal('failed');
      expect(failed?.detail).to.include(words).and.not.include('CANARY');
      expect(result.claims).to.equal(null);
      expect(page).to.include('What to do:').and.not.include('CANARY');
    });

  it('says that a provider cannot be reached', async () => {
    const away = await startScriptedProvider();
    const gone = await connect(server, away, 'gone');
    away.script = {
      answer: (request, response) => {
        if (request.url === '/token') response.destroy();
        return request.url === '/token';
      },
    };
    const { result, end } = await tryByLogin(server, admin, gone.id);
    await away.stop();
    expect(result.refusal).to.equal('provider.unreachable');
    expect(step(result, 'sign-in')?.detail).to.include('the connection broke').and.include('Let this server reach gone');
    expect(end.body).to.include('cannot be reached').and.include('What to do:');
  });

  it('tries a provider that is closed, before it is opened to people', async () => {
    await admin(api.identityProviders.disable, { params: { id: acme.id } });
    const { result } = await tried();
    expect(result.refusal).to.equal(null);
    expect(step(result, 'account')?.detail).to.include('infra providers enable acme');
    await admin(api.identityProviders.enable, { params: { id: acme.id } });
  });

  it('waits, is under way, and is over', async () => {
    const begun = await admin(api.providerLoginTests.begin, { params: { id: acme.id } });
    const params = { id: acme.id, test: begun.id };
    expect(await admin(api.providerLoginTests.get, { params })).to.include({ state: 'waiting', result: null });
    const browser = newBrowser(server);
    await browser.get(await goOnFrom(browser, begun.url));
    expect((await admin(api.providerLoginTests.get, { params })).state).to.equal('under-way');
    expect((await refusal(admin(api.providerLoginTests.get, { params: { ...params, id: begun.id.replace('plt', 'idp') } }))).code).to.equal(
      'provider.test-not-found',
    );
  });
});

function refuseToken(error: string): NonNullable<Script['answer']> {
  return (request, response) => {
    if (request.url !== '/token') return false;
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error, error_description: 'CANARY' }));
    return true;
  };
}

function denied(query: URLSearchParams, error: string): void {
  query.delete('code');
  query.set('error', error);
  query.set('error_description', 'CANARY');
}
