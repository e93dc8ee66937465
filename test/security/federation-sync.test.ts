/** What a provider, or whoever plays it, may answer when it is asked anew about a login: rows 11 and 18. */
import { expect } from 'chai';
import { generateKeyPair } from 'jose';
import { api } from '../../shared/api/index.ts';
import { ApiError } from '../../shared/client.ts';
import { sign, unsigned, type Script } from '../support/scripted-provider.ts';
import { newScimClient, provision, scimGroup } from '../support/scim.ts';
import { askAnew, federationStage, loginWithRefresh, type FederationStage } from './federation-stage.ts';

describe('security of federation: between logins', function () {
  this.timeout(60_000);
  let stage: FederationStage;

  before(async () => void (stage = await federationStage({ groupsClaim: 'groups' })));
  after(async () => stage.stop());
  afterEach(() => stage.evil.honest());

  const failing = async (): Promise<number> =>
    (await (await stage.server.admin())(api.identityProviders.syncState, { params: { id: stage.acme.id } })).failing;

  const refreshed: Script['refreshed'] = (claims) => ({ ...claims, groups: ['admins'] });
  const foreignKey = generateKeyPair('ES256');
  const lies: Readonly<Record<string, Script>> = {
    'without a signature': { refreshed, sign: (claims) => unsigned(claims, { alg: 'none' }) },
    'signed by a key that is not the provider’s': {
      refreshed,
      sign: async (claims) => sign(claims, (await foreignKey).privateKey, { alg: 'ES256', kid: 'honest' }),
    },
    'signed with the client secret': {
      refreshed,
      sign: async (claims) => sign(claims, Buffer.from(stage.evil.clientSecret), { alg: 'HS256' }),
    },
    'of another issuer': { refreshed: (claims) => ({ ...claims, groups: ['admins'], iss: 'https://login.example.com' }) },
    'for another client': { refreshed: (claims) => ({ ...claims, groups: ['admins'], aud: 'somebody' }) },
    'that is over': { refreshed: (claims) => ({ ...claims, groups: ['admins'], exp: Math.floor(Date.now() / 1000) - 3600 }) },
    'about somebody else': { refreshed: (claims) => ({ ...claims, groups: ['admins'], sub: 'somebody else' }) },
  };
  for (const [what, script] of Object.entries(lies))
    it(`row 18: an ID token ${what} gives nothing and ends nobody`, async () => {
      const { call } = await loginWithRefresh(stage);
      stage.evil.script = script;
      await askAnew(stage);
      const { groups } = await call(api.sessions.current, {});
      expect(groups).to.deep.equal([]);
      expect(await failing()).to.equal(1);
      await call(api.sessions.logout, {});
    });

  for (const status of [401, 403, 404, 429, 500, 503])
    it(`an answer ${status} ends nobody`, async () => {
      const { call } = await loginWithRefresh(stage);
      stage.evil.script = {
        answer: (request, response) => {
          if (request.url !== '/token') return false;
          stage.evil.seen.token.push(new URLSearchParams());
          response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":"temporarily_unavailable"}');
          return true;
        },
      };
      await askAnew(stage);
      expect((await call(api.sessions.current, {})).identity.name).to.equal('ana@example.com');
      await call(api.sessions.logout, {});
    });

  /** By which token the provider was asked last. */
  const lastUsed = (): string | null => stage.evil.seen.token.at(-1)?.get('refresh_token') ?? null;

  it('a token that takes the place of the one that was used is kept, though nothing else of the answer holds', async () => {
    const { call } = await loginWithRefresh(stage);
    stage.evil.script = {
      refreshed: (claims) => claims,
      sign: (claims) => unsigned(claims, { alg: 'none' }),
      tokens: (answer) => ({ ...answer, refresh_token: 'the second' }),
    };
    await askAnew(stage);
    stage.evil.script = { refreshed: (claims) => claims };
    await askAnew(stage);
    expect(lastUsed()).to.equal('the second');
    expect(await failing()).to.equal(0);
    await call(api.sessions.logout, {});
  });

  it('and so it is when the provider’s settings are changed while it is being asked, of which nothing is taken then', async () => {
    const admin = await stage.server.admin();
    const { call } = await loginWithRefresh(stage);
    const change = async (createUsers: boolean): Promise<unknown> =>
      admin(api.identityProviders.update, { params: { id: stage.acme.id }, body: { createUsers } });
    stage.evil.script = {
      refreshed: async (claims) => {
        await change(false);
        return { ...claims, groups: ['admins'] };
      },
      tokens: (answer) => ({ ...answer, refresh_token: 'the third' }),
    };
    await askAnew(stage);
    expect((await call(api.sessions.current, {})).groups).to.deep.equal([]);
    stage.evil.script = { refreshed: (claims) => claims };
    await askAnew(stage);
    expect(lastUsed()).to.equal('the third');
    await change(true);
    await call(api.sessions.logout, {});
  });

  it('row 11: "invalid_grant" ends session and access at once, and a later login begins anew', async () => {
    const { call } = await loginWithRefresh(stage);
    await askAnew(stage);
    const refused: unknown = await call(api.sessions.current, {}).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ApiError).with.nested.property('problem.code', 'session.expired');
    const again = await loginWithRefresh(stage);
    expect((await again.call(api.sessions.current, {})).identity.name).to.equal('ana@example.com');
  });

  it('the end of a login takes no group that the directory speaks for: the next login could not bring it back', async () => {
    const scim = await newScimClient(stage.server, stage.acme);
    const id = await provision(scim, 'ana@example.com', { externalId: 'ana' });
    expect((await scim.post('/Groups', scimGroup('crew', [id]))).status).to.equal(201);
    stage.evil.person = { ...stage.evil.person, groups: ['of-logins'] };
    const { call } = await loginWithRefresh(stage);
    await askAnew(stage);
    expect(await call(api.sessions.current, {}).catch(() => 'over')).to.equal('over');
    stage.evil.person = { ...stage.evil.person, groups: [] };
    const again = await loginWithRefresh(stage);
    expect((await again.call(api.sessions.current, {})).groups.map(({ name }) => name)).to.deep.equal(['acme/crew']);
  });
});
