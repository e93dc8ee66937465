/** A server that is known by an IP address alone, as a first trial often is: names still end in a name, and every client takes them. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { kubeconfigOf } from '../support/kubectl-watch.ts';
import { freePort } from '../support/ports.ts';

describe('relay: publicUrl is an IP address', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;

  before(async () => {
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    guarded = await guardCluster({
      cluster: await controlPlane(),
      name: 'relay-ip',
      server: { port, settings: { 'public-url': url } },
      connector: { reach: 'relay', variables: { SERVER: url } },
    });
  });
  after(async () => guarded.stop());

  it('the trust domain is a name, and stays the same', async () => {
    expect(guarded.server.info.trustDomain).to.equal('infra.internal');
    expect(guarded.connector.serverName).to.equal(`${guarded.connector.destination.id}.connector.infra.internal`);
    const { destinations } = await guarded.call(api.destinations.directory, {});
    expect(destinations[0]?.relayAddress).to.equal(`127.0.0.1:${guarded.server.port}`);
  });

  it('Node’s clients and kubectl get through', async () => {
    const ana = await guarded.person('ana', { role: 'view' });
    expect((await (await ana.client()).request(`/api/v1/namespaces/${guarded.namespace}/configmaps`)).status).to.equal(200);
    const kubeconfig = await kubeconfigOf(guarded, ana);
    expect(await kubectlOrThrow({ kubeconfig }, '-n', guarded.namespace, 'get', 'configmaps', '-o', 'name')).to.include('kube-root-ca.crt');
  });
});
