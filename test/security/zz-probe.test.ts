import { controlPlane } from '../support/clusters.ts';
import { guardCluster } from '../support/guarded-cluster.ts';
describe('p', function () {
  this.timeout(90000);
  it('x', async () => {
    const guarded = await guardCluster({ cluster: await controlPlane(), name: 'probe' });
    const ana = await guarded.person('ana', { role: 'view' });
    const t = await ana.terminal();
    console.log(await t.kubectl('get', 'configmaps', '--as=x'));
    console.log(await t.kubectl('auth', 'whoami', '--as=x'));
    console.log(await t.kubectl('get', 'configmaps', '-n', guarded.namespace));
    console.log(await t.kubectl('get', 'configmaps', '--as=x'));
    await guarded.stop();
  });
});
