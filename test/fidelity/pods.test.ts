import { describePods } from './pods-suite.ts';

describe('fidelity: pods', function () {
  this.timeout(60_000);
  describePods({ name: 'fid-pods' });
});
