/** SCIM filters and paths: read strictly, within bounds, and meaning what RFC 7644 §3.4.2.2 says. */
import { expect } from 'chai';
import fc from 'fast-check';
import { compileFilter, requiredEqualities } from '../../server/scim/scim-filter-rules.ts';
import { parseFilter, parsePath } from '../../server/scim/scim-filter-syntax-rules.ts';
import { ScimError } from '../../server/scim/scim-error-rules.ts';
import { userSchema } from '../../server/scim/scim-schema-rules.ts';

const ana = {
  id: 'usr_1',
  userName: 'Ana@Example.com',
  externalId: '00uAbC',
  active: true,
  name: { familyName: 'Gómez', givenName: 'Ana' },
  emails: [
    { value: 'ana@example.com', type: 'work', primary: true },
    { value: 'ana@home.example', type: 'home' },
  ],
  meta: { lastModified: '2026-03-01T00:00:00.000Z' },
};
const holds = (filter: string, resource: Record<string, unknown> = ana): boolean =>
  compileFilter(parseFilter(filter), userSchema)(resource);

describe('a SCIM filter', () => {
  for (const [filter, expected] of [
    ['userName eq "ana@example.COM"', true],
    ['userName Eq "ana@example.com"', true],
    ['USERNAME eq "ana@example.com"', true],
    ['externalId eq "00uabc"', false],
    ['externalId eq "00uAbC"', true],
    ['userName ne "ana@example.com"', false],
    ['displayName ne "x"', true],
    ['userName co "EXAMPLE"', true],
    ['userName sw "ana"', true],
    ['userName ew ".com"', true],
    ['userName ew ".org"', false],
    ['userName gt "a"', true],
    ['userName lt "a"', false],
    ['displayName pr', false],
    ['name pr', true],
    ['name.familyName eq "gómez"', true],
    ['urn:ietf:params:scim:schemas:core:2.0:User:name.familyName sw "G"', true],
    ['active eq true', true],
    ['active eq "True"', true],
    ['active eq false', false],
    ['displayName eq null', true],
    ['userName eq null', false],
    ['emails eq "ana@home.example"', true],
    ['emails.value co "home"', true],
    ['emails[type eq "work" and value co "@example.com"]', true],
    ['emails[type eq "home" and primary eq true]', false],
    ['emails[type eq "work"].value eq "ana@example.com"', true],
    ['emails[type eq "work"].value eq "ana@home.example"', false],
    ['meta.lastModified gt "2026-02-28T23:00:00Z"', true],
    ['meta.lastModified ge "2026-03-01T01:00:00+01:00"', true],
    ['meta.lastModified lt "2026-03-01T00:00:00Z"', false],
    ['not (active eq true)', false],
    ['not(active eq false) and userName pr', true],
    ['active eq false or userName sw "b" and userName pr', false],
    ['active eq true or userName sw "b" and displayName pr', true],
    ['(active eq true or userName sw "b") and displayName pr', false],
    ['userName eq "a\\u006ea@example.com"', true],
  ] as const)
    it(`${filter} is ${String(expected)} of Ana`, () => expect(holds(filter)).to.equal(expected));

  for (const text of [
    ...['', ' ', 'userName', 'userName eq', 'userName eq ana', 'eq "x"', 'userName is "x"', 'userName eq "x" and', 'and userName pr'],
    ...['(userName pr', 'userName pr)', 'emails[type eq "x"', 'emails]', 'not userName pr', 'userName eq "x', "userName eq 'x'"],
    ...['userName eq "a\nb"', 'userName eq "\\x41"', 'userName eq 01', 'userName eq constructor', 'a.b.c eq "x"', 'userName eq "x"; drop'],
    ...['userName eq "x" --', 'userName eq "x" /* */', '1 eq 1', '"userName" eq "x"', 'userName eq ("x")', 'userName\u0000 eq "x"'],
    ...['emails[type eq "x"]]', 'emails[[type eq "x"]]', 'userName eq "x" userName eq "y"', 'x'.repeat(2001)],
    ...[`${'('.repeat(30)}userName pr${')'.repeat(30)}`, Array.from({ length: 200 }, () => 'active pr').join(' or ')],
  ])
    it(`${JSON.stringify(text.slice(0, 40))} is none`, () => {
      expect(() => parseFilter(text))
        .to.throw(ScimError)
        .with.property('scimType', 'invalidFilter');
    });

  for (const filter of [
    ...[
      'password eq "x"',
      'nothing pr',
      'name eq "x"',
      'name.nothing pr',
      'emails.nothing pr',
      'emails[nothing eq "x"]',
      'userName[value eq "x"]',
    ],
    ...[
      'active gt true',
      'active eq "maybe"',
      'userName eq 5',
      'userName gt null',
      'meta.created gt "yesterday"',
      'constructor pr',
      '__proto__ pr',
    ],
    ...['urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr', 'urn:x:userName eq "x"', 'emails[name.x eq "y"]'],
  ])
    it(`${filter} is refused before anything is read`, () => {
      expect(() => compileFilter(parseFilter(filter), userSchema))
        .to.throw(ScimError)
        .with.property('scimType', 'invalidFilter');
    });

  it('whatever the text, is refused as a filter or read; nothing else happens', () => {
    const words = fc.constantFrom(
      'userName',
      'eq',
      'and',
      'or',
      'not',
      '(',
      ')',
      '[',
      ']',
      '"x"',
      'pr',
      'emails',
      '.value',
      '"',
      '\\',
      "' or 1=1 --",
      ' ',
      'null',
    );
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(words, { maxLength: 20 }).map((parts) => parts.join(' ')),
    );
    fc.assert(
      fc.property(text, (filter) => {
        try {
          return typeof holds(filter) === 'boolean';
        } catch (error) {
          return error instanceof ScimError && error.status === 400;
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('finds exactly the value that was written, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.string({ maxLength: 30 }), (value, other) => {
        const fold = (text: string): string => text.normalize('NFKC').toLowerCase();
        const filter = `userName eq ${JSON.stringify(value)}`;
        // Control characters stand in JSON's text as escapes alone.
        expect(holds(filter, { userName: value })).to.equal(true);
        expect(holds(filter, { userName: other })).to.equal(fold(other) === fold(value));
        expect(requiredEqualities(parseFilter(filter), userSchema).get('userName')).to.equal(value);
      }),
    );
  });

  it('is looked up by what has to be equal, and by nothing else', () => {
    const equalities = (filter: string) => Object.fromEntries(requiredEqualities(parseFilter(filter), userSchema));
    expect(equalities('userName eq "a" and active eq true and externalId eq "b"')).to.deep.equal({ userName: 'a', externalId: 'b' });
    for (const filter of [
      'userName eq "a" or active eq true',
      'not (userName eq "a")',
      'userName ne "a"',
      'name.givenName eq "a"',
      'emails eq "a"',
    ])
      expect(equalities(filter), filter).to.deep.equal({});
  });
});

describe('a SCIM path', () => {
  for (const [path, expected] of [
    ['userName', { urn: undefined, name: 'userName', sub: undefined, filter: undefined }],
    ['name.givenName', { urn: undefined, name: 'name', sub: 'givenName', filter: undefined }],
    [
      'urn:ietf:params:scim:schemas:core:2.0:User:active',
      { urn: userSchema.id.toLowerCase(), name: 'active', sub: undefined, filter: undefined },
    ],
  ] as const)
    it(`${path} is read`, () => expect(parsePath(path)).to.deep.equal(expected));
  it('may name one of several values, and a part of it', () => {
    expect(parsePath('emails[type eq "work"].value')).to.deep.include({ name: 'emails', sub: 'value' });
    expect(parsePath('members[value eq "usr_1"]').filter).to.have.property('kind', 'compare');
  });
  for (const path of [
    '',
    'a.b.c',
    'emails[type eq "work"',
    'emails[]',
    'emails.x[type eq "y"].z',
    '[type eq "x"]',
    'members[value eq "x"] or y',
    'a b',
  ])
    it(`${JSON.stringify(path)} is none`, () => {
      expect(() => parsePath(path))
        .to.throw(ScimError)
        .with.property('scimType', 'invalidPath');
    });
});
