/** A destination removed and made again under its old name is another one: nothing of the old lives on. */
import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import { connectorClient, statusOf, type ConnectorClient } from '../support/connector-client.ts';
import { startConnector, type RunningConnectorProgram } from '../support/connector.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newLease } from '../support/lease.ts';
import { waitFor } from '../support/wait-for.ts';

describe('security of the connector: a destination removed and made again', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let ana: Person;
  const started: RunningConnectorProgram[] = [];

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'successor' });
    ana = await guarded.person('ana');
  });
  after(async () => {
    for (const connector of started) await connector.stop('SIGKILL');
    await guarded.stop();
  });

  const name = `again-${process.pid}`;
  const bindingsOf = async (destinationId: string): Promise<string> =>
    guarded.admin('get', 'rolebindings,clusterrolebindings', '-A', '-l', `infra.internal/destination=${destinationId}`, '-o', 'name');

  /** A connector of a new destination of that name, where ana may read the namespace. */
  async function begin(): Promise<RunningConnectorProgram> {
    const connector = await startConnector({ server: guarded.server, cluster: guarded.cluster, destination: name });
    started.push(connector);
    await guarded.call(api.grants.create, { body: { subject: ana.email, role: 'view', resource: `${name}.${guarded.namespace}` } });
    await waitFor(async () => (await bindingsOf(connector.destination.id)) !== '', { within: 15, what: 'the binding' });
    return connector;
  }
  const clientOf = async (connector: RunningConnectorProgram): Promise<ConnectorClient> =>
    at(connector, await newLease(ana.call, connector.destination.id));
  const at = (connector: RunningConnectorProgram, lease: Awaited<ReturnType<typeof newLease>>): ConnectorClient =>
    connectorClient({ port: connector.port, serverName: connector.serverName, ca: guarded.server.info.rootCertificate }, lease);
  const remove = async ({ destination }: RunningConnectorProgram): Promise<unknown> =>
    guarded.call(api.destinations.remove, { params: { id: destination.id } });
  const read = (): string => `/api/v1/namespaces/${guarded.namespace}/configmaps`;

  async function enrolWith(joinToken: string): Promise<number> {
    const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    const body = JSON.stringify({ joinToken, publicKey: { kty: 'EC', crv: 'P-256', x, y }, clusterUid: null, version: '0' });
    const answer = await guarded.server.request('/api/v1/connector/enrol', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return answer.status;
  }

  it('row 39: its connector lets nobody in any more, ends what is open, and clears its bindings away', async () => {
    const old = await begin();
    const client = await clientOf(old);
    const watch = await client.stream(`${read()}?watch=true`);
    expect(watch.status).to.equal(200);
    await remove(old);
    await waitFor(() => watch.hasEnded(), { within: 5, what: 'the watch to end' });
    const refused = await client.request(read());
    expect(refused.status).to.be.oneOf([401, 403]);
    expect(statusOf(refused.text).kind).to.equal('Status');
    await waitFor(async () => (await bindingsOf(old.destination.id)) === '', { within: 10, what: 'its bindings to be cleared away' });
  });

  it('row 39: under the old name: the old connector, certificate and join token are dead, and the old bindings go, though nobody was there to clear them', async () => {
    const old = await begin();
    const oldLease = await newLease(ana.call, old.destination.id);
    expect((await at(old, oldLease).request(read())).status).to.equal(200);
    const unused = await guarded.call(api.destinations.createJoinToken, { params: { id: old.destination.id }, body: {} });
    await old.stop('SIGKILL');
    await remove(old);
    expect(await bindingsOf(old.destination.id)).to.not.equal('');

    const successor = await begin();
    expect(successor.destination.id).to.not.equal(old.destination.id);
    await waitFor(async () => (await bindingsOf(old.destination.id)) === '', { within: 15, what: "the predecessor's bindings to go" });
    expect(await bindingsOf(successor.destination.id)).to.not.equal('');
    expect((await (await clientOf(successor)).request(read())).status).to.equal(200);

    expect((await at(successor, oldLease).request(read())).status).to.equal(401);
    for (const token of [old.joinToken, unused.joinToken]) expect(await enrolWith(token)).to.be.oneOf([401, 403, 404]);
    // Back from the dead with all it knew.
    await old.start().catch(() => undefined);
    await waitFor(
      async () => {
        const answer = await at(old, oldLease)
          .request(read())
          .catch(() => undefined);
        return answer === undefined || answer.status !== 200;
      },
      { within: 5, what: 'the old connector to refuse' },
    );
  });
});
