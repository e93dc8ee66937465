/** Whom a login at a provider belongs to, as values. */
import { expect } from 'chai';
import { admissionOf, hasWayIn, readClaims, type Known } from '../../server/identity/account-rules.ts';
import { groupsNamed } from '../../server/identity/provider-group-rules.ts';
import { isProviderGroupName, parseGroupName, parseSubjectName } from '../../shared/resource-name.ts';

const provider = {
  ...{ id: 'idp_1', name: 'acme', emailDomains: ['example.com'], groupsClaim: 'groups' as string | null },
  ...{ kind: 'oidc' as const, issuer: 'https://login.example.com', directory: null, createUsers: true, linkUsers: false },
};
const honest = { sub: 's', email: 'ana@example.com', email_verified: true };

describe('claims of a provider', () => {
  const groups = (claims: object, groupsClaim: string | null = 'groups') => {
    const read = readClaims({ ...honest, ...claims }, { ...provider, groupsClaim });
    if ('code' in read) throw new Error(read.sentence);
    return read.groups.as === 'names' ? read.groups.names : undefined;
  };

  it('name groups at a claim of exactly this name before one on the way through dots', () => {
    expect(groups({ 'a.b': ['exact'], a: { b: ['nested'] } }, 'a.b')).to.deep.equal(['exact']);
    expect(groups({ a: { b: ['nested'] } }, 'a.b')).to.deep.equal(['nested']);
    expect(groups({ 'https://example.com/groups': ['x'] }, 'https://example.com/groups')).to.deep.equal(['x']);
  });
  it('tell a missing claim from an empty one', () => {
    expect(groups({})).to.equal(undefined);
    expect(groups({ groups: [] })).to.deep.equal([]);
    expect(groups({ groups: { admins: true } })).to.equal(undefined);
    expect(groups({ groups: ['x'] }, null)).to.equal(undefined);
  });
  it('reach no further than the claims themselves', () => {
    for (const path of ['constructor.name', '__proto__.x', 'a.constructor', 'a.length'])
      expect(groups({ a: [] }, path), path).to.equal(undefined);
  });
  it('name a group once, and take one that is no list for one', () => {
    expect(groupsNamed(['x', 'x', 'y'])).to.deep.include({ groups: [{ name: 'x' }, { name: 'y' }] });
    expect(groups({ groups: 'x' })).to.deep.equal(['x']);
  });
  it('without a plain subject are nobody', () => {
    for (const sub of [undefined, '', 7, 'ä', 'x'.repeat(256), 'a\nb'])
      expect(readClaims({ ...honest, sub }, provider), String(sub)).to.have.property('code', 'login.provider-failed');
  });
});

describe('admission', () => {
  const nobody: Known = { owner: undefined, namesake: undefined, namesakeProviders: [], namesakeHasPassword: false };
  const active = { status: 'active' } as const;
  const disabled = { status: 'disabled' } as const;
  const table: readonly (readonly [what: string, known: Partial<Known>, settings: object, outcome: string])[] = [
    ['the owner of the account comes in', { owner: active }, {}, 'owner'],
    ['even where nobody is added', { owner: active }, { createUsers: false }, 'owner'],
    ['a disabled owner does not', { owner: disabled }, {}, 'login.user-disabled'],
    ['a disabled namesake does not', { namesake: disabled }, { linkUsers: true }, 'login.user-disabled'],
    ['somebody unknown is added', {}, {}, 'new user'],
    ['or not', {}, { createUsers: false }, 'login.user-unknown'],
    ['a namesake without an account is bound', { namesake: active }, { createUsers: false }, 'namesake'],
    ['one with an account elsewhere is not', { namesake: active, namesakeProviders: ['idp_2'] }, {}, 'login.account-conflict'],
    ['unless the provider may share', { namesake: active, namesakeProviders: ['idp_2'] }, { linkUsers: true }, 'namesake'],
    ['one with a password of their own is not', { namesake: active, namesakeHasPassword: true }, {}, 'login.account-conflict'],
    ['unless it may share', { namesake: active, namesakeHasPassword: true }, { linkUsers: true }, 'namesake'],
    ['whom the directory gave is bound', { provisioned: { ...active, hasAccountHere: false } }, { createUsers: false }, 'provisioned'],
    [
      'whatever other ways in they have',
      { provisioned: { ...active, hasAccountHere: false }, namesakeProviders: ['idp_2'], namesakeHasPassword: true },
      {},
      'provisioned',
    ],
    ['unless an admin disabled them', { provisioned: { ...disabled, hasAccountHere: false } }, {}, 'login.user-disabled'],
    ['and to one subject alone', { provisioned: { ...active, hasAccountHere: true } }, { linkUsers: true }, 'login.account-conflict'],
    ['whom the directory deactivated stays out', { owner: active, isDeactivated: true }, { linkUsers: true }, 'login.user-disabled'],
    ['even as somebody new', { isDeactivated: true }, {}, 'login.user-disabled'],
    ['whose account was taken off stays out', { owner: active, isUnlinked: true }, { linkUsers: true }, 'login.account-unlinked'],
    [
      'even if the directory gives them',
      { owner: active, isUnlinked: true, provisioned: { ...active, hasAccountHere: true } },
      {},
      'login.account-unlinked',
    ],
    ['never with a second subject here', { namesake: active, namesakeProviders: ['idp_1'] }, { linkUsers: true }, 'login.account-conflict'],
    ['nor beside another', { namesake: active, namesakeProviders: ['idp_2', 'idp_1'] }, { linkUsers: true }, 'login.account-conflict'],
  ];
  for (const [what, known, settings, outcome] of table) {
    it(what, () => {
      const admission = admissionOf({ ...nobody, ...known }, { ...provider, ...settings });
      expect('code' in admission ? admission.code : admission.as).to.equal(outcome);
    });
  }
  it('a person is in by a password or by an open account', () => {
    expect(hasWayIn('none', [])).to.equal(false);
    expect(hasWayIn('none', [{ state: 'ended' }])).to.equal(false);
    expect(hasWayIn('none', [{ state: 'ended' }, { state: 'active' }])).to.equal(true);
    expect(hasWayIn('one-time', [])).to.equal(true);
    expect(hasWayIn('one-time', [{ state: 'ended' }]), 'an invitation that was never used').to.equal(false);
    expect(hasWayIn('set', [{ state: 'ended' }])).to.equal(true);
    expect(hasWayIn('none', [{ state: 'unlinked' }])).to.equal(false);
    expect(hasWayIn('one-time', [{ state: 'unlinked' }])).to.equal(false);
    expect(hasWayIn('none', [{ state: 'unlinked' }, { state: 'active' }])).to.equal(true);
  });
});

describe('names of groups', () => {
  it('belong to a provider when one stands before them, and to it alone', () => {
    expect(parseGroupName('platform')).to.deep.equal({ provider: null, name: 'platform' });
    expect(parseGroupName('okta/platform')).to.deep.equal({ provider: 'okta', name: 'platform' });
    expect(parseGroupName('okta//eu/ops')).to.deep.equal({ provider: 'okta', name: '/eu/ops' });
    for (const text of ['/platform', 'okta/', 'Okta/x', 'infra/x', 'system/x', 'local/x', 'okta/a:b', 'okta/ x', 'a.b/x'])
      expect(parseGroupName(text), text).to.equal(undefined);
    expect(parseSubjectName('group:okta/On Call')).to.deep.equal({ kind: 'group', name: 'okta/On Call' });
    expect(parseSubjectName('group:okta/system:masters')).to.equal(undefined);
  });
  it('are printable ASCII of at most 200 characters, with a space inside alone', () => {
    for (const name of ['x', 'a b', '/x', 'R&D (EU)', 'x'.repeat(200)]) expect(isProviderGroupName(name), name).to.equal(true);
    for (const name of ['', ' x', 'x ', 'a\tb', 'é', 'a:b', 'a,b', 'a"b', 'a<b', 'x'.repeat(201)])
      expect(isProviderGroupName(name), name).to.equal(false);
  });
});
