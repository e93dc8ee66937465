/** In which way somebody signs in. */
import { expect } from 'chai';
import { signInWay } from '../../server/login/sign-in-rules.ts';

const [acme, beta] = [{ name: 'acme' }, { name: 'beta' }];

describe('the way to sign in', () => {
  for (const [when, providers, wanted, kind] of [
    ['none is there and none is named', [], undefined, 'password'],
    ['one is there: nobody is asked', [acme], undefined, 'provider'],
    ['there are several', [acme, beta], undefined, 'choice'],
    ['our own pages are named', [acme], 'infra', 'password'],
    ['one is named', [acme, beta], 'beta', 'provider'],
    ['one is named that is not there', [acme], 'okta', 'unknown'],
    ['one is named where there is none', [], 'acme', 'unknown'],
    ['an empty name is a name', [acme], '', 'unknown'],
  ] as const)
    it(`${kind}: ${when}`, () => {
      expect(signInWay<{ readonly name: string }>(providers, wanted).kind).to.equal(kind);
    });

  it('the one that was named, not the first', () => {
    expect(signInWay([acme, beta], 'beta')).to.deep.equal({ kind: 'provider', provider: beta });
  });
});
