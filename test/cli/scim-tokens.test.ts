/** `infra scim-tokens`: made once, shown once, and gone. */
import { expect } from 'chai';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { scimClient } from '../support/scim.ts';
import { adminEmail, adminPassword } from '../support/server.ts';
import { federationStage, type FederationStage } from '../security/federation-stage.ts';

describe('infra scim-tokens', function () {
  this.timeout(60_000);
  let stage: FederationStage;
  let admin: Terminal;
  before(async () => {
    stage = await federationStage();
    admin = newTerminal();
    await loginWithPassword(admin, stage.server, { email: adminEmail, password: adminPassword });
  });
  after(async () => stage.stop());

  const listed = async (): Promise<{ id: string; lastUsedAt: string | null }[]> =>
    JSON.parse((await admin.infra(['scim-tokens', 'list', 'acme', '--format', 'json'])).stdout) as {
      id: string;
      lastUsedAt: string | null;
    }[];

  it('adds one that opens SCIM at the address it names, says when it was used, and removes it', async () => {
    const added = await admin.infra(['scim-tokens', 'add', 'acme', '--expires-in', '90d', '--format', 'json']);
    expect(added.code, added.stderr).to.equal(0);
    const { scimToken, secret, baseUrl } = JSON.parse(added.stdout) as { scimToken: { id: string }; secret: string; baseUrl: string };
    expect(baseUrl).to.equal(`${stage.server.url}/scim/v2/acme`);
    expect((await scimClient(stage.server, 'acme', secret).get('/Users')).status).to.equal(200);
    const [token] = await listed();
    expect([token?.id, token?.lastUsedAt === null]).to.deep.equal([scimToken.id, false]);
    expect((await admin.infra(['scim-tokens', 'list', 'acme'])).stdout).to.not.include(secret);
    expect((await admin.infra(['scim-tokens', 'remove', 'acme', scimToken.id])).code).to.equal(0);
    expect(await listed()).to.deep.equal([]);
    expect((await scimClient(stage.server, 'acme', secret).get('/Users')).status).to.equal(401);
  });

  for (const [mistake, args, code, words] of [
    ['a provider that is not there', ['add', 'okta'], 5, 'there is no identity provider "okta"'],
    ['a time that is none', ['add', 'acme', '--expires-in', 'soon'], 2, '--expires-in takes a duration'],
    ['an id that is none', ['remove', 'acme', 'x'], 2, 'is no SCIM token id'],
    ['a token that is not there', ['remove', 'acme', `sct_${'0'.repeat(26)}`], 5, 'there is no such SCIM token'],
  ] as const)
    it(`exits ${code} for ${mistake}`, async () => {
      const result = await admin.infra(['scim-tokens', ...args]);
      expect(result.code, result.stderr).to.equal(code);
      expect(result.stderr.toLowerCase()).to.include(words.toLowerCase());
    });
});
