import { describeReading } from './reading-suite.ts';

describe('fidelity: reading', function () {
  this.timeout(60_000);
  describeReading({ name: 'fid-read' });
});
