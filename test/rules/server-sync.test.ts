import { expect } from 'chai';
import { dueAfter, dueAfterFailure } from '../../server/login/sync-rules.ts';

describe('server rule: when a provider is asked anew', () => {
  const minutes = (count: number): number => count * 60_000;

  it('after its interval, spread over a tenth of it', () => {
    expect(dueAfter(1000, 10, 0)).to.equal(1000 + minutes(9.5));
    expect(dueAfter(1000, 10, 0.5)).to.equal(1000 + minutes(10));
    expect(dueAfter(1000, 10, 1)).to.equal(1000 + minutes(10.5));
  });

  it('ever later while it cannot be asked, and never later than a quarter of an hour', () => {
    expect([1, 2, 3, 4, 5, 6, 1000].map((failures) => dueAfterFailure(0, failures))).to.deep.equal([1, 2, 4, 8, 15, 15, 15].map(minutes));
  });
});
