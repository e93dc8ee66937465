/** Secrets at rest open under their key and for their purpose, whole and unchanged, or not at all. */
import { expect } from 'chai';
import { createSealing, newDataKey } from '../../server/authority/sealing.ts';

const key = newDataKey();
const plain = Buffer.from('the key of the authority');
const purpose = 'authority:aut_1';

describe('sealing', () => {
  const sealed = createSealing(key).seal(plain, purpose);
  const open =
    (text: string, underKey = key, forPurpose = purpose) =>
    () =>
      createSealing(underKey).open(text, forPurpose);

  it('opens what it sealed, of any length', () => {
    for (const length of [0, 1, 15, 16, 17, 4096]) {
      const bytes = Buffer.alloc(length, 7);
      expect(open(createSealing(key).seal(bytes, purpose))()).to.deep.equal(bytes);
    }
  });

  it('seals the same differently each time, and shows none of it', () => {
    expect(createSealing(key).seal(plain, purpose)).not.to.equal(sealed);
    expect(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').includes('authority')).to.equal(false);
  });

  it('does not open under another key', () => expect(open(sealed, newDataKey())).to.throw());

  for (const other of ['authority:aut_2', 'data-key:aut_1', ''])
    it(`does not open for ${JSON.stringify(other)}: a row moved elsewhere is no good there`, () =>
      expect(open(sealed, key, other)).to.throw());

  it('does not open when any one bit of it was changed', () => {
    const [version = '', ...parts] = sealed.split('.');
    for (const [place, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const text = [version, ...parts.with(place, changed.toString('base64url'))].join('.');
        expect(open(text), `part ${place}, bit ${bit}`).to.throw();
      }
    }
  });

  for (const [what, change] of Object.entries<(parts: string[]) => string[]>({
    'of another version': ([, ...rest]) => ['v0', ...rest],
    'without a version': ([, ...rest]) => rest,
    'without an end': (parts) => parts.slice(0, 3),
    'with a shorter tag': (parts) => parts.with(2, (parts[2] ?? '').slice(0, 8)),
    'with an empty tag': (parts) => parts.with(2, ''),
    'with an empty nonce': (parts) => parts.with(1, ''),
    'with nothing in it': (parts) => parts.with(3, ''),
  }))
    it(`does not open a text ${what}`, () => expect(open(change(sealed.split('.')).join('.'))).to.throw());
});
