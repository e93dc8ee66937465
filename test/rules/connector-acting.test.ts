/** Who may act as whom at the connector, decided from grants alone. */
import { expect } from 'chai';
import { covers, decideAccess, rightsOf, type AccessQuestion } from '../../connector/proxy/access-rules.ts';
import { askedOf, impersonationHeaders } from '../../connector/proxy/impersonation.ts';
import type { RequestScope } from '../../connector/proxy/scope-rules.ts';
import type { DesiredGrant, DesiredIdentity, DesiredLease } from '../../shared/api/connectors.ts';
import { newId } from '../../shared/id.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
const identityId = newId('user', now) as DesiredIdentity['id'];
const leaseId = newId('lease', now) as DesiredLease['id'];
const lease: DesiredLease = { id: leaseId, identityId, status: 'active', expiresAt: at(3600), sessionExpiresAt: at(7200) };

const grant = (role: string, more: Partial<DesiredGrant> = {}): DesiredGrant => ({
  id: newId('grant', now) as DesiredGrant['id'],
  role,
  namespace: null,
  until: null,
  group: null,
  ...more,
});
const person = (impersonateGrants: DesiredGrant[], grants: DesiredGrant[] = []): DesiredIdentity => ({
  id: identityId,
  kind: 'user',
  name: 'ana@example.com',
  status: 'active',
  grants,
  impersonateGrants,
});
const scope = (more: Partial<RequestScope> = {}): RequestScope => ({
  isResource: true,
  verb: 'get',
  apiGroup: '',
  resource: 'configmaps',
  subresource: '',
  namespace: 'web',
  path: '',
  ...more,
});
const ask = (user: string, groups: readonly string[], identity: DesiredIdentity, more: Partial<AccessQuestion> = {}) =>
  decideAccess({
    scope: scope(),
    asked: { user, groups },
    identityId,
    leaseId,
    rights: rightsOf(identity),
    lease,
    destination: { name: 'local', userPrefix: 'ci:' },
    guardedNamespace: 'infra-system',
    ownAccount: 'system:serviceaccount:ops:infra',
    lastKnownName: undefined,
    now,
    ...more,
  });
const refusal = (decision: ReturnType<typeof ask>): string =>
  decision.kind === 'denied' ? `${decision.reason}: ${decision.message}` : 'allowed';
const bob = grant('impersonate:user:bob');
const deployer = 'system:serviceaccount:web:deployer';

describe('connector rule: acting as somebody else', () => {
  it('is one identity, whole: the one asked for with the groups asked for, and nothing of one’s own', () => {
    const developers = grant('impersonate:group:developers');
    const decision = ask('bob', ['developers'], person([bob, developers], [grant('cluster-admin')]));
    expect(decision).to.deep.include({ kind: 'allowed', until: now + 7_200_000 });
    const { impersonation } = decision as Extract<typeof decision, { kind: 'allowed' }>;
    expect(impersonation).to.deep.equal({
      user: 'bob',
      uid: undefined,
      groups: ['developers'],
      leaseId,
      askedBy: 'ci:ana@example.com',
    });
    expect(impersonationHeaders(impersonation)).to.deep.equal([
      ['Impersonate-User', 'bob'],
      ['Impersonate-Group', 'developers'],
      ['Impersonate-Extra-infra.internal%2Flease', leaseId],
      ['Impersonate-Extra-infra.internal%2Fasked-by', 'ci:ana@example.com'],
    ]);
    expect(askedOf(impersonation)).to.include({ user: 'bob' });
  });

  it('needs a grant of exactly that name, whatever else one holds, and the refusal names it', () => {
    const needs = (role: string): RegExp =>
      new RegExp(`^Forbidden: ana@example.com may not act .* infra grants add ana@example.com --role ${role}$`);
    const everything = person([bob], [grant('cluster-admin'), grant('impersonate:user:eve')]);
    expect(refusal(ask('eve', [], everything))).to.match(needs('impersonate:user:eve local'));
    expect(refusal(ask('Bob', [], everything))).to.match(needs('impersonate:user:Bob local'));
    expect(refusal(ask('bob', ['developers'], everything))).to.match(needs('impersonate:group:developers local'));
    expect(refusal(ask('developers', [], person([grant('impersonate:group:developers')])))).to.match(
      needs('impersonate:user:developers local'),
    );
    expect(ask('eve', [], everything)).to.include({ mayBeOutdated: true });
  });

  it('is no right of one’s own: without --as such a grant opens nothing', () => {
    for (const where of [scope(), scope({ namespace: '', resource: 'nodes' }), scope({ isResource: false, namespace: '', path: '/api' })])
      expect(ask('', [], person([bob]), { asked: undefined, scope: where })).to.include({ kind: 'denied', reason: 'Forbidden' });
    // Where an older server put it among the others, it lends no group all the same.
    const misplaced = ask('', [], person([], [bob]), { asked: undefined });
    expect(misplaced.kind === 'allowed' ? misplaced.impersonation.groups : []).to.deep.equal([]);
  });

  for (const [user, groups] of [
    ['system:admin', []],
    ['system:anonymous', []],
    ['system:kube-controller-manager', []],
    ['system:node:one', []],
    ['bob', ['system:masters']],
    ['bob', ['SYSTEM:masters']],
    ['bob', ['system:authenticated']],
    ['bob', ['infra:cluster-admin@*']],
    ['bob', ['infra:group:platform']],
    ['infra:eve@example.com', []],
    ['ci:eve@example.com', []],
    ['ci:ana@example.com', []],
    ['system:serviceaccount:infra-system:connector', []],
    ['system:serviceaccount:infra-system:default', []],
    ['system:serviceaccount:ops:infra', []],
    ['system:serviceaccount:web:deployer:x', []],
    ['bob,eve', []],
    ['b%6fb', []],
    ['*', []],
  ] as const)
    it(`is never possible as ${[user, ...groups].join(' in ')}, whatever the grants say`, () => {
      const named = [user, ...groups].flatMap((name) => [
        grant(`impersonate:user:${name}`),
        grant(`impersonate:group:${name}`),
        grant(`impersonate:serviceaccount:${name.replace('system:serviceaccount:', '').replace(':', '/')}`),
      ]);
      const decision = ask(user, groups, person([bob, ...named], [grant('cluster-admin')]));
      expect(decision).to.include({ kind: 'denied', reason: 'Forbidden', mayBeOutdated: false });
    });

  it('as a user or group goes by cluster-wide grants alone, as a service account also by its own namespace’s, and within it', () => {
    expect(ask('bob', [], person([grant('impersonate:user:bob', { namespace: 'web' })]))).to.include({ kind: 'denied' });
    const role = 'impersonate:serviceaccount:web/deployer';
    const inWeb = person([grant(role, { namespace: 'web' })]);
    expect(ask(deployer, [], person([grant(role, { namespace: 'team' })]), { scope: scope({ namespace: 'team' }) })).to.include({
      kind: 'denied',
    });
    expect(ask(deployer, [], inWeb)).to.include({ kind: 'allowed' });
    for (const harmless of [
      { isResource: false, resource: '', path: '/apis' },
      { isResource: false, resource: '', path: '/openapi/v3' },
      { verb: 'create', apiGroup: 'authentication.k8s.io', resource: 'selfsubjectreviews' },
    ])
      expect(ask(deployer, [], inWeb, { scope: scope({ namespace: '', ...harmless }) }), JSON.stringify(harmless)).to.include({
        kind: 'allowed',
      });
    for (const beyond of [
      { namespace: 'team' },
      { namespace: '', resource: 'nodes', verb: 'list' },
      { namespace: '', resource: 'configmaps', verb: 'list' },
      { namespace: '', isResource: false, resource: '', path: '/metrics' },
      { namespace: '', isResource: false, resource: '', path: '/apisx' },
      { namespace: '', isResource: false, resource: '', verb: 'create', path: '/api' },
    ]) {
      expect(refusal(ask(deployer, [], inWeb, { scope: scope(beyond) })), JSON.stringify(beyond)).to.match(
        /outside of that namespace in local; .* --role impersonate:serviceaccount:web\/deployer local$/,
      );
      expect(ask(deployer, [], person([grant(role)]), { scope: scope(beyond) })).to.include({ kind: 'allowed' });
    }
    expect(refusal(ask(deployer, [], person([])))).to.match(/--role impersonate:serviceaccount:web\/deployer local\.web$/);
  });

  it('ends with the first name whose last grant ends, with the session at the latest, and at once where one has ended', () => {
    const until = (seconds: number) => ({ until: at(seconds) });
    const grants = [
      grant('impersonate:user:bob', until(10)),
      grant('impersonate:user:bob', until(50)),
      grant('impersonate:group:developers', until(30)),
    ];
    expect(ask('bob', ['developers'], person(grants))).to.include({ until: now + 30_000 });
    expect(ask('bob', [], person(grants))).to.include({ until: now + 50_000 });
    expect(ask('bob', [], person([grant('impersonate:user:bob', until(9000))]))).to.include({ until: now + 7_200_000 });
    expect(ask('bob', [], person([grant('impersonate:user:bob', until(0))]))).to.include({ kind: 'denied' });
    expect(ask('bob', ['developers'], person([bob, grant('impersonate:group:developers', until(0))]))).to.include({ kind: 'denied' });
  });

  it('counts for active people with a live lease alone', () => {
    expect(ask('bob', [], { ...person([bob]), status: 'disabled' })).to.include({ kind: 'denied', reason: 'Unauthorized' });
    expect(ask('bob', [], person([bob]), { lease: { ...lease, status: 'revoked' } })).to.include({ reason: 'Unauthorized' });
    expect(ask('bob', [], person([bob]), { rights: undefined })).to.include({ kind: 'denied', reason: 'Forbidden' });
  });

  it('row 36: mints no tokens and does not reach into the connector’s namespace, even for a cluster-admin', () => {
    const identity = person([bob], [grant('cluster-admin')]);
    for (const guarded of [
      { verb: 'create', resource: 'serviceaccounts', subresource: 'token' },
      { namespace: 'infra-system', resource: 'secrets' },
      { namespace: 'infra-system', resource: 'pods', subresource: 'exec', verb: 'create' },
      { namespace: '', resource: 'secrets', verb: 'list' },
    ])
      expect(refusal(ask('bob', [], identity, { scope: scope(guarded) }))).to.match(/acting as somebody else changes nothing of that/);
  });

  it('of one person does not cover acting of another, nor oneself', () => {
    const lent = { user: 'bob', uid: undefined, groups: ['a'], leaseId, askedBy: 'ci:ana@example.com' };
    expect(covers(lent, lent)).to.equal(true);
    expect(covers({ ...lent, groups: [] }, lent)).to.equal(false);
    expect(covers({ ...lent, askedBy: 'ci:eve@example.com' }, lent)).to.equal(false);
    expect(covers({ user: 'bob', uid: identityId, groups: ['a'], leaseId }, lent)).to.equal(false);
  });
});
