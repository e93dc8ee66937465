/** Which way kubectl takes to a destination (ADR 51): told as a table, so that no combination is left to chance. */
import { expect } from 'chai';
import { wayAfterAsking, wayWithoutAsking, type Way, type WayFacts, type WayWish } from '../../cli/way-rules.ts';

const anew: WayWish = { choose: 'anew' };
const whereNeeded: WayWish = { choose: 'where-needed' };

type Case = readonly [
  address: 'address' | 'none',
  tunnels: number,
  written: Way | undefined,
  chosen: { readonly [Choice in 'anew' | 'needed']: Way | 'ask' },
];
const cases: readonly Case[] = [
  // Without an address there is one way, be it up or down.
  ['none', 0, undefined, { anew: 'relay', needed: 'relay' }],
  ['none', 2, undefined, { anew: 'relay', needed: 'relay' }],
  ['none', 0, 'direct', { anew: 'relay', needed: 'relay' }],
  ['none', 2, 'direct', { anew: 'relay', needed: 'relay' }],
  ['none', 0, 'relay', { anew: 'relay', needed: 'relay' }],
  ['none', 2, 'relay', { anew: 'relay', needed: 'relay' }],
  // With one and no tunnel nobody is asked, unless the relay stands there.
  ['address', 0, undefined, { anew: 'direct', needed: 'direct' }],
  ['address', 0, 'direct', { anew: 'direct', needed: 'direct' }],
  ['address', 0, 'relay', { anew: 'ask', needed: 'relay' }],
  // With both the address decides, where a way is chosen.
  ['address', 1, undefined, { anew: 'ask', needed: 'ask' }],
  ['address', 1, 'direct', { anew: 'ask', needed: 'direct' }],
  ['address', 1, 'relay', { anew: 'ask', needed: 'relay' }],
];

describe('the way to a destination', () => {
  for (const [address, tunnels, written, chosen] of cases) {
    const facts: WayFacts = { hasAddress: address === 'address', tunnels, written };
    it(`with ${address === 'none' ? 'no address' : 'an address'}, ${tunnels} tunnels and ${written ?? 'nothing'} written: ${chosen.anew}; of its own accord ${chosen.needed}`, () => {
      expect(wayWithoutAsking(facts, anew)).to.equal(chosen.anew);
      expect(wayWithoutAsking(facts, whereNeeded)).to.equal(chosen.needed);
    });
  }

  for (const via of ['direct', 'relay'] as const)
    it(`is ${via} when that is asked for, whatever is written and up`, () => {
      for (const tunnels of [0, 1])
        for (const written of [undefined, 'direct', 'relay'] as const)
          expect(wayWithoutAsking({ hasAddress: true, tunnels, written }, { choose: 'anew', via })).to.equal(via);
    });

  it('is the relay without an address, whatever is asked for', () =>
    expect(wayWithoutAsking({ hasAddress: false, tunnels: 0, written: undefined }, { choose: 'anew', via: 'direct' })).to.equal('relay'));

  it('is the address that answers; else the relay while a tunnel leads there; else what stands', () => {
    for (const written of [undefined, 'direct', 'relay'] as const) {
      expect(wayAfterAsking({ hasAddress: true, tunnels: 3, written }, true)).to.equal('direct');
      expect(wayAfterAsking({ hasAddress: true, tunnels: 0, written }, true)).to.equal('direct');
      expect(wayAfterAsking({ hasAddress: true, tunnels: 3, written }, false)).to.equal('relay');
      expect(wayAfterAsking({ hasAddress: true, tunnels: 0, written }, false)).to.equal(written ?? 'direct');
    }
  });
});
