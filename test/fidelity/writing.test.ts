import { describeWriting } from './writing-suite.ts';

describe('fidelity: writing', function () {
  this.timeout(60_000);
  describeWriting({ name: 'fid-write' });
});
