/** What a PATCH makes of a user (RFC 7644 §3.5.2), and which attributes are shown (§3.9). */
import { expect } from 'chai';
import fc from 'fast-check';
import { ScimError } from '../../server/scim/scim-error-rules.ts';
import { applyPatch, readPatch } from '../../server/scim/scim-patch-rules.ts';
import { createProjection } from '../../server/scim/scim-projection-rules.ts';
import { givenUser, isNamedTag, memberStep } from '../../server/scim/scim-resource-rules.ts';
import { groupSchema, userSchema } from '../../server/scim/scim-schema-rules.ts';
import { readResource } from '../../server/scim/scim-value-rules.ts';

const work = { value: 'ana@example.com', type: 'work', primary: true };
const home = { value: 'ana@home.example', type: 'home' };
const ana = {
  userName: 'ana@example.com',
  active: true,
  displayName: 'Ana',
  name: { givenName: 'Ana', familyName: 'Gomez' },
  emails: [work, home],
};

const patched = (...operations: readonly object[]): Readonly<Record<string, unknown>> =>
  applyPatch(ana, readPatch({ Operations: operations }, userSchema, 'usr_1'));
const scimTypeOf = (work_: () => unknown): string | undefined => {
  try {
    work_();
  } catch (error) {
    if (error instanceof ScimError) return error.scimType;
    throw error;
  }
  return 'nothing thrown';
};

describe('a SCIM PATCH', () => {
  const changes: readonly (readonly [what: string, operation: object, changed: object])[] = [
    ['replaces a value', { op: 'replace', path: 'displayName', value: 'B' }, { displayName: 'B' }],
    ['takes operations in any case', { op: 'Replace', path: 'DISPLAYNAME', value: 'B' }, { displayName: 'B' }],
    ['takes flags as text', { op: 'Replace', path: 'active', value: 'False' }, { active: false }],
    [
      'takes URNs before names',
      { op: 'add', path: `${userSchema.id}:name.givenName`, value: 'B' },
      { name: { givenName: 'B', familyName: 'Gomez' } },
    ],
    ['takes a value without a path', { op: 'replace', value: { active: false, displayName: 'B' } }, { active: false, displayName: 'B' }],
    [
      'takes paths as keys of such a value',
      { op: 'add', value: { 'name.givenName': 'B' } },
      { name: { givenName: 'B', familyName: 'Gomez' } },
    ],
    [
      'keeps parts that are not named',
      { op: 'replace', path: 'name', value: { givenName: 'B' } },
      { name: { givenName: 'B', familyName: 'Gomez' } },
    ],
    [
      'changes one of several values',
      { op: 'replace', path: 'emails[type eq "home"].value', value: 'x@y.z' },
      { emails: [work, { ...home, value: 'x@y.z' }] },
    ],
    [
      'makes one that is not there',
      { op: 'add', path: 'emails[type eq "other"].value', value: 'x@y.z' },
      { emails: [work, home, { type: 'other', value: 'x@y.z' }] },
    ],
    ['adds no value twice', { op: 'add', path: 'emails', value: [home] }, {}],
    [
      'has one primary value',
      { op: 'add', path: 'emails', value: [{ value: 'n@x.y', primary: true }] },
      { emails: [{ ...work, primary: false }, home, { value: 'n@x.y', primary: true }] },
    ],
    ['replaces all values', { op: 'replace', path: 'emails', value: [home] }, { emails: [home] }],
    ['removes some by a filter', { op: 'remove', path: 'emails[type eq "work"]' }, { emails: [home] }],
    ['removes some by value', { op: 'Remove', path: 'emails', value: [{ value: home.value }] }, { emails: [work] }],
    ['removes nothing where nothing matches', { op: 'remove', path: 'emails[type eq "other"]' }, {}],
    ['removes a part', { op: 'remove', path: 'name.givenName' }, { name: { familyName: 'Gomez' } }],
    ['passes over what is not kept', { op: 'add', path: 'title', value: 'x' }, {}],
    ['passes over a password', { op: 'replace', path: 'password', value: 'x' }, {}],
    ['passes over extensions', { op: 'add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', value: '1' }, {}],
    [
      'passes over a whole extension',
      { op: 'add', value: { 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'x' } } },
      {},
    ],
    ['passes over its own id within a value', { op: 'replace', value: { id: 'usr_1', displayName: 'B' } }, { displayName: 'B' }],
    ['passes over what is read-only within a value', { op: 'replace', value: { groups: [{ value: 'grp_1' }], meta: {}, schemas: [] } }, {}],
  ];
  for (const [what, operation, changed] of changes) it(what, () => expect(patched(operation)).to.deep.equal({ ...ana, ...changed }));

  it('removes a value whole', () => {
    const { displayName: _, ...rest } = ana;
    for (const operation of [
      { op: 'remove', path: 'displayName' },
      { op: 'replace', path: 'displayName', value: null },
    ])
      expect(patched(operation)).to.deep.equal(rest);
    expect(patched({ op: 'remove', path: 'emails' })).to.not.have.property('emails');
  });

  const refusals: readonly (readonly [what: string, operation: object, scimType: string])[] = [
    ['an operation that there is not', { op: 'move', path: 'displayName' }, 'invalidSyntax'],
    ['a remove without a path', { op: 'remove' }, 'noTarget'],
    ['no value without a path', { op: 'add', value: 'x' }, 'invalidValue'],
    ['an attribute that there is not', { op: 'add', path: 'nothing', value: 'x' }, 'invalidPath'],
    ['a part that there is not', { op: 'add', path: 'name.nothing', value: 'x' }, 'invalidPath'],
    ['a path that is none', { op: 'add', path: 'emails[type eq', value: 'x' }, 'invalidPath'],
    ['a filter behind one value', { op: 'add', path: 'name[givenName eq "x"]', value: 'x' }, 'invalidPath'],
    ['what is read-only, by name', { op: 'replace', path: 'id', value: 'x' }, 'mutability'],
    ['groups, by name', { op: 'add', path: 'groups', value: [{ value: 'grp_1' }] }, 'mutability'],
    ['another id', { op: 'replace', value: { id: 'usr_2' } }, 'mutability'],
    ['to remove what is required', { op: 'remove', path: 'userName' }, 'mutability'],
    ['to empty what is required', { op: 'replace', path: 'userName', value: null }, 'invalidValue'],
    ['to remove the flag that lets in', { op: 'remove', path: 'active' }, 'mutability'],
    ['a flag that is none', { op: 'replace', path: 'active', value: 'yes' }, 'invalidValue'],
    ['text that is none', { op: 'replace', path: 'displayName', value: 5 }, 'invalidValue'],
    ['control characters', { op: 'replace', path: 'displayName', value: 'a\u001b[2J' }, 'invalidValue'],
    ['too long a text', { op: 'replace', path: 'displayName', value: 'x'.repeat(1001) }, 'invalidValue'],
    ['to make a value that a filter does not describe', { op: 'replace', path: 'emails[value co "nobody"].type', value: 'x' }, 'noTarget'],
  ];
  for (const [what, operation, scimType] of refusals)
    it(`refuses ${what}`, () => expect(scimTypeOf(() => patched(operation))).to.equal(scimType));

  it('whatever it holds, leaves a user with a name or changes nothing', () => {
    const path = fc.constantFrom(
      'userName',
      'active',
      'emails',
      'emails[type eq "work"]',
      'emails[type eq "x"].value',
      'name',
      'name.givenName',
      '__proto__',
      'constructor',
      '',
      'id',
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(null, 'False', [{ value: 'x' }], { value: 'x' }, { __proto__: { active: false } }),
    );
    const operation = fc.record({ op: fc.constantFrom('add', 'Replace', 'remove', 'x'), path, value }, { requiredKeys: ['op'] });
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 4 }), (operations) => {
        try {
          const after = patched(...operations);
          expect(givenUser(after).userName).to.be.a('string').and.not.equal('');
          expect(after['active']).to.be.a('boolean');
        } catch (error) {
          if (!(error instanceof ScimError)) throw error;
        }
        expect(({} as Record<string, unknown>)['active']).to.equal(undefined);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('members in a SCIM PATCH', () => {
  const steps = (...operations: readonly object[]) =>
    readPatch({ Operations: operations }, groupSchema, 'grp_1').map((step) => memberStep(step));
  it('are added, replaced and removed as Okta and Entra write it', () => {
    expect(steps({ op: 'Add', path: 'members', value: [{ $ref: null, value: 'a' }] })).to.deep.equal([{ kind: 'add', ids: ['a'] }]);
    expect(steps({ op: 'add', value: { members: [{ value: 'a' }] } })).to.deep.equal([{ kind: 'add', ids: ['a'] }]);
    expect(steps({ op: 'replace', path: 'members', value: [{ value: 'a' }] })).to.deep.equal([{ kind: 'replace', ids: ['a'] }]);
    expect(steps({ op: 'remove', path: 'members[value eq "a"]' })).to.deep.equal([{ kind: 'remove', ids: ['a'] }]);
    expect(steps({ op: 'remove', path: 'members[value eq "a" or value eq "b"]' })).to.deep.equal([{ kind: 'remove', ids: ['a', 'b'] }]);
    expect(steps({ op: 'Remove', path: 'members', value: [{ value: 'a' }] })).to.deep.equal([{ kind: 'remove', ids: ['a'] }]);
  });
  it('all go where the remove names none, and nobody where it names an empty list', () => {
    expect(steps({ op: 'remove', path: 'members' })).to.deep.equal([{ kind: 'replace', ids: [] }]);
    expect(steps({ op: 'remove', path: 'members', value: [] })).to.deep.equal([{ kind: 'remove', ids: [] }]);
  });
  it('are named by id and by nothing else', () => {
    for (const path of [
      'members[value co "a"]',
      'members[not (value eq "a")]',
      'members[type eq "User"]',
      'members[value eq "a" and value eq "b"]',
    ])
      expect(
        scimTypeOf(() => steps({ op: 'remove', path })),
        path,
      ).to.equal('invalidFilter');
    expect(scimTypeOf(() => steps({ op: 'add', path: 'members', value: [{ display: 'a' }] }))).to.equal('invalidValue');
    expect(scimTypeOf(() => steps({ op: 'replace', path: 'members.value', value: 'a' }))).to.equal('mutability');
  });
});

describe('a SCIM resource', () => {
  it('is read in our spelling, without what is read-only, dropped or unknown', () => {
    const body = {
      ...{ USERNAME: 'ana@example.com', Active: 'True', id: 'usr_2', groups: [{ value: 'grp_1' }], password: 'x', title: 'y', nothing: 1 },
      ...{ [`${userSchema.id}:displayName`]: 'Ana', emails: { Value: 'a@b.c', junk: 1 } },
    };
    expect(readResource(body, userSchema)).to.deep.equal({
      userName: 'ana@example.com',
      active: true,
      displayName: 'Ana',
      emails: [{ value: 'a@b.c' }],
    });
  });
  it('shows what is asked for, and always its id', () => {
    const resource = {
      schemas: ['x'],
      id: '1',
      userName: 'a',
      name: { givenName: 'b', familyName: 'c' },
      emails: [{ value: 'd', type: 'e' }],
    };
    const of = (attributes?: string[], excludedAttributes?: string[]) => createProjection({ attributes, excludedAttributes }).of(resource);
    const always = { schemas: ['x'], id: '1' };
    expect(of(['USERNAME'])).to.deep.equal({ ...always, userName: 'a' });
    expect(of(['name.givenName', `${userSchema.id}:emails.value`])).to.deep.equal({
      ...always,
      name: { givenName: 'b' },
      emails: [{ value: 'd' }],
    });
    expect(of(undefined, ['name.givenName', 'emails', 'id'])).to.deep.equal({ ...always, userName: 'a', name: { familyName: 'c' } });
    expect(of(['name', 'name.givenName'])).to.deep.equal({ ...always, name: resource.name });
    expect(of()).to.deep.equal(resource);
  });
  it('has a version that preconditions name, weak or not, one of several or any', () => {
    for (const header of ['W/"3"', '"3"', '3', 'W/"1", W/"3"', '*']) expect(isNamedTag(header, 'W/"3"'), header).to.equal(true);
    for (const header of ['W/"33"', '""', '', 'W/"2"', '"3', 'x']) expect(isNamedTag(header, 'W/"3"'), header).to.equal(false);
  });
});
