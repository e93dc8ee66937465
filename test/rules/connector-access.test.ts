import { expect } from 'chai';
import { decideAccess, rightsOf, type AccessQuestion } from '../../connector/proxy/access-rules.ts';
import { groupsOfGrants, impersonationHeaders } from '../../connector/proxy/impersonation.ts';
import type { RequestScope } from '../../connector/proxy/scope-rules.ts';
import type { DesiredGrant, DesiredIdentity, DesiredLease } from '../../shared/api/connectors.ts';
import { clusterUserOf } from '../../shared/cluster-names.ts';
import { newId } from '../../shared/id.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
const identityId = newId('user', now) as DesiredIdentity['id'];
const leaseId = newId('lease', now) as DesiredLease['id'];

const grant = (role: string, more: Partial<DesiredGrant> = {}): DesiredGrant => ({
  id: newId('grant', now) as DesiredGrant['id'],
  role,
  namespace: null,
  until: null,
  group: null,
  ...more,
});
const identity = (grants: readonly DesiredGrant[], more: Partial<DesiredIdentity> = {}): DesiredIdentity => ({
  id: identityId,
  kind: 'user',
  name: 'dev@example.com',
  status: 'active',
  grants: [...grants],
  ...more,
});
const lease = (more: Partial<DesiredLease> = {}): DesiredLease => ({
  id: leaseId,
  identityId,
  status: 'active',
  expiresAt: at(3600),
  sessionExpiresAt: at(7200),
  ...more,
});
const scope = (more: Partial<RequestScope> = {}): RequestScope => ({
  isResource: true,
  verb: 'get',
  apiGroup: '',
  resource: 'configmaps',
  subresource: '',
  namespace: 'team-a',
  path: '',
  ...more,
});
const ask = (grants: readonly DesiredGrant[], more: Partial<AccessQuestion> = {}) =>
  decideAccess({
    scope: scope(),
    asked: undefined,
    identityId,
    leaseId,
    rights: rightsOf(identity(grants)),
    lease: lease(),
    destination: { name: 'local', userPrefix: 'infra:' },
    guardedNamespace: 'infra-system',
    ownAccount: 'system:serviceaccount:ops:infra',
    lastKnownName: undefined,
    now,
    ...more,
  });
const groupsOf = (decision: ReturnType<typeof ask>): readonly string[] | string =>
  decision.kind === 'allowed' ? decision.impersonation.groups : decision.message;

describe('connector rule: access', () => {
  it('denies without a lease, with another person’s lease, with a revoked one, and after the session', () => {
    const grants = [grant('cluster-admin')];
    for (const [bad, mayBeOutdated] of [
      [undefined, true],
      [lease({ identityId: newId('user', now) as DesiredIdentity['id'] }), true],
      [lease({ status: 'revoked' }), false],
      [lease({ sessionExpiresAt: at(0) }), false],
    ] as const) {
      const decision = ask(grants, { lease: bad });
      expect(decision).to.include({ kind: 'denied', reason: 'Unauthorized', mayBeOutdated });
    }
  });

  it('denies an unknown identity and a disabled one', () => {
    expect(ask([], { rights: undefined })).to.include({ kind: 'denied', reason: 'Forbidden' });
    const disabled = rightsOf(identity([grant('view')], { status: 'disabled' }));
    expect(ask([], { rights: disabled })).to.include({ kind: 'denied', reason: 'Unauthorized' });
  });

  it('denies in a namespace without a grant for it, and says which to ask for', () => {
    const decision = ask([grant('view', { namespace: 'team-a' })], { scope: scope({ namespace: 'team-b' }) });
    expect(groupsOf(decision)).to.equal(
      'dev@example.com has no grant for namespace team-b in local. Ask an admin for: infra grants add dev@example.com --role view local.team-b (what there is: infra explain dev@example.com local.team-b)',
    );
  });

  it('an ended grant is no grant, to the millisecond', () => {
    expect(ask([grant('view', { until: at(0) })])).to.include({ kind: 'denied' });
    expect(ask([grant('view', { until: at(0.001) })])).to.include({ kind: 'allowed', until: now + 1 });
  });

  it('lends inside a namespace only the groups of that namespace and of the whole cluster', () => {
    const grants = [grant('edit', { namespace: 'team-a' }), grant('admin', { namespace: 'team-b' }), grant('view')];
    expect(groupsOf(ask(grants))).to.deep.equal(['infra:edit@team-a', 'infra:view@*']);
  });

  it('lends outside of namespaces only cluster-wide groups, and none at all to someone with a namespace grant', () => {
    const outside = { scope: scope({ namespace: '', resource: 'nodes' }) };
    expect(groupsOf(ask([grant('edit', { namespace: 'team-a' }), grant('view')], outside))).to.deep.equal(['infra:view@*']);
    expect(groupsOf(ask([grant('edit', { namespace: 'team-a' })], outside))).to.deep.equal([]);
    expect(ask([], outside)).to.include({ kind: 'denied', reason: 'Forbidden' });
  });

  it('answers reviews of oneself with every group', () => {
    const review = {
      scope: scope({ namespace: '', verb: 'create', apiGroup: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' }),
    };
    expect(groupsOf(ask([grant('edit', { namespace: 'team-a' })], review))).to.deep.equal(['infra:edit@team-a']);
  });

  it('must be decided anew when the last grant that lends a group ends', () => {
    const twice = [grant('view', { until: at(10) }), grant('view', { until: at(20) }), grant('edit', { until: at(30) })];
    expect(ask(twice)).to.include({ kind: 'allowed', until: now + 20_000 });
    expect(ask([grant('view')])).to.include({ kind: 'allowed', until: now + 7_200_000 });
  });

  it('security row 36: no service-account tokens without a cluster-wide cluster-admin grant', () => {
    const token = { scope: scope({ verb: 'create', resource: 'serviceaccounts', subresource: 'token' }) };
    expect(ask([grant('edit')], token)).to.include({ kind: 'denied', reason: 'Forbidden' });
    expect(ask([grant('cluster-admin', { namespace: 'team-a' })], token)).to.include({ kind: 'denied' });
    expect(ask([grant('cluster-admin')], token)).to.include({ kind: 'allowed' });
  });

  it('security row 36: in the connector’s namespace nobody but cluster-admin reads secrets or pods, executes or writes', () => {
    const own = (more: Partial<RequestScope>) => ({ scope: scope({ namespace: 'infra-system', ...more }) });
    for (const more of [
      { resource: 'secrets' },
      { resource: 'pods', verb: 'list' },
      { resource: 'pods', subresource: 'exec', verb: 'create' },
      { resource: 'pods', subresource: 'log' },
      { resource: 'deployments', apiGroup: 'apps', verb: 'create' },
      { resource: 'namespaces', verb: 'delete' },
    ]) {
      expect(ask([grant('edit'), grant('cluster-admin', { namespace: 'infra-system' })], own(more)), JSON.stringify(more)).to.include({
        kind: 'denied',
        reason: 'Forbidden',
      });
      expect(ask([grant('cluster-admin')], own(more))).to.include({ kind: 'allowed' });
    }
    expect(ask([grant('view')], own({ resource: 'configmaps', verb: 'list' }))).to.include({ kind: 'allowed' });
    expect(ask([grant('edit')], { scope: scope({ namespace: '', resource: 'secrets', verb: 'list' }) })).to.include({ kind: 'denied' });
  });
});

describe('connector rule: access with a proven second factor', () => {
  const asking = (role: string) => ({ ...grant(role), mfaSeconds: 900 });
  const proven = lease({ mfaAt: at(-60) });
  const holding = (...roles: readonly string[]) => rightsOf(identity([], { mfaGrants: roles.map(asking) }));

  it('goes by the rights as they are now, though the lease is the same', () => {
    const [before, after] = [holding('view', 'edit'), holding('view')];
    for (const [rights, groups] of [
      [before, ['infra:edit@*', 'infra:view@*']],
      [before, ['infra:edit@*', 'infra:view@*']],
      [after, ['infra:view@*']],
      [before, ['infra:edit@*', 'infra:view@*']],
    ] as const)
      expect(groupsOf(ask([], { rights, lease: proven }))).to.deep.equal(groups);
  });

  it('goes by the lease as it is now, though the rights are the same', () => {
    const rights = holding('view');
    expect(ask([], { rights, lease: proven }).kind).to.equal('allowed');
    expect(ask([], { rights, lease: lease({ mfaAt: null }) }).kind).to.equal('denied');
    expect(ask([], { rights, lease: proven }).kind).to.equal('allowed');
    expect(ask([], { rights, lease: proven, now: now + 840_000 }).kind).to.equal('denied');
  });
});

describe('connector rule: impersonation', () => {
  it('prefixes every name, so nothing native is inherited (security row 37)', () => {
    expect(clusterUserOf(identity([]), 'infra:')).to.equal('infra:dev@example.com');
    expect(clusterUserOf(identity([], { kind: 'workload', name: 'deploy' }), 'ci:')).to.equal('ci:workload:deploy');
  });

  it('stands in the id for a name that is not ASCII or could break out of a header', () => {
    for (const name of ['änne@example.com', 'a\r\nImpersonate-Group: system:masters', 'a b@example.com'])
      expect(clusterUserOf(identity([], { name }), 'infra:')).to.equal(`infra:${identityId}`);
  });

  it('lends no group for names that are no role or namespace', () => {
    const odd = [grant('view@*'), grant('system:masters\r\n'), grant('view', { namespace: 'Team A' }), grant('connect', { group: 'a\nb' })];
    expect(groupsOfGrants(odd)).to.deep.equal([]);
  });

  it('the role connect lends the group it came through and nothing else', () => {
    expect(groupsOfGrants([grant('connect', { group: 'platform' }), grant('connect')])).to.deep.equal(['infra:group:platform']);
  });

  it('sends user, uid, groups and the lease as an extra', () => {
    expect(impersonationHeaders({ user: 'infra:a@b.c', uid: 'usr_1', groups: ['g1', 'g2'], leaseId: 'lse_1' })).to.deep.equal([
      ['Impersonate-User', 'infra:a@b.c'],
      ['Impersonate-Uid', 'usr_1'],
      ['Impersonate-Group', 'g1'],
      ['Impersonate-Group', 'g2'],
      ['Impersonate-Extra-infra.internal%2Flease', 'lse_1'],
    ]);
  });
});
