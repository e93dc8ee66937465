/** An aggregated API (an APIService) behind the kube-apiserver: found, read and watched through infra, and told the person's name, not the connector's. */
import { expect } from 'chai';
import { createServer, type Server } from 'node:https';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '../../scripts/kubernetes/control-plane.ts';
import { api } from '../../shared/api/index.ts';
import { clustersFolder } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { kubectl } from '../support/kubectl.ts';
import { waitFor } from '../support/wait-for.ts';
import { createAuthority, serverAuth } from './fake-authority.ts';

const group = 'weather.example.com';
const version = `/apis/${group}/v1`;
const rain = { apiVersion: `${group}/v1`, kind: 'Report', metadata: { name: 'rain', resourceVersion: '1' } };

/** The extension server: what it serves, and what it was told of the person. */
class Extension {
  readonly told: IncomingHttpHeaders[] = [];
  readonly watches: ServerResponse[] = [];
  #server: Server | undefined;

  async start(port = 0): Promise<number> {
    const { chain, keyPem } = await (await createAuthority()).issue({ usages: [serverAuth], names: [{ type: 'dns', value: 'localhost' }] });
    const server = createServer({ cert: chain, key: keyPem }, (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'https://x');
      response.setHeader('content-type', 'application/json');
      if (pathname === version)
        response.end(JSON.stringify({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1`, resources: [reports] }));
      else if (!pathname.endsWith('/reports')) response.writeHead(404).end('{}');
      else {
        this.told.push(request.headers);
        if (searchParams.get('watch') === 'true') this.watches.push(response.writeHead(200));
        else response.end(JSON.stringify({ ...rain, kind: 'ReportList', metadata: { resourceVersion: '1' }, items: [rain] }));
      }
    });
    await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

const reports = { name: 'reports', singularName: 'report', namespaced: true, kind: 'Report', verbs: ['get', 'list', 'watch'] };

const apiService = (namespace: string, port: number): string =>
  JSON.stringify({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${group}` },
    spec: {
      ...{ group, version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10, insecureSkipTLSVerify: true },
      service: { namespace, name: 'weather', port },
    },
  });

/** Part of `view`. */
const reporter = JSON.stringify({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'reporter', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
  rules: [{ apiGroups: [group], resources: ['reports'], verbs: ['get', 'list', 'watch'] }],
});

describe('connector: an aggregated API', function () {
  this.timeout(90_000);
  const extension = new Extension();
  let cluster: ControlPlane;
  let guarded: GuardedCluster;
  let ana: Person;
  let port: number;

  before(async () => {
    // Of its own: in a shared one every discovery of others would ask the extension too.
    cluster = await startControlPlane({ directory: join(clustersFolder, `aggregated-${process.pid}`) });
    guarded = await guardCluster({ cluster, name: 'aggregated' });
    port = await extension.start();
    const { admin, namespace } = guarded;
    await admin('-n', namespace, 'create', 'service', 'externalname', 'weather', '--external-name=localhost', `--tcp=${port}:${port}`);
    const input = `${apiService(namespace, port)}\n---\n${reporter}`;
    const applied = await kubectl({ kubeconfig: cluster.adminKubeconfig, input }, 'apply', '-f', '-');
    expect(applied.code, applied.stderr).to.equal(0);
    await admin('wait', '--for=condition=Available', `apiservice/v1.${group}`, '--timeout=30s');
    ana = await guarded.person('ana', { role: 'view' });
    const client = await ana.client();
    // The controller that adds up roles, and the authorizer, follow in their own time.
    const reads = async (): Promise<boolean> => (await client.request(`${version}/namespaces/${namespace}/reports`)).status === 200;
    await waitFor(reads, { within: 30, what: 'the reports to be read' });
  });
  after(async () => {
    extension.stop();
    await guarded.stop();
    await cluster.stop();
  });

  it('kubectl finds its resources and reads them', async () => {
    const { kubeconfig, env } = await ana.terminal();
    const get = async (): Promise<string> =>
      (await kubectl({ kubeconfig, env }, '-n', guarded.namespace, 'get', 'reports', '-o', 'name')).stdout;
    // Discovery of all groups together is put together in the background.
    await waitFor(async () => (await get()) === `report.${group}/rain\n`, { within: 30, what: 'kubectl to find the reports' });
  });

  it('it is told the person, with what infra lends and nothing of the connector', async () => {
    const client = await ana.client();
    extension.told.length = 0;
    const answer = await client.request(`${version}/namespaces/${guarded.namespace}/reports`);
    expect(answer.status, answer.text).to.equal(200);
    const [headers] = extension.told;
    expect(headers?.['x-remote-user']).to.equal(`infra:${ana.email}`);
    expect(headers?.['x-remote-group']).to.equal(`infra:view@${guarded.namespace}, system:authenticated`);
    expect(headers?.authorization).to.equal(undefined);
    expect(JSON.stringify(headers)).to.not.include(guarded.account.username);
  });

  it('the names that a client gives itself do not reach it', async () => {
    const client = await ana.client();
    extension.told.length = 0;
    const headers = { 'X-Remote-User': 'admin', 'X-Remote-Group': 'system:masters', 'X-Remote-Extra-Scopes': 'all' };
    await client.request(`${version}/namespaces/${guarded.namespace}/reports`, { headers });
    for (const seen of extension.told) expect(JSON.stringify(seen)).to.not.match(/system:masters|"admin"|scopes/i);
  });

  it('a watch of it is unbuffered, and ends with the grant', async () => {
    const eve = await guarded.person('eve');
    const grant = await eve.grant({ role: 'view' });
    const client = await eve.client();
    const path = `${version}/namespaces/${guarded.namespace}/reports?watch=true`;
    const before = extension.watches.length;
    const opening = client.stream(path);
    const upstream = await waitFor(() => extension.watches[before], { within: 15, what: 'the watch at the extension' });
    upstream.write(`${JSON.stringify({ type: 'ADDED', object: rain })}\n`);
    const watch = await opening;
    await waitFor(() => watch.text().includes('"rain"'), { within: 15, what: 'the first event' });
    await guarded.call(api.grants.remove, { params: { id: grant } });
    await waitFor(() => watch.hasEnded(), { within: 15, what: 'the watch to end with the grant' });
    await waitFor(() => upstream.destroyed, { within: 15, what: 'its end at the extension' });
  });

  it("one that is away is the cluster's 503, untouched", async () => {
    const client = await ana.client();
    const path = `${version}/namespaces/${guarded.namespace}/reports`;
    extension.stop();
    try {
      const answer = await client.request(path);
      expect(answer.status, answer.text).to.equal(503);
      expect(answer.text).to.not.include('infra:');
    } finally {
      await extension.start(port);
    }
  });
});
