import { describePods, image } from './pods-suite.ts';

describe('fidelity: pods', function () {
  this.timeout(60_000);
  const ways = describePods({ name: 'fid-pods' });

  describe('debug, run and the rest', () => {
    const debugged = `pod/worker -o jsonpath={.spec.ephemeralContainers[*].name}{.spec.ephemeralContainers[*].command}`;
    ways.rows([
      { line: `kubectl debug worker ${image} -c looker --attach=false -- sleep 1000`, then: debugged },
      {
        line: `kubectl debug worker ${image} --copy-to=copy -c extra --attach=false -- sleep 1000`,
        then: 'pod/copy -o jsonpath={.spec.containers[*].name}',
      },
      {
        line: `kubectl run quick ${image} --rm -i --quiet --restart=Never -- cat`,
        input: 'passed through\n',
        then: 'pod/quick --ignore-not-found',
      },
      {
        line: `kubectl run failing ${image} -i --quiet --restart=Never --pod-running-timeout=20s -- sh -c 'read -r code; exit $code'`,
        input: '3\n',
        fails: true,
      },
      { line: 'kubectl delete pod copy failing --grace-period=0 --force' },
    ]);
  });
});
