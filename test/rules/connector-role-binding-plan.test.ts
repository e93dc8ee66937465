import { expect } from 'chai';
import { planBindings, type FoundBinding, type PlanInput } from '../../connector/reconcile/role-binding-plan.ts';
import type { DesiredGrant, DesiredIdentity } from '../../shared/api/connectors.ts';
import { newId } from '../../shared/id.ts';

const now = Date.parse('2026-06-01T12:00:00Z');
const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
const destinationId = newId('destination', now);

const grant = (role: string, namespace: string | null = null, until: string | null = null): DesiredGrant => ({
  id: newId('grant', now) as DesiredGrant['id'],
  role,
  namespace,
  until,
  group: null,
});
const user = (name: string, grants: DesiredGrant[], status: 'active' | 'disabled' = 'active'): DesiredIdentity => ({
  id: newId('user', now) as DesiredIdentity['id'],
  kind: 'user',
  name,
  status,
  grants,
});
const plan = (identities: readonly DesiredIdentity[], more: Partial<PlanInput> = {}) =>
  planBindings({
    destinationId,
    destinationName: 'local',
    userPrefix: 'infra:',
    guardedNamespace: 'infra-system',
    ownAccount: 'system:serviceaccount:ops:infra',
    predecessors: [],
    identities,
    found: [],
    cluster: {
      namespaces: new Set(['team-a']),
      clusterRoles: new Set(['view', 'edit', 'admin', 'cluster-admin', 'system:node', 'deployer']),
      grantableClusterRoles: new Set(['deployer']),
      roles: new Set(['team-a/web']),
    },
    now,
    ...more,
  });
const bindingName = (kind: string, role: string): string => `infra:${destinationId}:${kind}:${role}`;
const found = (more: Partial<FoundBinding> = {}): FoundBinding => ({
  namespace: null,
  name: bindingName('clusterrole', 'view'),
  destinationId,
  roleRef: 'ClusterRole/view',
  subjects: ['Group/infra:view@*'],
  holders: 'ana@example.com',
  ...more,
});

describe('connector rule: binding plan', () => {
  it('does nothing when the cluster is as it should be', () => {
    expect(plan([user('ana@example.com', [grant('view')])], { found: [found()] }).steps).to.deep.equal([]);
  });

  it('makes one binding per role and scope, whoever many hold it', () => {
    const { steps } = plan([user('bo@example.com', [grant('view')]), user('ana@example.com', [grant('view'), grant('view', 'team-a')])]);
    expect(
      steps.map((step) => (step.kind === 'create' ? [step.binding.namespace, step.binding.group, step.binding.holders] : step.kind)),
    ).to.deep.equal([
      [null, 'infra:view@*', 'ana@example.com, bo@example.com'],
      ['team-a', 'infra:view@team-a', 'ana@example.com'],
    ]);
  });

  it('binds what is granted on condition of a second factor like the rest: the gate judges the condition', () => {
    const asking = { ...grant('edit'), mfaSeconds: 900 };
    const { steps, grantsByBinding } = plan([{ ...user('ana@example.com', []), mfaGrants: [asking] }]);
    expect(steps.map((step) => (step.kind === 'create' ? step.binding.group : step.kind))).to.deep.equal(['infra:edit@*']);
    expect([...grantsByBinding.values()]).to.deep.equal([[asking.id]]);
  });

  it('leaves other destinations’ bindings alone, and clears away its predecessors’', () => {
    const [stranger, predecessor] = [newId('destination', now), newId('destination', now)];
    const { steps } = plan([], {
      predecessors: [predecessor],
      found: [
        found({ destinationId: stranger, name: 'a' }),
        found({ destinationId: '', name: 'b' }),
        found({ destinationId: predecessor, name: 'c' }),
      ],
    });
    expect(steps).to.deep.equal([{ kind: 'delete', namespace: null, name: 'c' }]);
  });

  it('repairs subjects and annotation in place, and replaces a binding whose role was changed', () => {
    const ana = [user('ana@example.com', [grant('view')])];
    expect(plan(ana, { found: [found({ subjects: ['Group/infra:view@*', 'User/eve'] })] }).steps[0]).to.include({ kind: 'apply' });
    expect(plan(ana, { found: [found({ subjects: [] })] }).steps[0]).to.include({ kind: 'apply' });
    expect(plan(ana, { found: [found({ holders: '' })] }).steps[0]).to.include({ kind: 'apply' });
    expect(plan(ana, { found: [found({ roleRef: 'ClusterRole/cluster-admin' })] }).steps[0]).to.include({ kind: 'replace' });
  });

  it('takes bindings away when the grant has ended, is gone, or its holder is disabled', () => {
    for (const identities of [
      [],
      [user('ana@example.com', [grant('view', null, at(0))])],
      [user('ana@example.com', [grant('view')], 'disabled')],
    ])
      expect(plan(identities, { found: [found()] }).steps).to.deep.equal([{ kind: 'delete', namespace: null, name: found().name }]);
  });

  it('knows when the next grant ends', () => {
    expect(
      plan([user('a@b.c', [grant('view', null, at(60)), grant('edit', null, at(5)), grant('admin', null, at(-5))])]).nextChangeAt,
    ).to.equal(now + 5000);
    expect(plan([user('a@b.c', [grant('view')])]).nextChangeAt).to.equal(undefined);
  });

  it('says of each impossible grant why, and disturbs no other', () => {
    const bad = [
      grant('view', 'team-z'),
      grant('nonsense'),
      grant('system:node'),
      grant('role/web'),
      grant('role/other', 'team-a'),
      grant('bad role'),
    ];
    const good = [grant('deployer'), grant('role/web', 'team-a'), grant('edit', 'team-a')];
    const { steps, impossible } = plan([user('ana@example.com', [...bad, ...good])]);
    expect([...impossible.keys()]).to.deep.equal(bad.map((each) => each.id));
    expect(impossible.get(bad[0]!.id)).to.contain('team-z does not exist');
    expect(impossible.get(bad[2]!.id)).to.contain('may not be granted');
    expect(steps.map((step) => (step.kind === 'create' ? `${step.binding.roleKind}/${step.binding.roleName}` : step.kind))).to.deep.equal([
      'ClusterRole/deployer',
      'Role/web',
      'ClusterRole/edit',
    ]);
  });

  it('the role connect binds nothing', () => {
    const connect = grant('connect');
    const result = plan([user('ana@example.com', [connect])]);
    expect(result.steps).to.deep.equal([]);
    expect(result.grantsWithout).to.deep.equal([connect.id]);
  });

  it('roles to act as somebody bind nothing, not even a ClusterRole of that very name, wherever the state holds them', () => {
    const role = 'impersonate:user:bob';
    const cluster = {
      namespaces: new Set<string>(),
      clusterRoles: new Set([role, 'impersonate:later-form']),
      grantableClusterRoles: new Set([role, 'impersonate:later-form']),
      roles: new Set<string>(),
    };
    const [known, unknown, misplaced] = [grant(role), grant('impersonate:later-form'), grant(role)];
    const result = plan([{ ...user('ana@example.com', [misplaced]), impersonateGrants: [known, unknown] }], { cluster });
    expect(result.steps).to.deep.equal([]);
    expect(result.grantsWithout).to.deep.equal([misplaced.id, known.id]);
    expect(result.impossible.get(unknown.id)).to.match(/must be impersonate:user:NAME.*remove this grant/);
  });

  it('says of a grant to act as the connector itself, or as one of its own people, that it cannot be had', () => {
    for (const role of [
      'impersonate:serviceaccount:infra-system/connector',
      'impersonate:serviceaccount:ops/infra',
      'impersonate:user:ci:ana@example.com',
    ]) {
      const refused = grant(role);
      const result = plan([{ ...user('ana@example.com', []), impersonateGrants: [refused] }], { userPrefix: 'ci:' });
      expect(result.impossible.get(refused.id), role).to.match(/may not name .* own.*; remove this grant/);
    }
  });

  it('a ClusterRole and a Role of confusable names do not share a binding', () => {
    const cluster = {
      namespaces: new Set(['n']),
      clusterRoles: new Set(['role:x', 'x']),
      grantableClusterRoles: new Set(['role:x', 'x']),
      roles: new Set(['n/x']),
    };
    const { steps } = plan([user('a@b.c', [grant('role:x', 'n'), grant('role/x', 'n'), grant('x', 'n')])], { cluster });
    expect(new Set(steps.map((step) => (step.kind === 'create' ? step.binding.name : ''))).size).to.equal(3);
  });

  it('bounds the list of holders', () => {
    const { steps } = plan(Array.from({ length: 500 }, (_, index) => user(`person-${index}@example.com`, [grant('view')])));
    const [step] = steps;
    expect(step?.kind === 'create' ? step.binding.holders.length : 0).to.be.within(900, 1050);
    expect(step?.kind === 'create' ? step.binding.holders : '').to.match(/ and \d+ more$/);
  });
});
