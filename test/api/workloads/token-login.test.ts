/** A job of a CI or a service account logs in with the token it has: whose tokens are taken, for how long, and how it ends. */
import { expect } from 'chai';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createKeyPair } from '../../../cli/key-pair.ts';
import { createCertificateAuthority } from '../../../scripts/kubernetes/certificates.ts';
import { api } from '../../../shared/api/index.ts';
import type { Call } from '../../../shared/client.ts';
import { githubClaims, gitlabClaims, startTokenIssuer, type TokenIssuer } from '../../support/doubles/token-issuer.ts';
import { refusal } from '../../support/refusal.ts';
import { startServer, type RunningServer } from '../../support/server.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { forgetAttempts, loginWithToken, newWorkload, trust } from '../../support/trusted-workload.ts';
import { waitFor } from '../../support/wait-for.ts';

const github = 'https://token.actions.githubusercontent.com';

describe('the login of a workload', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let issuer: TokenIssuer;
  before(async () => {
    server = await startServer({ settings: { 'session-lifetime': '2h' } });
    admin = await server.admin();
    issuer = await startTokenIssuer();
  });
  after(async () => {
    await server.stop();
    await issuer.stop();
  });
  let names = 0;
  const workload = async (name = `job-${(names += 1)}`) => newWorkload(server, name);
  const secondsOf = ({ createdAt, expiresAt }: { createdAt: string; expiresAt: string }): number =>
    (Date.parse(expiresAt) - Date.parse(createdAt)) / 1000;

  it('is by a token of GitHub Actions, whose keys were given, for an hour, and says in the audit which run it was', async () => {
    const deploy = await workload('deploy');
    const rule = await trust(server, deploy, {
      ...{ issuer: github, jwks: JSON.stringify(issuer.jwks()), claims: { repository: 'octo-org/octo-repo', ref: 'refs/heads/main' } },
    });
    expect(rule).to.deep.include({ audience: server.url, keys: 'given', sessionSeconds: 3600, reusable: false, lastUsedAt: null });
    const token = await issuer.token(githubClaims(github, server.url));
    const opened = await loginWithToken(server, token);
    expect(opened.session).to.deep.include({ method: 'workload-token', trustRuleId: rule.id, provider: null });
    expect(secondsOf(opened.session)).to.equal(3600);
    const me = await server.client(opened.secret)(api.sessions.current, {});
    expect(me.identity).to.deep.equal({ id: deploy.id, kind: 'workload', name: 'deploy' });
    const { items } = await admin(api.audit.list, { query: { event: 'login.succeeded', actor: deploy.id } });
    const { details } = items[0] as Extract<(typeof items)[number], { event: 'login.succeeded' }>;
    expect(details).to.deep.include({ session: opened.session.id, method: 'workload-token', trustRule: rule.id });
    expect(details.token).to.deep.include({ issuer: github, subject: 'repo:octo-org/octo-repo:ref:refs/heads/main' });
    expect(details.token?.claims).to.include({ run_id: '30433642', repository: 'octo-org/octo-repo', ref: 'refs/heads/main' });
    expect(details.token?.claims).to.not.have.any.keys('runner_environment', 'workflow');
    expect((await admin(api.trustRules.get, { params: { id: rule.id } })).lastUsedAt).to.not.equal(null);
    expect(issuer.asked).to.deep.equal([]);
  });

  it('is by a token of GitLab, whose keys come by discovery; a key that was rotated in counts at once, the old one no more', async () => {
    const claims = { project_path: 'my-group/*', ref_protected: 'true' };
    await trust(server, await workload(), { issuer: issuer.issuer, claims, reusable: true });
    const old = await issuer.token(gitlabClaims(issuer.issuer, server.url));
    expect((await loginWithToken(server, old)).session.method).to.equal('workload-token');
    await issuer.rotate();
    const fresh = await issuer.token(gitlabClaims(issuer.issuer, server.url));
    const asked = issuer.asked.length;
    // The keys were asked for a moment ago, and are asked for again after three seconds at the earliest.
    await waitFor(async () => loginWithToken(server, fresh), { within: 10, what: 'the new key to count' });
    expect(issuer.asked.length).to.equal(asked + 2);
    forgetAttempts(server);
    expect((await refusal(loginWithToken(server, old))).code).to.equal('workload-token.not-trusted');
  });

  it('ends when the rule says, never later than session.lifetime', async () => {
    for (const [sessionSeconds, expected] of [
      [600, 600],
      [86_400, 7200],
    ] as const) {
      const own = await startTokenIssuer();
      await trust(server, await workload(), { issuer: own.issuer, claims: { project_id: '20' }, sessionSeconds });
      expect(secondsOf((await loginWithToken(server, await own.token(gitlabClaims(own.issuer, server.url)))).session)).to.equal(expected);
      await own.stop();
    }
  });

  it('ends, with its leases, when the rule is removed, and that of another rule does not', async () => {
    const robot = await workload();
    const { destination } = await admin(api.destinations.create, { body: { name: 'prod' } });
    await admin(api.grants.create, { body: { subject: `workload:${robot.name}`, role: 'view', resource: 'prod' } });
    const jwks = JSON.stringify(issuer.jwks());
    const [one, other] = [
      await trust(server, robot, { issuer: `${github}/one`, jwks, claims: { repository_id: '74' } }),
      await trust(server, robot, { issuer: `${github}/other`, jwks, claims: { repository_id: '74' } }),
    ];
    const first = await loginWithToken(server, await issuer.token(githubClaims(one.issuer, server.url)));
    const second = await loginWithToken(server, await issuer.token(githubClaims(other.issuer, server.url)));
    const csr = createKeyPair().certificateRequest;
    await server.client(first.secret)(api.leases.create, { body: { destination: destination.id, csr } });
    const { sessionsEnded, leasesRevoked, change } = await admin(api.trustRules.remove, { params: { id: one.id } });
    expect({ sessionsEnded, leasesRevoked }).to.deep.equal({ sessionsEnded: 1, leasesRevoked: 1 });
    expect(change?.destinations).to.deep.equal([destination.id]);
    expect((await refusal(server.client(first.secret)(api.sessions.current, {}))).code).to.equal('session.expired');
    expect((await server.client(second.secret)(api.sessions.current, {})).session.trustRuleId).to.equal(other.id);
    expect((await refusal(loginWithToken(server, await issuer.token(githubClaims(one.issuer, server.url))))).code).to.equal(
      'workload-token.not-trusted',
    );
  });

  it('ends with the workload, whose rules go with it', async () => {
    const robot = await workload();
    const rule = await trust(server, robot, {
      issuer: `${github}/gone`,
      jwks: JSON.stringify(issuer.jwks()),
      claims: { repository_id: '74' },
    });
    const { secret } = await loginWithToken(server, await issuer.token(githubClaims(rule.issuer, server.url)));
    await admin(api.workloads.remove, { params: { id: robot.id } });
    expect((await refusal(server.client(secret)(api.sessions.current, {}))).code).to.match(/^session\./);
    expect((await refusal(admin(api.trustRules.get, { params: { id: rule.id } }))).code).to.equal('trust-rule.not-found');
  });

  it('is of the rule with the shortest session where several of one workload take the token', async () => {
    const robot = await workload();
    const rule = { issuer: `${github}/several`, jwks: JSON.stringify(issuer.jwks()) };
    await trust(server, robot, { ...rule, claims: { repository_id: '74' }, sessionSeconds: 1200 });
    const short = await trust(server, robot, { ...rule, claims: { run_id: '30433642' }, sessionSeconds: 300 });
    const { session } = await loginWithToken(server, await issuer.token(githubClaims(rule.issuer, server.url)));
    expect(session.trustRuleId).to.equal(short.id);
  });

  it('asks a private issuer through the authority that was given, and through no other', async () => {
    const directory = tempDir('infra-issuer');
    mkdirSync(join(directory, 'pki'));
    await (await createCertificateAuthority(directory, 'ci')).issue({ name: 'issuer', commonName: 'issuer', serves: ['localhost'] });
    const pem = (file: string): string => readFileSync(join(directory, 'pki', file), 'utf8');
    const tls = createServer({ key: pem('issuer.key'), cert: pem('issuer.crt') }, (request, response) => {
      const origin = `https://localhost:${(tls.address() as AddressInfo).port}`;
      const document = { issuer: origin, jwks_uri: `${origin}/keys` };
      response.end(JSON.stringify(request.url === '/keys' ? issuer.jwks() : document));
    });
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
    const origin = `https://localhost:${(tls.address() as AddressInfo).port}`;
    const robot = await workload();
    const rule = { issuer: origin, claims: { project_id: '20' } };
    const refused = await refusal(trust(server, robot, rule));
    expect(refused).to.deep.include({ code: 'issuer.unreachable' });
    expect(refused.detail).to.include('certificate is not trusted');
    expect((await trust(server, robot, { ...rule, ca: pem('ca.crt') })).ownAuthority).to.equal(true);
    expect((await loginWithToken(server, await issuer.token(gitlabClaims(origin, server.url)))).session.identity.id).to.equal(robot.id);
    tls.close();
  });

  describe('rules', () => {
    it('are listed, of one workload or all, page by page', async () => {
      const robot = await workload();
      for (const id of ['1', '2', '3'])
        await trust(server, robot, { issuer: `${github}/x`, jwks: JSON.stringify(issuer.jwks()), claims: { repository_id: id } });
      const query = { workload: robot.id, limit: 2 };
      const first = await admin(api.trustRules.list, { query });
      const rest = await admin(api.trustRules.list, { query: { ...query, cursor: first.nextCursor ?? '' } });
      expect([...first.items, ...rest.items].map(({ claims }) => claims['repository_id'])).to.have.members(['1', '2', '3']);
      expect(rest.nextCursor).to.equal(null);
    });

    const wrong: Readonly<Record<string, readonly [change: object, words: RegExp]>> = {
      'no claim': [{ claims: {} }, /At least one claim/],
      'everybody at GitHub': [{ issuer: github, claims: { ref: 'refs/heads/main' } }, /everybody at GitHub/],
      'an audience of somebody else': [{ audience: 'sts.amazonaws.com' }, /not this server's/],
      'an issuer at http': [{ issuer: 'http://ci.example.com' }, /https/],
      'part of a part': [{ claims: { sub: 'repo:acme*' } }, /whole part/],
      'a secret among the keys': [{ jwks: JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }) }, /secret/],
      'keys that are none': [{ jwks: '{"keys":[{"kty":"RSA"}]}' }, /no public key/],
      'no keys': [{ jwks: '{"keys":[]}' }, /1 to 50/],
      'keys that are no set': [{ jwks: 'hello' }, /kubectl get --raw/],
      'an authority that is none': [{ jwks: undefined, ca: 'hello' }, /PEM/],
      'both keys and an authority': [{ ca: 'hello' }, /leave out/],
    };
    for (const [what, [change, words]] of Object.entries(wrong))
      it(`with ${what} are refused in words`, async () => {
        const rule = { issuer: `${github}/x`, jwks: JSON.stringify(issuer.jwks()), claims: { sub: 'x' }, ...change };
        const refused = await refusal(trust(server, await workload(), rule));
        expect(refused.code, refused.detail).to.equal('trust-rule.invalid');
        expect(refused.detail).to.match(words);
      });

    it('are refused while the issuer does not answer, or answers for another', async () => {
      const other = await startTokenIssuer();
      other.script.discovery = () => ({ json: { issuer: issuer.issuer, jwks_uri: `${other.issuer}/keys` } });
      const rule = { issuer: other.issuer, claims: { sub: 'x' } };
      expect((await refusal(trust(server, await workload(), rule))).code).to.equal('issuer.invalid');
      await other.stop();
      expect((await refusal(trust(server, await workload(), rule))).code).to.equal('issuer.unreachable');
    });
  });
});
