import { expect } from 'chai';
import { compare } from '../bench/comparison.ts';
import type { Figure } from '../bench/figure.ts';

describe('the comparison of two versions', () => {
  const figure = (value: number, more: Partial<Figure> = {}): Figure => ({ row: 'row', what: 'this', value, unit: 'ms', ...more });
  const isWorse = (before: readonly number[], after: readonly number[], more: Partial<Figure> = {}): boolean => {
    const runs = (values: readonly number[]): Figure[][] => values.map((value) => [figure(value, more)]);
    return compare(runs(before), runs(after)).some((each) => each.isWorse);
  };

  it('bears a fifth, and no more', () => {
    expect(isWorse([100], [119])).to.equal(false);
    expect(isWorse([100], [121])).to.equal(true);
    expect(isWorse([100], [50])).to.equal(false);
  });

  it('knows of what more is better', () => {
    expect(isWorse([100], [79], { unit: 'req/s' })).to.equal(true);
    expect(isWorse([100], [121], { unit: 'req/s' })).to.equal(false);
    expect(isWorse([1], [0.7], { unit: '×', budget: { atLeast: 0.5 } })).to.equal(true);
  });

  it('takes medians: one bad run is chance', () => {
    expect(isWorse([100, 101, 102], [100, 500, 101])).to.equal(false);
  });

  it('ignores what is next to nothing beside its budget', () => {
    expect(isWorse([0.001], [0.002], { budget: { atMost: 0.5 } })).to.equal(false);
    expect(isWorse([0.001], [0.2], { budget: { atMost: 0.5 } })).to.equal(true);
  });

  it('judges nothing that one side lacks or that is not ours', () => {
    expect(compare([[]], [[figure(1)]]).map((each) => each.isWorse)).to.deep.equal([false]);
    expect(isWorse([1], [9], { isReference: true })).to.equal(false);
  });
});
