/** Which passwords may be chosen, how they are kept, and what secrets look like. */
import { expect } from 'chai';
import { isCommonPassword } from '../../server/login/common-passwords.ts';
import { hashPassword, verifyPassword } from '../../server/login/password-hash.ts';
import { maximumPasswordLength, passwordWeakness } from '../../server/login/password-strength-rules.ts';
import { hashSecret, newOneTimePassword, newSecret, type SecretKind } from '../../server/login/secrets.ts';

const email = 'marguerite@example.com';
const weakness = (password: string): string | undefined => passwordWeakness(password, email, isCommonPassword);

describe('a chosen password', () => {
  for (const password of [
    'a lantern in the harbour',
    'twelve chars',
    'größenwahnsinnig',
    '海の向こうに見える灯台の光',
    ' leading and trailing ',
    '🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧',
    'no composition rules here',
    'x7'.repeat(2) + 'abcdefghij'.repeat(49),
  ])
    it(`may be ${JSON.stringify(password).slice(0, 40)}`, () => expect(weakness(password)).to.equal(undefined));

  for (const [password, words] of [
    ['', /12 characters/],
    ['eleven char', /12 characters/],
    ['🦊🐻🐼🐨🐯🦁', /12 characters/],
    ['ab c'.repeat(maximumPasswordLength / 4) + 'd', /at most 500/],
    ['password1234', /lists/],
    ['PassWord1234', /lists/],
    ['qwertyuiop123', /lists/],
    ['password!!!!!!!!2026', /lists/],
    ['aaaaaaaaaaaaaaaa', /repeats/],
    ['abcabcabcabcabcabc', /repeats/],
    ['121212121212', /lists|repeats/],
    ['marguerite-is-great', /email/],
    ['my MARGUERITE@example.COM', /email/],
  ] as const)
    it(`may not be ${JSON.stringify(password).slice(0, 40)}`, () => expect(weakness(password)).to.match(words));

  it('may hold a short account name, which is in many words', () =>
    expect(passwordWeakness('an anchor and a rope', 'an@example.com', isCommonPassword)).to.equal(undefined));
});

describe('a kept password', () => {
  let hash: string;
  before(async () => {
    hash = await hashPassword('Fahrvergnu\u0308gen im Regen');
  });

  it('is a salted hash with the work it cost, different each time', async () => {
    expect(hash).to.match(/^scrypt\$17\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await hashPassword('Fahrvergnu\u0308gen im Regen')).not.to.equal(hash);
  });

  it('is known again, on a keyboard that composes its letters otherwise too', async () => {
    expect(await verifyPassword('Fahrvergnu\u0308gen im Regen', hash)).to.equal(true);
    expect(await verifyPassword('Fahrvergn\u00fcgen im Regen', hash)).to.equal(true);
  });

  for (const wrong of ['', 'fahrvergnügen im Regen', 'Fahrvergnügen im Regen ', 'Fahrvergnugen im Regen'])
    it(`is not ${JSON.stringify(wrong)}`, async () => expect(await verifyPassword(wrong, hash)).to.equal(false));

  for (const [what, stored] of Object.entries({
    nothing: '',
    'another scheme': 'plain$x',
    'no key': 'scrypt$17$8$1$AAAA',
    'an empty key': 'scrypt$4$8$1$AAAA$',
    'a short key': 'scrypt$4$8$1$AAAA$AAAA',
    'parameters that are none': 'scrypt$x$8$1$AAAA$AAAA',
  }))
    it(`never matches ${what}`, async () => expect(await verifyPassword('x', stored)).to.equal(false));
});

describe('a secret', () => {
  for (const kind of ['ses', 'key', 'setup', 'change'] satisfies SecretKind[])
    it(`of the kind ${kind} says what it is and has 256 bits`, () => {
      expect(newSecret(kind)).to.match(new RegExp(`^infra_${kind}_[\\w-]{43}$`));
      expect(new Set(Array.from({ length: 100 }, () => newSecret(kind))).size).to.equal(100);
    });

  it('is found by a hash that says nothing of it', () => {
    expect(hashSecret('infra_ses_x'))
      .to.match(/^[0-9a-f]{64}$/)
      .and.not.equal(hashSecret('infra_ses_y'));
  });

  it('for one use is readable, and strong enough to be chosen', () => {
    const made = Array.from({ length: 200 }, newOneTimePassword);
    expect(new Set(made).size).to.equal(200);
    for (const password of made) {
      expect(password).to.match(/^(?:[a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}$/);
      expect(weakness(password), password).to.equal(undefined);
    }
  });
});
