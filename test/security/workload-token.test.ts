/** Rows 11, 18, 23, 27, 28 and 30 for tokens of workloads: what is not signed by the issuer, for this server, now, and wanted by a rule opens nothing. */
import { expect } from 'chai';
import { createSign, KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { generateKeyPair, type JWTPayload } from 'jose';
import { createKeyPair } from '../../cli/key-pair.ts';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import type { Answer } from '../support/doubles/double-server.ts';
import { githubClaims, nowSeconds, startTokenIssuer, type ChangedClaims, type TokenIssuer } from '../support/doubles/token-issuer.ts';
import { refusal } from '../support/refusal.ts';
import { sign, unsigned } from '../support/scripted-provider.ts';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { forgetAttempts, loginWithToken, newWorkload, trust } from '../support/trusted-workload.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the token of a workload', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let admin: Call;
  let issuer: TokenIssuer;
  before(async () => {
    server = await startServer();
    admin = await server.admin();
    issuer = await startTokenIssuer();
    await trust(server, await newWorkload(server, 'deploy'), {
      issuer: issuer.issuer,
      claims: { repository: 'octo-org/octo-repo', ref: 'refs/heads/main' },
    });
  });
  beforeEach(() => {
    forgetAttempts(server);
    issuer.script = {};
    issuer.asked.length = 0;
  });
  after(async () => {
    await server.stop();
    await issuer.stop();
  });

  const honest = (changed: ChangedClaims = {}): JWTPayload => githubClaims(issuer.issuer, server.url, changed);
  const codeOf = async (token: string): Promise<string> => (await refusal(loginWithToken(server, token))).code;
  const sessions = async (): Promise<number> =>
    (await admin(api.sessions.list, { query: { all: 'true', limit: 1000 } })).items.filter(({ method }) => method === 'workload-token')
      .length;
  const refusals = async () => (await admin(api.audit.list, { query: { event: 'login.refused', limit: 1000 } })).items;

  it('opens a session when it is honest, so that what follows is refused for its own reason', async () => {
    expect((await loginWithToken(server, await issuer.token(honest()))).session.identity.name).to.equal('deploy');
  });

  const other = async () => generateKeyPair('RS256', { extractable: true });
  const kid = (): string => String(issuer.jwks().keys[0]?.kid);
  /** With the issuer's own key, and a header that the library does not write. */
  const signedByHand = (header: object): string => {
    const [head, claims] = unsigned(honest(), { alg: 'RS256', kid: kid(), ...header }).split('.');
    const signature = createSign('RSA-SHA256')
      .update(`${head ?? ''}.${claims ?? ''}`)
      .sign(KeyObject.from(issuer.privateKey()), 'base64url');
    return `${head ?? ''}.${claims ?? ''}.${signature}`;
  };
  const forged: Readonly<Record<string, () => Promise<string> | string>> = {
    'alg none': () => unsigned(honest(), { alg: 'none' }),
    'alg nOnE with a signature': () => unsigned(honest(), { alg: 'nOnE', kid: kid() }, 'AAAA'),
    'alg none under the name of the key': () => unsigned(honest(), { alg: 'none', kid: kid() }, ''),
    'no algorithm': () => unsigned(honest(), { kid: kid() }, 'AAAA'),
    'the public key as a shared secret (HS256)': async () =>
      sign(honest(), new TextEncoder().encode(JSON.stringify(issuer.jwks().keys[0])), { alg: 'HS256', kid: kid() }),
    'another key under the name of the issuer’s': async () => sign(honest(), (await other()).privateKey, { alg: 'RS256', kid: kid() }),
    'another key without a name': async () => sign(honest(), (await other()).privateKey, { alg: 'RS256' }),
    'a key that is a path': async () => sign(honest(), issuer.privateKey(), { alg: 'RS256', kid: '../../keys' }),
    'a key that is a query': async () => sign(honest(), issuer.privateKey(), { alg: 'RS256', kid: "' OR 1=1 --" }),
    'another algorithm of the same key': () => unsigned(honest(), { alg: 'PS256', kid: kid() }, 'A'.repeat(342)),
    'an algorithm of another kind of key': () => unsigned(honest(), { alg: 'ES256', kid: kid() }, 'A'.repeat(86)),
    'a signature of nobody’s': () => unsigned(honest(), { alg: 'RS256', kid: kid() }, 'A'.repeat(342)),
    'no signature': () => unsigned(honest(), { alg: 'RS256', kid: kid() }, ''),
    'a key of its own choice (jwk)': async () => {
      const own = await other();
      return sign(honest(), own.privateKey, { alg: 'RS256', kid: 'own', jwk: { kty: 'RSA', n: 'x', e: 'AQAB' } });
    },
    'keys at an address of its own choice (jku, x5u)': async () =>
      sign(honest(), (await other()).privateKey, {
        ...{ alg: 'RS256', kid: 'own', jku: `${issuer.issuer}/other-keys`, x5u: `${issuer.issuer}/other-keys` },
      }),
    'claims that were changed after signing': async () => {
      const [header, , signature] = (await issuer.token(honest({ repository: 'evil/evil' }))).split('.');
      return `${header ?? ''}.${Buffer.from(JSON.stringify(honest())).toString('base64url')}.${signature ?? ''}`;
    },
    'a critical header that nobody knows': () => signedByHand({ crit: ['x'], x: 1 }),
    'a critical header that some know (b64)': () => signedByHand({ crit: ['b64'], b64: true }),
    'the type of an access token': async () => issuer.token(honest(), { typ: 'at+jwt' }),
    'the type of a logout': async () => issuer.token(honest(), { typ: 'logout+jwt' }),
    'five parts (JWE)': () => 'e30.e30.e30.e30.e30',
    'two parts': () => 'e30.e30',
    'claims that are a list': () => unsigned([] as unknown as JWTPayload, { alg: 'RS256', kid: kid() }, 'AAAA'),
    nothing: () => '',
    'what opens something else here': async () => (await server.login(adminEmail, adminPassword)).secret,
  };
  for (const [what, make] of Object.entries(forged))
    it(`row 18: with ${what} opens nothing`, async () => {
      const before = await sessions();
      expect(await codeOf(await make())).to.be.oneOf(['workload-token.invalid', 'workload-token.not-trusted']);
      expect(await sessions()).to.equal(before);
      expect(issuer.asked).to.not.include('/other-keys');
    });

  const wrong: Readonly<Record<string, readonly [change: () => ChangedClaims, code: string]>> = {
    'that has expired': [() => ({ exp: nowSeconds() - 31 }), 'workload-token.expired'],
    'that was made yesterday': [() => ({ iat: nowSeconds() - 86_400, exp: nowSeconds() + 86_400 }), 'workload-token.expired'],
    'that is to come': [() => ({ nbf: nowSeconds() + 120 }), 'workload-token.invalid'],
    'that will be made': [() => ({ iat: nowSeconds() + 120, exp: nowSeconds() + 240 }), 'workload-token.invalid'],
    'without an end': [() => ({ exp: undefined }), 'workload-token.invalid'],
    'without a beginning': [() => ({ iat: undefined }), 'workload-token.invalid'],
    'without a subject': [() => ({ sub: undefined }), 'workload-token.invalid'],
    'for somebody else': [() => ({ aud: 'sts.amazonaws.com' }), 'workload-token.wrong-audience'],
    'for nobody': [() => ({ aud: undefined }), 'workload-token.wrong-audience'],
    'for us and somebody else': [() => ({ aud: [server.url, 'sts.amazonaws.com'] }), 'workload-token.wrong-audience'],
    'for a name of ours that the rule does not mean': [() => ({ aud: 'localhost' }), 'workload-token.not-trusted'],
    'of another issuer': [() => ({ iss: 'https://evil.example.com' }), 'workload-token.not-trusted'],
    'of the issuer with a slash': [() => ({ iss: `${issuer.issuer}/` }), 'workload-token.not-trusted'],
    'of a fork': [() => ({ repository: 'evil/octo-repo' }), 'workload-token.not-trusted'],
    'of a repository in capitals': [() => ({ repository: 'OCTO-ORG/OCTO-REPO' }), 'workload-token.not-trusted'],
    'of another branch': [() => ({ ref: 'refs/heads/main-evil' }), 'workload-token.not-trusted'],
    'without a claim that is wanted': [() => ({ ref: undefined }), 'workload-token.not-trusted'],
    'with a list of lists': [() => ({ repository: [['octo-org/octo-repo']] }), 'workload-token.not-trusted'],
  };
  for (const [what, [change, code]] of Object.entries(wrong))
    it(`row 18: ${what} opens nothing`, async () => {
      const before = await sessions();
      expect(await codeOf(await issuer.token(honest(change())))).to.equal(code);
      expect(await sessions()).to.equal(before);
    });

  it('row 18: opens one session and no second, not even at the same moment or with another signature text', async () => {
    const token = await issuer.token(honest());
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, async () => loginWithToken(server, token)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(await codeOf(token)).to.equal('workload-token.used');
  });

  it('row 18: makes the server ask nobody but the issuers of its rules, and these not once for each made-up key', async () => {
    const made = Array.from({ length: 8 }, async (_, index) =>
      sign(honest(), issuer.privateKey(), { alg: 'RS256', kid: `made-up-${index}` }),
    );
    await Promise.all(made.map(async (token) => codeOf(await token)));
    expect(issuer.asked.length).to.be.at.most(4);
  });

  const answers: Readonly<Record<string, readonly [answer: (own: TokenIssuer) => Answer, code: string]>> = {
    'leads elsewhere': [
      () => ({ status: 302, headers: { location: `${issuer.issuer}/.well-known/openid-configuration` } }),
      'issuer.invalid',
    ],
    'has its keys at http': [({ issuer: own }) => ({ json: { issuer: own, jwks_uri: 'http://192.0.2.1/keys' } }), 'issuer.invalid'],
    'answers without end': [
      ({ issuer: own }) => ({ json: { issuer: own, jwks_uri: `${own}/keys`, x: 'x'.repeat(2 ** 21) } }),
      'issuer.invalid',
    ],
    'is another one by now': [({ issuer: own }) => ({ json: { issuer: issuer.issuer, jwks_uri: `${own}/keys` } }), 'issuer.invalid'],
    fails: [() => ({ status: 500 }), 'issuer.invalid'],
  };
  it(`row 18: opens nothing while its issuer ${Object.keys(answers).join(', ')}, or is away`, async () => {
    const before = await sessions();
    const refused = async (answer: ((own: TokenIssuer) => Answer) | undefined, code: string, name: string): Promise<void> => {
      const own = await startTokenIssuer();
      await trust(server, await newWorkload(server, name), { issuer: own.issuer, claims: { repository_id: '74' } });
      await own.rotate();
      if (answer === undefined) await own.stop();
      else own.script.discovery = () => answer(own);
      const token = await own.token(githubClaims(own.issuer, server.url));
      // Its keys were asked for when the rule was made; a new one is asked for three seconds later at the earliest.
      const asks = async (): Promise<boolean> => {
        forgetAttempts(server);
        return (await codeOf(token)) === code;
      };
      await waitFor(asks, { within: 10, what: `${code} of an issuer that ${name}` });
      if (answer !== undefined) await own.stop();
    };
    await Promise.all([
      ...Object.values(answers).map(async ([answer, code], index) => refused(answer, code, `issuer-${index}`)),
      refused(undefined, 'issuer.unreachable', 'issuer-away'),
    ]);
    expect(await sessions()).to.equal(before);
  });

  it('row 18: that rules of two workloads take opens neither; the admins read which, the caller does not', async () => {
    const [one, two] = [await newWorkload(server, 'north'), await newWorkload(server, 'south')];
    const rule = { issuer: 'https://ci.example.com', jwks: JSON.stringify(issuer.jwks()) };
    await trust(server, one, { ...rule, claims: { repository_id: '74' } });
    await trust(server, two, { ...rule, claims: { repository_owner_id: '65' } });
    const { code, detail } = await refusal(loginWithToken(server, await issuer.token(githubClaims(rule.issuer, server.url))));
    expect(code).to.equal('workload-token.not-trusted');
    expect(detail).to.not.match(/north|south/);
    expect(JSON.stringify((await refusals())[0]?.details)).to.include('north, south');
  });

  it('row 18: of one cluster does not pass for that of another with the same issuer', async () => {
    const [first, second] = [await startTokenIssuer(), await startTokenIssuer()];
    const name = 'https://kubernetes.default.svc.cluster.local';
    const claims = { sub: 'system:serviceaccount:ci:deploy' };
    await trust(server, await newWorkload(server, 'in-first'), { issuer: name, jwks: JSON.stringify(first.jwks()), claims });
    await trust(server, await newWorkload(server, 'in-second'), { issuer: name, jwks: JSON.stringify(second.jwks()), claims });
    for (const [cluster, workload] of [
      [first, 'in-first'],
      [second, 'in-second'],
    ] as const) {
      const { session } = await loginWithToken(server, await cluster.token(githubClaims(name, server.url, claims)));
      expect(session.identity.name).to.equal(workload);
      await cluster.stop();
    }
  });

  it('row 27: of an unknown issuer, with a forged signature or claims that no rule wants is answered alike', async () => {
    const answers = [
      await refusal(loginWithToken(server, await issuer.token(honest({ iss: 'https://evil.example.com' })))),
      await refusal(loginWithToken(server, unsigned(honest(), { alg: 'RS256', kid: kid() }, 'A'.repeat(342)))),
      await refusal(loginWithToken(server, await issuer.token(honest({ ref: 'refs/heads/other' })))),
    ].map(({ detail, ...rest }) => ({
      ...rest,
      detail: detail.replaceAll(/https?:\/\/(?:evil\.example\.com|127\.0\.0\.1:\d+)/g, 'ISSUER'),
    }));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size, JSON.stringify(answers)).to.equal(1);
  });

  it('row 28: is limited where it does not hold, and one that holds is not in its way', async () => {
    const bad = await issuer.token(honest({ aud: 'vault' }));
    const before = (await refusals()).length;
    const codes = [];
    for (let tries = 0; tries < 15; tries += 1) codes.push(await codeOf(bad));
    expect(codes.at(-1)).to.equal('login.rate-limited');
    // Ten, and the first that was too many: those after it are not worth a line each.
    expect((await refusals()).length - before).to.equal(11);
    expect((await loginWithToken(server, await issuer.token(honest()))).session.identity.name).to.equal('deploy');
  });

  it('row 23: makes no access key, which would outlive it, and no rule', async () => {
    const { secret } = await loginWithToken(server, await issuer.token(honest()));
    const call = server.client(secret);
    expect((await refusal(call(api.accessKeys.create, { body: { name: 'forever' } }))).code).to.equal('access-key.not-from-key');
    expect((await refusal(call(api.trustRules.list, {}))).code).to.equal('access.role-missing');
  });

  it('row 11: of a rule that is removed opens nothing more, and what it opened is over at once', async () => {
    const robot = await newWorkload(server, 'robot');
    const rule = await trust(server, robot, { issuer: issuer.issuer, claims: { repository: 'octo-org/robot' }, reusable: true });
    const { destination } = await admin(api.destinations.create, { body: { name: 'prod' } });
    await admin(api.grants.create, { body: { subject: 'workload:robot', role: 'view', resource: 'prod' } });
    const token = await issuer.token(honest({ repository: 'octo-org/robot' }));
    const [first, second] = [await loginWithToken(server, token), await loginWithToken(server, token)];
    const lease = await server.client(first.secret)(api.leases.create, {
      body: { destination: destination.id, csr: createKeyPair().certificateRequest },
    });
    expect(Date.parse(lease.lease.expiresAt)).to.be.at.most(Date.parse(first.session.expiresAt));
    await admin(api.trustRules.remove, { params: { id: rule.id } });
    for (const { secret } of [first, second])
      expect((await refusal(server.client(secret)(api.sessions.current, {}))).code).to.equal('session.expired');
    expect((await admin(api.leases.get, { params: { id: lease.lease.id } })).state).to.equal('revoked');
    expect(await codeOf(token)).to.equal('workload-token.not-trusted');
  });

  it('row 30: is nowhere in audit, log, answers or the database; what it says is told on one line', async () => {
    const good = await issuer.token(honest());
    const bad = await issuer.token(honest({ sub: 'repo:x\u001b]0;CANARY\u0007\nnext', secret: 'HIDDEN' }));
    await loginWithToken(server, good);
    const { detail } = await refusal(loginWithToken(server, await issuer.token(honest({ sub: 'a\u001b[31m\nb', ref: 'x' }))));
    await loginWithToken(server, bad);
    expect(detail).to.not.match(/[\u0000-\u001f\u007f]/);
    const log = server.program().stdout() + server.program().stderr();
    const audit = JSON.stringify((await admin(api.audit.list, { query: { limit: 1000 } })).items);
    const stored = readFileSync(server.databaseFile, 'latin1') + readFileSync(`${server.databaseFile}-wal`, 'latin1');
    for (const secret of [good, bad].map((token) => token.split('.')[2] ?? ''))
      for (const place of [log, audit, stored]) expect(place.includes(secret)).to.equal(false);
    expect(audit).to.not.include('HIDDEN').and.not.include('\\u001b');
  });
});
