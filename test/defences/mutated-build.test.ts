/** The list of defences stays true: what it names must be in the program, once. */
import { expect } from 'chai';
import { buildWithout } from './mutated-build.ts';

describe('defences of the connector: the list', () => {
  it('names a piece of the program that is not there, or more than once: fails and says what to do', () => {
    for (const source of ['no such defence', 'const '])
      expect(() => buildWithout([{ file: 'proxy/gate.js', source, without: '' }])).to.throw(
        /gate\.js holds \d+ times, not once: .*\n.*Give the list in test\/defences\/ the piece/,
      );
  });
});
