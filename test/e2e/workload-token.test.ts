/** A service account of a real cluster logs in with the token that the cluster makes for it, and kubectl works through infra. */
import { expect } from 'chai';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import type { TrustRule } from '../../shared/api/trust.ts';
import { controlPlane } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { tempDir } from '../support/temp-dir.ts';
import { newWorkload, trust } from '../support/trusted-workload.ts';
import { waitFor } from '../support/wait-for.ts';

describe('a service account as a workload', function () {
  this.timeout(120_000);
  let guarded: GuardedCluster;
  let rule: TrustRule;
  let job: Terminal;
  const tokenFile = join(tempDir('infra-projected'), 'token');

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'workload-token' });
    const { server, namespace, connector } = guarded;
    await guarded.admin('create', 'serviceaccount', 'deploy', '-n', namespace);
    await guarded.admin('create', 'serviceaccount', 'other', '-n', namespace);
    const { issuer } = JSON.parse(await guarded.admin('get', '--raw', '/.well-known/openid-configuration')) as { issuer: string };
    rule = await trust(server, await newWorkload(server, 'deploy'), {
      issuer,
      jwks: await guarded.admin('get', '--raw', '/openid/v1/jwks'),
      claims: { sub: `system:serviceaccount:${namespace}:deploy`, '/kubernetes.io/namespace': namespace },
    });
    const resource = `${connector.destination.name}.${namespace}`;
    await guarded.call(api.grants.create, { body: { subject: 'workload:deploy', role: 'edit', resource } });
    job = newTerminal();
  });
  after(async () => guarded.stop());

  /** As the kubelet projects one: by TokenRequest, with an audience, for ten minutes. */
  const project = async (account: string, audience = guarded.server.url): Promise<void> =>
    writeFileSync(
      tokenFile,
      await guarded.admin('create', 'token', account, '-n', guarded.namespace, `--audience=${audience}`, '--duration=10m'),
    );
  const login = async () => job.infra(['login', guarded.server.url, '--ca', guarded.server.caFile, '--workload', tokenFile]);
  const get = async () => job.kubectl('get', 'configmaps', '-n', guarded.namespace);

  it('logs in with its projected token, and the cluster knows it as the workload', async () => {
    await project('deploy');
    const result = await login();
    expect(result.code, result.stderr).to.equal(0);
    expect((await job.infra(['use', `${guarded.connector.destination.name}.${guarded.namespace}`])).code).to.equal(0);
    await waitFor(async () => (await get()).code === 0, { within: 20, what: 'kubectl to be let in' });
    const beyond = await job.kubectl('create', 'rolebinding', 'more', '--clusterrole=admin', '--user=x', '-n', guarded.namespace);
    expect(beyond.stderr).to.match(/forbidden.*infra:workload:deploy/is);
    expect((await job.kubectl('get', 'configmaps', '-n', 'kube-system')).code).to.equal(1);
  });

  it('goes on when its session has ended, with the token that the kubelet has renewed', async () => {
    const { items } = await guarded.call(api.sessions.list, { query: { all: 'true', live: 'true', limit: 1000 } });
    for (const { id, method } of items) if (method === 'workload-token') await guarded.call(api.sessions.revoke, { params: { id } });
    const credentials = join(job.home, 'credentials');
    for (const profile of readdirSync(credentials))
      rmSync(join(credentials, profile, `${guarded.connector.destination.id}.kube-credential`), { force: true });
    const before = await get();
    expect([before.code, before.stderr.includes('used already')], before.stderr).to.deep.equal([1, true]);
    await project('deploy');
    const after = await get();
    expect(after.code, after.stderr).to.equal(0);
  });

  it('is no other account of the cluster, and no token for the cluster itself', async () => {
    await project('other');
    expect((await login()).stderr).to.include(`subject "system:serviceaccount:${guarded.namespace}:other"`);
    await project('deploy', 'https://kubernetes.default.svc.cluster.local');
    expect((await login()).stderr).to.include('is for ["https://kubernetes.default.svc.cluster.local"]');
  });

  it('is out within a second of the end of its rule, acknowledged by the connector', async () => {
    await project('deploy');
    expect((await login()).code).to.equal(0);
    await waitFor(async () => (await get()).code === 0, { within: 20, what: 'kubectl to be let in again' });
    const { change, sessionsEnded } = await guarded.call(api.trustRules.remove, { params: { id: rule.id } });
    expect(sessionsEnded).to.be.at.least(1);
    await waitFor(
      async () => {
        const { acknowledgements } = await guarded.call(api.changes.acknowledgements, { params: { revision: change!.revision } });
        return acknowledgements.every(({ enforcedAt }) => enforcedAt !== null);
      },
      { within: 2, what: 'the connector to acknowledge' },
    );
    expect((await get()).code).to.equal(1);
    await project('deploy');
    expect((await login()).stderr).to.include('no trust rule here takes this token');
  });
});
