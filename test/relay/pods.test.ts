/** What people do with pods, through the relay: exec, cp, port-forward, logs, over both protocols. The other suites of fidelity do so with INFRA_TEST_REACH=relay. */
import { describePods } from '../fidelity/pods-suite.ts';

describe('relay: pods', function () {
  this.timeout(60_000);
  describePods({ name: 'relay-pods', reach: 'relay' });
});
