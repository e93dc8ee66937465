/** Names that people type, ids that we make, durations, cursors: what is one, and what is taken for the same. */
import { expect } from 'chai';
import { decodeCursor, encodeCursor, toPage } from '../../server/storage/page.ts';
import { idPattern, idPrefixes, newId, type IdKind } from '../../shared/id.ts';
import { emailKey, formatSubjectName, isDestinationName, isEmail, isLocalName, parseSubjectName } from '../../shared/resource-name.ts';
import { formatDuration, parseDuration } from '../../shared/ttl.ts';

describe('an email', () => {
  for (const text of [
    'ana@example.com',
    'ana+infra@example.com',
    'o.b-c_d!#$%&*?^{|}~@example.com',
    'josé@example.com',
    'ana@bücher.example',
    '用户@例子.公司',
    'Ana@Example.com',
    'ｌookalike@example.com',
    `${'a'.repeat(64)}@${'b'.repeat(180)}.example`,
  ])
    it(`is ${text.slice(0, 40)}`, () => expect(isEmail(text)).to.equal(true));

  for (const [text, why] of [
    ['', 'empty'],
    ['ana', 'no @'],
    ['ana@example', 'no dot'],
    ['ana@example.', 'ends in a dot'],
    ['@example.com', 'no account'],
    ['ana@', 'no domain'],
    ['a@b@c.de', 'two @'],
    ['ana@example.com,eve@example.com', 'two of them'],
    ['ana@example.com eve', 'a space'],
    ['system:admin@example.com', 'a colon'],
    ['ana@example.com:x', 'a colon'],
    ["o'brien@example.com", 'a quote'],
    ['<ana>@example.com', 'a tag'],
    ['ana@example.com/../x.y', 'a slash in the domain'],
    ['ana\\@example.com', 'a backslash'],
    ['ana@exa\u0000mple.com', 'NUL'],
    ['ana\u202e@example.com', 'turns the reading direction'],
    ['ana\u200b@example.com', 'an invisible character'],
    ['ana\u00a0x@example.com', 'a space that does not look like one'],
    [`${'a'.repeat(65)}@example.com`, 'a long account'],
    [`a@${'b'.repeat(250)}.com`, 'longer than 254'],
    [`${'ü'.repeat(60)}@${'ü'.repeat(70)}.com`, 'longer than 254 octets'],
    ['ana＠example.com', 'an @ that is none, until it is compared'],
    ['ana@eve.com＠example.com', 'a second @ when compared'],
    ['ana，eve@example.com', 'a comma when compared'],
    ['system：admin@example.com', 'a colon when compared'],
    ['＜b＞@example.com', 'a tag when compared'],
    ['ﷺ@example.com', 'spaces when compared'],
  ] as const)
    it(`is not ${JSON.stringify(text).slice(0, 40)}: ${why}`, () => expect(isEmail(text)).to.equal(false));

  it('is the same in any case and width, and another with another letter', () => {
    for (const same of ['ANA@example.com', 'ana@EXAMPLE.com', 'ａna@example.com']) expect(emailKey(same)).to.equal('ana@example.com');
    for (const other of ['anа@example.com', 'aná@example.com', 'ana.@example.com']) expect(emailKey(other)).not.to.equal('ana@example.com');
    expect(emailKey('jose\u0301@example.com')).to.equal(emailKey('jos\u00e9@example.com'));
  });

  it('compared twice is what it was compared once', () => {
    for (const text of ['ANA@Example.com', 'ﬁ@example.com', 'ſ@example.com', 'İ@example.com', 'ß@example.com', 'Å@example.com'])
      expect(emailKey(emailKey(text)), text).to.equal(emailKey(text));
  });
});

describe('a subject', () => {
  for (const text of ['ana@example.com', 'group:platform', 'group:okta/platform', 'workload:deploy'])
    it(`${text} reads back as it was written`, () => {
      const parsed = parseSubjectName(text);
      expect(parsed === undefined ? undefined : formatSubjectName(parsed)).to.equal(text);
    });
  for (const text of [
    'platform',
    'group:',
    'group:system',
    'group:system:masters',
    'group:infra',
    'group:okta/',
    'group:okta/system:masters',
    'group:/x',
    'group:infra/x',
    'workload:okta/x',
    'Group:x',
    'user:ana@example.com',
    'workload:a b',
  ])
    it(`${text} is none`, () => expect(parseSubjectName(text)).to.equal(undefined));
});

describe('reserved names', () => {
  it('are no destination, group or workload', () => {
    expect(isDestinationName('infra')).to.equal(false);
    for (const name of ['infra', 'system']) expect(isLocalName(name)).to.equal(false);
  });
});

describe('an id', () => {
  const kinds = Object.keys(idPrefixes) as IdKind[];
  it('is of its kind and of no other', () => {
    for (const kind of kinds)
      for (const other of kinds) expect(idPattern(other).test(newId(kind, 0)), `${kind} as ${other}`).to.equal(kind === other);
  });
  it('sorts by its time', () => {
    const times = [0, 1, 31, 32, 1024, 1_700_000_000_000, 1_700_000_000_001, 2 ** 48 - 1];
    const ids = times.map((time) => newId('grant', time));
    expect([...ids].reverse().sort()).to.deep.equal(ids);
  });
  for (const text of [
    '',
    'usr_',
    `usr_${'a'.repeat(25)}`,
    `usr_${'a'.repeat(27)}`,
    `usr_${'A'.repeat(26)}`,
    `usr_${'i'.repeat(26)}`,
    `x usr_${'a'.repeat(26)}`,
    `usr_${'a'.repeat(26)}\n`,
  ])
    it(`is not ${JSON.stringify(text)}`, () => expect(idPattern('user').test(text)).to.equal(false));
});

describe('a duration', () => {
  for (const [text, seconds] of [
    ['1s', 1],
    ['90s', 90],
    ['1h30m', 5400],
    ['7d', 604_800],
    ['0h5s', 5],
  ] as const)
    it(`${text} is ${seconds} s`, () => expect(parseDuration(text)).to.equal(seconds));
  for (const text of ['', '5', 's', '-5s', '0s', '1.5h', '5 m', '5M', '1h ', '1w', '11y', '9999999999s', '999999999d', '٣s'])
    it(`${JSON.stringify(text)} is none`, () => expect(parseDuration(text)).to.equal(undefined));
  it('reads back as it was written, whatever its length', () => {
    for (const seconds of [1, 59, 60, 61, 3599, 3600, 86_399, 86_400, 90_061, 31_536_000])
      expect(parseDuration(formatDuration(seconds))).to.equal(seconds);
  });
});

describe('a cursor', () => {
  it('reads back as it was written, whatever is in the name', () => {
    for (const key of ['', 'ana@example.com', '日本', '","', '\\', '\u0000', '💥'])
      expect(decodeCursor(encodeCursor({ key, id: 'usr_1' }))).to.deep.equal({ key, id: 'usr_1' });
  });
  it('is given while there is more, and for the last row that was shown', () => {
    const page = (rows: readonly string[]) => toPage(rows, { limit: 2 }, { item: (row) => row, cursor: (row) => ({ key: row, id: row }) });
    expect(page([])).to.deep.equal({ items: [], nextCursor: null });
    expect(page(['a', 'b'])).to.deep.equal({ items: ['a', 'b'], nextCursor: null });
    expect(page(['a', 'b', 'c'])).to.deep.equal({ items: ['a', 'b'], nextCursor: encodeCursor({ key: 'b', id: 'b' }) });
  });
});
