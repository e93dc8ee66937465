/** Where a sign-in to the UI may lead (row 20): what is not plainly a page of this server becomes the first one. */
import { expect } from 'chai';
import { nextPath } from '../../server/login/next-path-rules.ts';
import { foreignPaths } from '../support/foreign-paths.ts';

const taken = [
  '/',
  '/people',
  '/people/usr_01k8abc',
  '/people/ana@example.com',
  '/destinations/prod.web',
  '/audit?since=2026-11-27T05:00:00Z&actor=ana%40example.com#row-3',
  '/access?search=team%2Fplatform%20x',
  '/people/',
];

describe('where a sign-in to the UI leads', () => {
  for (const next of taken) it(`goes to ${next}`, () => expect(nextPath(next)).to.equal(next));
  for (const next of foreignPaths) it(`does not go to ${JSON.stringify(next).slice(0, 60)}`, () => expect(nextPath(next)).to.equal('/'));
  it('nor to what is no text, or came twice', () => {
    for (const next of [undefined, null, 7, ['/people', '//evil.example'], { a: '/people' }]) expect(nextPath(next)).to.equal('/');
  });
  it('is quick with whatever is long', () => {
    const before = performance.now();
    for (const text of ['/a'.repeat(999), `/${'a.'.repeat(998)}`, `/?${'%41'.repeat(660)}`, `/${'%'.repeat(1990)}`]) nextPath(text);
    expect(performance.now() - before).to.be.lessThan(100);
  });
});
