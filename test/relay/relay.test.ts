/** The relay: a connector that listens on nothing, reached through the server's one port. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { newId } from '../../shared/id.ts';
import { controlPlane } from '../support/clusters.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);

describe('relay', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let ana: Person;

  before(async () => {
    guarded = await guardCluster({ cluster: await controlPlane(), name: 'relay', connector: { reach: 'relay' } });
    ana = await guarded.person('ana', { role: 'edit' });
  });
  after(async () => guarded.stop());

  const configMaps = (): string => `/api/v1/namespaces/${guarded.namespace}/configmaps`;
  const tunnelsOf = async () => {
    const { connectors } = await guarded.call(api.destinations.get, { params: { id: guarded.connector.destination.id } });
    return connectors.flatMap(({ tunnels }) => tunnels);
  };
  /** What TLS says of a connection that names this server name. */
  const handshake = async (servername: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: guarded.server.port, servername, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subjectaltname ?? 'connected');
        socket.destroy();
      });
      socket.once('error', (error: Error) => resolve(error.message));
    });

  it('the connector listens on nothing but health', async () => {
    const { stdout } = await run('ss', ['-Hltnp']);
    const own = stdout.split('\n').filter((line) => line.includes(`pid=${guarded.connector.program().pid},`));
    expect(own).to.have.length(1);
    expect(own[0]).to.match(/127\.0\.0\.1:\d+/);
  });

  it('a fleet that comes at once finds room at the server’s port, however long the program is busy', async () => {
    const allowed = Math.min(4096, Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')));
    const { stdout } = await run('ss', ['-Hltn', `sport = :${guarded.server.port}`]);
    const [, , mayWait] = stdout.trim().split(/\s+/);
    expect(Number(mayWait)).to.equal(allowed);
  });

  it('TLS ends at the connector: its certificate, its name, and the person’s certificate', async () => {
    expect(await handshake(guarded.connector.serverName)).to.include(guarded.connector.serverName);
    const client = await ana.client();
    const answer = await client.request(configMaps());
    expect(answer.status, answer.text).to.equal(200);
    expect((await guarded.client().request(configMaps())).status, 'without a certificate').to.equal(401);
  });

  it('the record has the person’s address as the server saw it', async () => {
    const client = await ana.client();
    await client.request(`${configMaps()}?labelSelector=by-relay`);
    const line = await waitFor(
      async () => {
        const { items } = await guarded.call(api.audit.list, { query: { event: 'request', limit: 50 } });
        return items.find(
          ({ actor, details }) => actor.name === 'ana@example.com' && 'path' in details && details.path.includes(configMaps()),
        );
      },
      { within: 20, what: 'the line of the request' },
    );
    expect(line.source?.address).to.equal('127.0.0.1');
  });

  it('a watch goes on and on, over HTTP/2 too, and a revocation ends it', async () => {
    const bo = await guarded.person('bo', { role: 'view' });
    const client = await bo.client();
    const watch = await client.stream(`${configMaps()}?watch=true`);
    await guarded.admin('-n', guarded.namespace, 'create', 'configmap', 'seen-through-the-relay');
    await waitFor(() => watch.text().includes('seen-through-the-relay'), { within: 10, what: 'the change in the watch' });
    await guarded.call(api.users.disable, { params: { id: bo.id } });
    await waitFor(() => watch.hasEnded(), { within: 10, what: 'the watch to end' });
  });

  it('admins see the tunnels, with replica, since, and round trip; the directory counts them', async () => {
    const tunnels = await waitFor(
      async () => {
        const found = await tunnelsOf();
        return found.length === 2 && found.every(({ roundTripMilliseconds }) => roundTripMilliseconds !== null) && found;
      },
      { within: 10, what: 'two tunnels with their round trip' },
    );
    expect(tunnels.map(({ source }) => source)).to.deep.equal(['127.0.0.1', '127.0.0.1']);
    const { destinations } = await ana.call(api.destinations.directory, {});
    expect(destinations[0]).to.include({ tunnels: 2, online: true, address: null, relayAddress: `localhost:${guarded.server.port}` });
  });

  it('both are in the audit, and so is their end', async () => {
    const { items } = await guarded.call(api.audit.list, { query: { event: 'connector.tunnel-opened' } });
    expect(items.length).to.be.at.least(2);
    expect(
      items.every(({ actor, destination }) => actor.kind === 'connector' && destination?.id === guarded.connector.destination.id),
    ).to.equal(true);
  });

  it('a destination that is not there is no name, and the API keeps answering on the same port', async () => {
    const name = guarded.connector.serverName.replace(guarded.connector.destination.id, newId('destination', Date.now()));
    expect(await handshake(name)).to.match(/internal error/);
    expect(await handshake(guarded.connector.serverName.replace('dst_', 'xyz_'))).to.match(/unrecognized name/);
    expect(await handshake('localhost')).to.include('localhost');
    expect((await guarded.server.request('/healthz')).status).to.equal(200);
  });

  it('the connector ends: its tunnels go, the destination is offline, and it comes back by itself', async () => {
    await guarded.connector.stop();
    await waitFor(async () => (await tunnelsOf()).length === 0, { within: 5, what: 'the tunnels to go' });
    expect(await handshake(guarded.connector.serverName)).to.match(/internal error/);
    const ends = async () => (await guarded.call(api.audit.list, { query: { event: 'connector.tunnel-closed' } })).items;
    await waitFor(async () => (await ends()).length >= 2, { within: 5, what: 'the lines of their ends' });
    await guarded.connector.start();
    await waitFor(async () => (await tunnelsOf()).length === 2, { within: 15, what: 'the tunnels to come back' });
    expect((await (await ana.client()).request(configMaps())).status).to.equal(200);
  });
});
