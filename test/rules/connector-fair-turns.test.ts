import { expect } from 'chai';
import { createFairTurns } from '../../connector/proxy/fair-turns.ts';

const mostInOneTurn = 8;

describe('connector rule: fair turns', () => {
  /** Turns of a loop that the test takes by hand, and what set out in them. */
  function scene() {
    const later: (() => void)[] = [];
    const begun: string[] = [];
    const turns = createFairTurns(mostInOneTurn, (work) => void later.push(work));
    return {
      begun,
      ask: (who: string, count: number): void => {
        for (let index = 0; index < count; index += 1) turns.take(who, () => begun.push(who));
      },
      /** What sets out in the next turn. */
      next: (): readonly string[] => {
        begun.length = 0;
        for (const work of later.splice(0)) work();
        return [...begun];
      },
      isOver: (): boolean => later.length === 0,
    };
  }
  const times = (who: string, count: number): readonly string[] => Array.from({ length: count }, () => who);

  it('what one asks within its share sets out at once, and nobody costs a look at the next turn', () => {
    const { ask, begun, isOver } = scene();
    ask('ana', mostInOneTurn - 1);
    expect(begun).to.have.length(mostInOneTurn - 1);
    expect(isOver()).to.equal(true);
  });

  it('what is more waits for the next turns, in order, a share in each, and all of it sets out', () => {
    const { ask, begun, next, isOver } = scene();
    ask('eve', 2 * mostInOneTurn + 3);
    expect(begun).to.have.length(mostInOneTurn);
    expect(next()).to.have.length(mostInOneTurn);
    expect(next()).to.have.length(3);
    expect(isOver()).to.equal(true);
  });

  it('others do not wait for it, within a turn and in the turns after it', () => {
    const { ask, begun, next } = scene();
    ask('eve', 5 * mostInOneTurn);
    ask('ana', 1);
    expect(begun.at(-1)).to.equal('ana');
    ask('ben', 2 * mostInOneTurn);
    expect(next()).to.deep.equal([...times('eve', mostInOneTurn), ...times('ben', mostInOneTurn)]);
    ask('ana', 1);
    expect(begun.at(-1)).to.equal('ana');
  });

  it('what comes while others of the same one wait does not overtake them', () => {
    const turns: string[] = [];
    const later: (() => void)[] = [];
    const fair = createFairTurns(mostInOneTurn, (work) => void later.push(work));
    for (let index = 0; index < mostInOneTurn + 2; index += 1) fair.take('eve', () => turns.push('early'));
    for (const work of later.splice(0)) work();
    fair.take('eve', () => turns.push('late'));
    expect(turns).to.deep.equal([...times('early', mostInOneTurn + 2), 'late']);
  });
});
