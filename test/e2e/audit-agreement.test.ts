/** infra's audit and the cluster's own tell the same of every request, line by line, and infra's tells how many bytes went each way. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import type { AuditDetails } from '../../shared/api/audit.ts';
import { controlPlane } from '../support/clusters.ts';
import type { ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { auditMentioning, type KubernetesAuditEvent } from '../support/kubernetes-audit.ts';
import { waitFor } from '../support/wait-for.ts';

type Line = AuditDetails<'request.completed'> & { readonly id: string };

describe('e2e: the audit beside the cluster’s own', function () {
  this.timeout(120_000);
  let guarded: GuardedCluster;
  let ana: Person;
  let client: ConnectorClient;
  const inNamespace = (rest: string): string => `/api/v1/namespaces/${guarded.namespace}/${rest}`;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'agreement' });
    ana = await guarded.person('ana', { role: 'edit' });
    client = await ana.client();
    await waitFor(async () => (await client.request(inNamespace('configmaps'))).status === 200, { within: 15, what: 'ana to get in' });
  });
  after(async () => guarded.stop());

  async function lines(): Promise<readonly Line[]> {
    const found: Line[] = [];
    for (let cursor: string | undefined; ;) {
      const query = { actor: ana.email, limit: 200, ...(cursor === undefined ? {} : { cursor }) };
      const { items, nextCursor } = await guarded.call(api.audit.list, { query });
      for (const { id, details } of items) if ('verb' in details) found.push({ ...(details as Line), id });
      if (nextCursor === null) return found;
      cursor = nextCursor;
    }
  }

  /** Those that the cluster knows of by their id; told at the end of each. */
  async function clusterEvents(): Promise<ReadonlyMap<string, KubernetesAuditEvent>> {
    const events = await auditMentioning(guarded.cluster, `"username":"infra:${ana.email}"`);
    const ours = events.filter(({ user, stage }) => user.username === guarded.account.username && stage === 'ResponseComplete');
    return new Map(ours.map((event) => [event.auditID, event]));
  }

  it('each line of the one has its line in the other, and they agree', async () => {
    const terminal = await ana.terminal();
    const kubectl = async (...args: readonly string[]): Promise<unknown> => terminal.kubectl('-n', guarded.namespace, ...args);
    const commands: readonly string[] = [
      'create configmap one --from-literal=a=b',
      'get configmaps',
      'get configmap one -o yaml',
      'label configmap one x=y',
      'patch configmap one --type=merge -p {"data":{"c":"d"}}',
      'create deployment idle --image=nothing --replicas=0',
      'scale deployment idle --replicas=0',
      'get deployment idle --subresource=scale',
      'get configmaps --watch --request-timeout=1s',
      'get secrets -n kube-system',
      'get nodes',
      'exec none -- id',
      'auth can-i --list',
      'delete configmap one',
      'delete configmaps --all',
      'get configmap absent',
    ];
    for (const command of commands) await kubectl(...command.split(' '));
    await client.request(inNamespace('configmaps'), { method: 'HEAD' });
    await client.request(inNamespace('configmaps/%6eone'));
    await client.request(inNamespace('pods/none/log?follow=true'));
    await client.request('/no/such/path');

    const isRefusedHere = ({ phase }: Line): boolean => phase === 'refused';
    await waitFor(
      async () => {
        const [ours, theirs] = [await lines(), await clusterEvents()];
        const known = new Set(ours.map(({ id }) => id));
        return ours.some(({ path }) => path === '/no/such/path') && [...theirs.keys()].every((id) => known.has(id));
      },
      { within: 20, what: 'every request of the cluster’s audit to be in infra’s' },
    );
    const [ours, theirs] = [await lines(), await clusterEvents()];
    const passed = ours.filter((line) => !isRefusedHere(line) && line.phase !== 'stream-closed');
    expect(passed.length).to.be.greaterThan(30);
    for (const line of passed) {
      const event = theirs.get(line.id);
      expect(event, `${line.verb} ${line.path} in the cluster’s audit`).to.not.equal(undefined);
      const { objectRef = {}, impersonatedUser, requestURI, verb, responseStatus, userAgent } = event ?? ({} as KubernetesAuditEvent);
      expect({
        verb: line.verb,
        path: line.path,
        status: line.status,
        resource: line.resource,
        subresource: line.subresource,
        namespace: line.namespace,
        name: line.name,
        user: line.impersonatedUser,
        groups: line.impersonatedGroups,
        userAgent: line.userAgent,
      }).to.deep.equal({
        verb,
        path: requestURI.replace(/\?.*$/, ''),
        status: responseStatus?.code,
        resource: objectRef.resource ?? '',
        subresource: objectRef.subresource ?? '',
        namespace: objectRef.namespace ?? '',
        // The cluster reads the name of what is created out of the object.
        name: line.verb === 'create' && line.subresource === '' ? '' : (objectRef.name ?? ''),
        user: impersonatedUser?.username,
        groups: impersonatedUser?.groups?.filter((group) => group !== 'system:authenticated'),
        userAgent: userAgent ?? '',
      });
    }
    for (const line of ours.filter(isRefusedHere)) expect(theirs.has(line.id), `${line.path} was refused here`).to.equal(false);
    expect(new Set(ours.map(({ id }) => id)).size, 'no line is there twice').to.equal(ours.length);
    const streams = (phase: Line['phase']): number => ours.filter((line) => line.phase === phase).length;
    expect(streams('stream-closed')).to.equal(streams('stream-opened'));
  });

  it('bytes: of bodies each way, of a long answer at its end', async () => {
    const data = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, 'x'.repeat(10_000)]));
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data });
    const headers = { 'content-type': 'application/json' };
    const posted = await client.request(inNamespace('configmaps'), { method: 'POST', headers, body });
    expect(posted.status, posted.text.slice(0, 300)).to.equal(201);
    const read = await client.request(inNamespace('configmaps/large'));
    const small = await client.request('/version');
    const refused = await client.request(inNamespace('configmaps/large'), { headers: { 'impersonate-uid': '1' } });
    const recorded = async (path: string, received: number, sent: number): Promise<unknown> =>
      waitFor(
        async () => (await lines()).find((line) => line.path === path && line.bytesReceived === received && line.bytesSent === sent),
        { within: 10, what: `${received} and ${sent} bytes of ${path} in the audit` },
      );
    await recorded(inNamespace('configmaps'), body.length, posted.text.length);
    await recorded(inNamespace('configmaps/large'), 0, read.text.length);
    await recorded('/version', 0, small.text.length);
    expect(refused.status).to.equal(403);
  });
});
