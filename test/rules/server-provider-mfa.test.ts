/** Which word of a provider counts as a second factor, and since when. */
import { expect } from 'chai';
import fc from 'fast-check';
import { provenAtProvider, seenMfa } from '../../server/identity/provider-mfa-rules.ts';

const now = Date.UTC(2026, 0, 31, 12);
const seconds = now / 1000;
const trusted = { trustMfa: true, name: 'acme', kind: 'oidc' } as const;
const at = (claims: Record<string, unknown>, trust = trusted): number | undefined =>
  provenAtProvider({ auth_time: seconds, ...claims }, trust, now);

describe('a second factor by the word of a provider', () => {
  for (const amr of [
    ['mfa'],
    ['pwd', 'mfa'],
    ['pwd', 'otp'],
    ['pwd', 'sms'],
    ['pin', 'hwk'],
    ['fpt', 'swk'],
    ['pwd', 'unknown-to-us', 'sc'],
  ])
    it(`counts with ${amr.join(' and ')}`, () => expect(at({ amr })).to.equal(now));

  for (const [what, amr] of [
    ['one method', ['pwd']],
    ['one that may be all that was asked for', ['otp']],
    ['two of one kind', ['otp', 'sms']],
    ['two that we do not know', ['quux', 'quuz']],
    ['one that we know beside one that we do not', ['pwd', 'quux']],
    ['what is no factor', ['pwd', 'geo', 'rba', 'user', 'wia', 'pop', 'mca']],
    ['a text', 'mfa'],
    ['a text with both', 'pwd otp mfa'],
    ['a list in a list', [['mfa']]],
    ['a list with something else in it', ['mfa', 1]],
    ['an object', { 0: 'mfa', length: 1 }],
    ['other letters', ['MFA', 'Mfa', ' mfa', 'mfa\u0000']],
    ['names of every object', ['constructor', '__proto__', 'toString']],
    ['a list without end', [...Array.from({ length: 51 }, () => 'pwd'), 'mfa']],
    ['nothing', undefined],
  ] as const)
    it(`does not count with ${what}`, () => expect(at({ amr })).to.equal(undefined));

  it('counts for nobody whose provider is not trusted', () => {
    expect(at({ amr: ['mfa'] }, { ...trusted, trustMfa: false } as never)).to.equal(undefined);
    expect(seenMfa({ amr: ['mfa'] }, { ...trusted, trustMfa: false }, now)).to.deep.include({ as: 'not trusted' });
  });

  it('counts from the moment of auth_time, however long ago; of a clock that is a little fast from now; never later, never without', () => {
    expect(at({ amr: ['mfa'], auth_time: seconds - 86_400 })).to.equal(now - 86_400_000);
    expect(at({ amr: ['mfa'], auth_time: seconds + 59 })).to.equal(now);
    for (const time of [
      seconds + 61,
      undefined,
      null,
      '1769860800',
      0,
      -1,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1e300,
      [seconds],
      true,
    ])
      expect(at({ amr: ['mfa'], auth_time: time, iat: seconds })).to.equal(undefined);
  });

  it('is never in the future, and never later than the token says, whatever stands in the claims', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (amr, time) => {
        const proven = provenAtProvider({ amr, auth_time: time }, trusted, now);
        expect(proven === undefined || (proven <= now && typeof time === 'number' && proven <= time * 1000)).to.equal(true);
        expect(seenMfa({ amr, auth_time: time }, trusted, now).sentence.length).to.be.lessThan(800);
      }),
    );
  });

  it('says what was seen, and what to switch on where something is missing', () => {
    expect(seenMfa({ amr: ['pwd', 'mfa'], auth_time: seconds }, trusted, now)).to.deep.equal({
      as: 'counts',
      sentence: 'amr says pwd, mfa, at 2026-01-31T12:00:00.000Z: grants that ask for a second factor hold from then on.',
    });
    expect(seenMfa({}, trusted, now).sentence)
      .to.include('no amr')
      .and.include('Authentication Method Reference');
    expect(seenMfa({ amr: ['mfa'] }, { ...trusted, kind: 'azure' }, now).sentence).to.include('Add optional claim, ID: auth_time');
    expect(seenMfa({}, { ...trusted, kind: 'azure' }, now).sentence)
      .to.include('version 1.0 alone')
      .and.include('infra mfa add');
  });
});
