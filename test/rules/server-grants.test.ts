/** What may be granted where, and who holds what from it. */
import { expect } from 'chai';
import { effectiveAccess, type HeldGrant, type KnownIdentity, type Membership } from '../../server/grants/effective-access.ts';
import { checkGrant, covers, mfaFault, missingGrant, prefixFault } from '../../server/grants/grant-rules.ts';
import { isRoleName, parseResourceName } from '../../shared/resource-name.ts';

const now = '2026-01-31T12:00:00.000Z';
const later = '2026-01-31T12:00:00.001Z';

describe('a grant', () => {
  for (const [role, resource, parsed] of [
    ['view', 'prod', { destination: 'prod' }],
    ['view', 'prod.web', { destination: 'prod', namespace: 'web' }],
    ['system:node', 'prod', { destination: 'prod' }],
    ['connect', 'prod.web', { destination: 'prod', namespace: 'web' }],
    ['role/deployer', 'prod.web', { destination: 'prod', namespace: 'web' }],
    ['admin', 'infra', { destination: 'infra' }],
    ['view', 'infra', { destination: 'infra' }],
  ] as const)
    it(`of ${role} on ${resource} may be made`, () =>
      expect(checkGrant({ role, resource, until: undefined, mfaSeconds: undefined }, now)).to.deep.equal({ resource: parsed }));

  for (const [role, resource, field] of [
    ['edit', 'infra', 'role'],
    ['cluster-admin', 'infra', 'role'],
    ['Admin', 'infra', 'role'],
    ['role/admin', 'infra', 'role'],
    ['admin', 'infra.web', 'resource'],
    ['role/deployer', 'prod', 'resource'],
    ['view', '', 'resource'],
    ['view', '*', 'resource'],
    ['view', 'prod.*', 'resource'],
    ['view', 'prod.', 'resource'],
    ['view', '.web', 'resource'],
    ['view', 'prod.web.pod', 'resource'],
    ['view', 'Prod', 'resource'],
    ['view', 'prod/web', 'resource'],
    ['view', 'prod\n', 'resource'],
    ['view', '-prod', 'resource'],
    ['view', 'p'.repeat(64), 'resource'],
  ] as const)
    it(`of ${role} on ${JSON.stringify(resource)} may not: the ${field} is wrong`, () =>
      expect(checkGrant({ role, resource, until: undefined, mfaSeconds: undefined }, now)).to.have.property('field', field));

  for (const [role, resource] of [
    ['impersonate:user:bob', 'prod'],
    ['impersonate:group:developers', 'prod'],
    ['impersonate:serviceaccount:web/deployer', 'prod'],
    ['impersonate:serviceaccount:web/deployer', 'prod.web'],
  ] as const)
    it(`of ${role} on ${resource} may be made`, () =>
      expect(checkGrant({ role, resource, until: undefined, mfaSeconds: undefined }, now)).to.have.property('resource'));

  for (const [role, resource, field, says] of [
    ['impersonate:user:bob', 'prod.web', 'resource', /the whole cluster/],
    ['impersonate:group:developers', 'prod.web', 'resource', /the whole cluster/],
    ['impersonate:serviceaccount:web/deployer', 'prod.team', 'resource', /prod\.web, the service account's own namespace/],
    ['impersonate:user:bob', 'infra', 'role', /admin or view/],
    ['impersonate:user', 'prod', 'role', /must be impersonate:user:NAME/],
  ] as const)
    it(`of ${role} on ${resource} may not: the ${field} is wrong`, () => {
      const checked = checkGrant({ role, resource, until: undefined, mfaSeconds: undefined }, now);
      expect(checked).to.have.property('field', field);
      expect('message' in checked ? checked.message : '').to.match(says);
    });

  it('to act as a user may not name one of infra’s own people, by whatever prefix the destination gives them', () => {
    expect(prefixFault('impersonate:user:ci:ana@example.com', 'ci:')).to.have.property('field', 'role');
    for (const role of ['impersonate:user:cia', 'impersonate:user:bob', 'impersonate:group:ci:x', 'view'])
      expect(prefixFault(role, 'ci:'), role).to.equal(undefined);
  });

  it('ends in the future or never', () => {
    const until = (end: string | undefined) => checkGrant({ role: 'view', resource: 'prod', until: end, mfaSeconds: undefined }, now);
    expect(until(undefined)).to.have.property('resource');
    expect(until(later)).to.have.property('resource');
    for (const past of [now, '2026-01-31T11:59:59.999Z', '1970-01-01T00:00:00.000Z'])
      expect(until(past)).to.have.property('field', 'until');
  });

  for (const [standing, wished, isCovered] of [
    [null, null, true],
    [null, now, true],
    [now, null, false],
    [now, now, true],
    [later, now, true],
    [now, later, false],
  ] as const)
    it(`until ${standing ?? 'ever'} ${isCovered ? 'makes one' : 'leaves room for one'} until ${wished ?? 'ever'}${isCovered ? ' pointless' : ''}`, () =>
      expect(covers({ until: standing, mfaSeconds: null }, { until: wished, mfaSeconds: null })).to.equal(isCovered));

  for (const [standing, wished, isCovered] of [
    [null, 900, true],
    [900, null, false],
    [900, 900, true],
    [900, 60, true],
    [60, 900, false],
  ] as const)
    it(`with a second factor within ${standing ?? 'any'} s ${isCovered ? 'makes one' : 'leaves room for one'} within ${wished ?? 'any'} s${isCovered ? ' pointless' : ''}`, () =>
      expect(covers({ until: null, mfaSeconds: standing }, { until: null, mfaSeconds: wished })).to.equal(isCovered));

  it('asks nobody for a second factor who cannot have one, and not on infra itself', () => {
    expect(mfaFault('workload', 900)).to.have.property('field', 'mfaSeconds');
    for (const kind of ['user', 'group'] as const) expect(mfaFault(kind, 900)).to.equal(undefined);
    expect(mfaFault('workload', undefined)).to.equal(undefined);
    expect(checkGrant({ role: 'admin', resource: 'infra', until: undefined, mfaSeconds: 900 }, now)).to.have.property(
      'field',
      'mfaSeconds',
    );
    expect(checkGrant({ role: 'view', resource: 'prod', until: undefined, mfaSeconds: 900 }, now)).to.have.property('resource');
  });

  it('that is missing is named by the command that would make it', () => {
    expect(missingGrant('ana@example.com', 'prod.web')).to.include('infra grants add ana@example.com --role ROLE prod.web');
  });
});

describe('role and resource names', () => {
  for (const name of ['', 'a b', 'a@b', 'a/b', 'role/', 'role/a/b', '../x', 'a\n', '-a', 'a-', '*', 'é', 'a'.repeat(254), 'infra:view@*'])
    it(`${JSON.stringify(name).slice(0, 20)} is no role`, () => expect(isRoleName(name)).to.equal(false));

  it('no two resource names mean the same', () => {
    const seen = new Map<string, string>();
    for (const destination of ['a', 'a-b', 'a0', 'b'])
      for (const namespace of [undefined, 'a', 'a-b', 'b']) {
        const text = namespace === undefined ? destination : `${destination}.${namespace}`;
        const key = JSON.stringify(parseResourceName(text));
        expect(seen.has(key), text).to.equal(false);
        seen.set(key, text);
      }
  });
});

// The rules compare ids; any text is one to them.
const id = (text: string): never => text as never;
const grant = (name: string, subject: string, until: string | null = null): HeldGrant => ({
  id: id(name),
  subject: { kind: subject.startsWith('grp') ? 'group' : 'user', id: subject },
  role: 'view',
  namespace: null,
  until,
  mfaSeconds: null,
});
const person = (name: string, status: KnownIdentity['status'] = 'active'): KnownIdentity => ({ id: id(name), kind: 'user', name, status });
const member = (groupId: string, identityId: string): Membership => ({ groupId, groupName: `name of ${groupId}`, identityId });

describe('effective access', () => {
  it('is one’s own grants and those of one’s groups, each with the way it came', () => {
    const [ana] = effectiveAccess([grant('g1', 'ana'), grant('g2', 'grp1')], [person('ana')], [member('grp1', 'ana')]);
    expect(ana?.grants.map(({ id: grantId, group }) => [grantId, group])).to.deep.equal([
      ['g1', null],
      ['g2', 'name of grp1'],
    ]);
  });

  it('keeps roles to act as somebody apart, so that a connector that does not know them sees none', () => {
    const acting = { ...grant('g2', 'ana'), role: 'impersonate:user:bob' };
    const [ana] = effectiveAccess([grant('g1', 'ana'), acting], [person('ana')], []);
    expect(ana?.grants.map(({ id: grantId }) => grantId)).to.deep.equal(['g1']);
    expect(ana?.impersonateGrants?.map(({ id: grantId }) => grantId)).to.deep.equal(['g2']);
    const [only] = effectiveAccess([acting], [person('ana')], []);
    expect(only?.grants).to.deep.equal([]);
    expect(effectiveAccess([grant('g1', 'ana')], [person('ana')], [])[0]).not.to.have.property('impersonateGrants');
  });

  it('keeps grants that ask for a second factor apart, of every role, and gives them to no workload', () => {
    const grants = ['view', 'impersonate:user:bob'].map((role) => ({ ...grant(role, 'grp1'), role, mfaSeconds: 900 }));
    const robot: KnownIdentity = { ...person('robot'), kind: 'workload' };
    const held = effectiveAccess([...grants, grant('g1', 'ana')], [person('ana'), robot], [member('grp1', 'ana'), member('grp1', 'robot')]);
    expect(held.map(({ name }) => name)).to.deep.equal(['ana']);
    expect(held[0]?.grants.map(({ role }) => role)).to.deep.equal(['view']);
    expect(held[0]).not.to.have.property('impersonateGrants');
    expect(held[0]?.mfaGrants?.map(({ role, mfaSeconds, group }) => [role, mfaSeconds, group])).to.deep.equal([
      ['view', 900, 'name of grp1'],
      ['impersonate:user:bob', 900, 'name of grp1'],
    ]);
  });

  it('leaves out who holds nothing, and keeps who is disabled, as disabled', () => {
    const held = effectiveAccess([grant('g1', 'ana')], [person('ana', 'disabled'), person('bea')], [member('grp1', 'bea')]);
    expect(held.map(({ name, status }) => [name, status])).to.deep.equal([['ana', 'disabled']]);
  });

  it('gives nothing for a name: an identity called like a group, or a group called like another, holds nothing of it', () => {
    const likeGroup: KnownIdentity = { ...person('eve'), name: 'name of grp1' };
    const grants = [grant('g1', 'grp1')];
    expect(effectiveAccess(grants, [likeGroup], [])).to.deep.equal([]);
    const namesake: Membership = { groupId: 'grp2', groupName: 'name of grp1', identityId: 'eve' };
    expect(effectiveAccess(grants, [likeGroup], [namesake])).to.deep.equal([]);
  });

  it('is, for every mixture of people, groups and grants, exactly what each grant says', () => {
    const people = ['ana', 'bea', 'cy'].map((name) => person(name));
    const subjects = ['ana', 'bea', 'cy', 'grp1', 'grp2'];
    const memberships = people.flatMap(({ id: identityId }) => ['grp1', 'grp2'].map((groupId) => member(groupId, identityId)));
    for (let mixture = 0; mixture < 2 ** (subjects.length + memberships.length); mixture += 1) {
      const isIn = (bit: number): boolean => (mixture & (1 << bit)) !== 0;
      const grants = subjects.filter((_, index) => isIn(index)).map((subject) => grant(`g-${subject}`, subject));
      const joined = memberships.filter((_, index) => isIn(subjects.length + index));
      const held = new Map(
        effectiveAccess(grants, people, joined).map((one) => [one.id as string, one.grants.map((own) => own.id as string)]),
      );
      for (const { id: identityId } of people) {
        const expected = grants
          .filter(
            ({ subject }) => subject.id === identityId || joined.some((one) => one.groupId === subject.id && one.identityId === identityId),
          )
          .map((own) => own.id as string);
        expect(held.get(identityId) ?? [], `mixture ${mixture}`).to.have.members(expected);
      }
    }
  });
});
