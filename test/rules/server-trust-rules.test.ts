/** Which rules may be made, what they match, and what a token must be by itself. */
import { expect } from 'chai';
import fc from 'fast-check';
import { claimsMatch, isOwnAudience, ruleFault, textsAt } from '../../server/login/trust-rule-rules.ts';
import { tokenFault, traceOf } from '../../server/login/workload-token-rules.ts';

const own = { publicUrl: 'https://infra.example.com:8443', trustDomain: 'infra.test' };
const github = 'https://token.actions.githubusercontent.com';

describe('what a trust rule matches', () => {
  const matches = (pattern: string, text: unknown): boolean => claimsMatch({ sub: pattern }, { sub: text });

  it('is the whole text, to the letter', () => {
    expect(matches('repo:acme/shop', 'repo:acme/shop')).to.equal(true);
    for (const other of [
      'repo:acme/shop2',
      'xrepo:acme/shop',
      'repo:ACME/shop',
      'repo:acme/shop ',
      'repo:acme',
      '',
      undefined,
      null,
      1,
      {},
    ])
      expect(matches('repo:acme/shop', other), JSON.stringify(other)).to.equal(false);
  });

  it('is, for "*", one whole part between "/" and ":" that is not empty', () => {
    const pattern = 'repo:acme/*:ref:refs/heads/main';
    expect(matches(pattern, 'repo:acme/shop:ref:refs/heads/main')).to.equal(true);
    for (const other of [
      'repo:acme-evil/shop:ref:refs/heads/main',
      'repo:acme/:ref:refs/heads/main',
      'repo:acme/a/b:ref:refs/heads/main',
      'repo:acme/shop:environment:x:ref:refs/heads/main',
      'repo:acme/shop:pull_request',
      'repo:acme/shop:ref:refs/heads/main-evil',
      'repo/acme/shop:ref:refs/heads/main',
    ])
      expect(matches(pattern, other), other).to.equal(false);
  });

  it('is never more than the pattern has parts, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('*', 'a', '/', ':', 'b*')),
        fc.array(fc.constantFrom('a', '/', ':', '*', 'b')),
        (pattern, text) => {
          const parts = (list: readonly string[]): number => list.filter((each) => each === '/' || each === ':').length;
          if (matches(pattern.join(''), text.join(''))) expect(parts(text)).to.equal(parts(pattern));
        },
      ),
    );
  });

  it('is every claim that is wanted, and nothing where nothing is wanted', () => {
    expect(claimsMatch({ a: '1', b: '2' }, { a: '1', b: '2', c: '3' })).to.equal(true);
    expect(claimsMatch({ a: '1', b: '2' }, { a: '1' })).to.equal(false);
    expect(claimsMatch({}, { a: '1' })).to.equal(false);
  });

  it('is one of a list, a nested claim by its pointer, and a truth or a number as it is written', () => {
    expect(claimsMatch({ groups: 'b' }, { groups: ['a', 'b'] })).to.equal(true);
    expect(claimsMatch({ '/kubernetes.io/namespace': 'ci' }, { 'kubernetes.io': { namespace: 'ci' } })).to.equal(true);
    expect(claimsMatch({ '/a~1b/c~0d': 'x' }, { 'a/b': { 'c~d': 'x' } })).to.equal(true);
    expect(claimsMatch({ protected: 'true', id: '7' }, { protected: true, id: 7 })).to.equal(true);
    expect(claimsMatch({ 'kubernetes.io.namespace': 'ci' }, { 'kubernetes.io': { namespace: 'ci' } })).to.equal(false);
  });

  it('is no number that could be another one, and nothing that every object has', () => {
    expect(textsAt(JSON.parse('{"id": 12345678901234567891}') as Record<string, unknown>, 'id')).to.deep.equal([]);
    for (const name of ['constructor', '__proto__', '/a/constructor/name', '/list/length', '/list/0'])
      expect(textsAt({ a: {}, list: ['x'] }, name), name).to.deep.equal([]);
  });
});

describe('what may be a trust rule', () => {
  const fault = (claims: Record<string, string>, issuer = github, audience = own.publicUrl): string | undefined =>
    ruleFault({ issuer, audience, claims }, own);

  it('names at least one claim, and none that differs from token to token', () => {
    expect(fault({})).to.match(/At least one claim/);
    for (const name of ['iss', 'aud', 'exp', 'nbf', 'iat', 'jti']) expect(fault({ [name]: 'x', sub: 'repo:a/b' }), name).to.include(name);
  });

  it('does not let in everybody at an issuer that signs for everybody', () => {
    for (const claims of [
      { ref: 'refs/heads/main' },
      { sub: 'repo:*/*:ref:refs/heads/main' },
      { sub: 'environment:production' },
      { repository: '*/*' },
      { repository_owner: '*' },
      { job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main' },
      { actor: 'octocat', event_name: 'push' },
    ])
      expect(fault(claims), JSON.stringify(claims)).to.include('everybody at GitHub');
    for (const claims of [
      { sub: 'repo:acme/shop:ref:refs/heads/main' },
      { sub: 'repo:acme/*:ref:refs/heads/main' },
      { sub: 'repo:acme@123/shop@456:ref:refs/heads/main' },
      { repository: 'acme/*', ref: 'refs/heads/main' },
      { repository_owner_id: '65' },
    ])
      expect(fault(claims), JSON.stringify(claims)).to.equal(undefined);
    expect(fault({ ref: 'main', ref_protected: 'true' }, 'https://gitlab.com')).to.include('everybody at GitLab.com');
    expect(fault({ project_path: 'acme/*' }, 'https://gitlab.com')).to.equal(undefined);
    expect(fault({ sub: 'organization:*:pipeline:x' }, 'https://agent.buildkite.com')).to.include('Buildkite');
    expect(fault({ terraform_run_phase: 'apply' }, 'https://app.terraform.io')).to.include('Terraform');
    expect(fault({ email_verified: 'true' }, 'https://accounts.google.com')).to.include('Google');
  });

  it('gives one claim whole elsewhere', () => {
    const cluster = 'https://kubernetes.default.svc.cluster.local';
    expect(fault({ sub: 'system:serviceaccount:*:*' }, cluster)).to.match(/whole/);
    expect(fault({ sub: 'system:serviceaccount:ci:deploy' }, cluster)).to.equal(undefined);
    expect(fault({ sub: 'system:serviceaccount:*:*', '/kubernetes.io/namespace': 'ci' }, cluster)).to.equal(undefined);
  });

  it('has "*" for whole parts alone', () => {
    for (const sub of ['repo:acme*/shop', 'repo:acme/sh*', 'repo:**/x', '*acme']) expect(fault({ sub }), sub).to.match(/whole part/);
  });

  it('has an issuer at https and nothing else in its address', () => {
    for (const issuer of [
      'http://ci.example.com',
      'ci.example.com',
      'https://u:p@ci.example.com',
      'https://ci.example.com?x',
      'https://ci.example.com#x',
    ])
      expect(fault({ sub: 'x' }, issuer), issuer).to.match(/^The issuer/);
  });

  it('is for this server, by its address or its trust domain', () => {
    for (const audience of [
      'https://infra.example.com:8443',
      'https://infra.example.com',
      'infra.example.com',
      'infra.test',
      'https://infra.test/x',
    ])
      expect(isOwnAudience(audience, own), audience).to.equal(true);
    for (const audience of [
      'sts.amazonaws.com',
      'https://github.com/acme',
      'https://infra.example.com.evil.com',
      'http://infra.example.com',
      'vault',
      '',
    ])
      expect(fault({ sub: 'repo:a/b' }, github, audience), audience).to.match(/is not this server's/);
  });
});

describe('what a token must be by itself', () => {
  const now = 1_800_000_000;
  const claims = { iss: github, sub: 'repo:a/b', aud: own.publicUrl, iat: now, exp: now + 300 };
  const code = (changed: Record<string, unknown>, header: Record<string, unknown> = {}): string | undefined =>
    tokenFault({ header: { alg: 'RS256', ...header }, claims: { ...claims, ...changed } }, own, now)?.code;

  it('has an asymmetric algorithm, no critical header and the type of an identity', () => {
    expect(code({})).to.equal(undefined);
    expect(code({}, { typ: 'JWT' })).to.equal(undefined);
    expect(code({}, { typ: 'application/jwt' })).to.equal(undefined);
    for (const header of [{ alg: 'none' }, { alg: 'HS256' }, { alg: 'rs256' }, { alg: undefined }, { crit: [] }, { crit: ['b64'] }])
      expect(code({}, header), JSON.stringify(header)).to.equal('workload-token.invalid');
    for (const typ of ['at+jwt', 'logout+jwt', 'dpop+jwt', 'secevent+jwt', 7])
      expect(code({}, { typ }), String(typ)).to.equal('workload-token.invalid');
  });

  it('says when it was made and when it ends, and is neither over, nor to come, nor a day old', () => {
    for (const changed of [{ exp: undefined }, { iat: undefined }, { exp: '1' }, { exp: 1e300 }, { iat: -1 }, { nbf: 'x' }])
      expect(code(changed), JSON.stringify(changed)).to.equal('workload-token.invalid');
    expect(code({ exp: now - 29 })).to.equal(undefined);
    expect(code({ exp: now - 30 })).to.equal('workload-token.expired');
    expect(code({ iat: now - 86_400, exp: now + 86_400 * 365 })).to.equal('workload-token.expired');
    expect(code({ iat: now + 30 })).to.equal(undefined);
    for (const changed of [{ iat: now + 31 }, { nbf: now + 31 }]) expect(code(changed)).to.equal('workload-token.invalid');
  });

  it('is for this server and nobody besides', () => {
    expect(code({ aud: [own.publicUrl] })).to.equal(undefined);
    for (const aud of ['vault', [own.publicUrl, 'vault'], [], undefined, { a: 1 }, 'https://infra.example.com.evil.com'])
      expect(code({ aud }), JSON.stringify(aud)).to.equal('workload-token.wrong-audience');
  });

  it('says who made it and of whom', () => {
    for (const changed of [{ iss: undefined }, { iss: 7 }, { sub: '' }, { sub: ['a'] }, { sub: 'x'.repeat(1001) }])
      expect(code(changed), JSON.stringify(changed)).to.equal('workload-token.invalid');
  });

  it('leaves of itself what finds the run again, on one line', () => {
    const trace = traceOf({
      header: {},
      claims: { ...claims, run_id: '7\u001b[2J', secret: 'CANARY', 'kubernetes.io': { namespace: 'ci', secret: 'CANARY' } },
    });
    expect(trace).to.deep.equal({ issuer: github, subject: 'repo:a/b', claims: { run_id: '7 [2J', '/kubernetes.io/namespace': 'ci' } });
  });
});
