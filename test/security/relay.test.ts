/** Rows 42 and 43: what the relay gets to see and what it can do, whoever runs it; and what anybody at all can do to it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { api } from '../../shared/api/index.ts';
import { tunnelPath, tunnelProtocol } from '../../shared/api/connector-tunnel.ts';
import { problemSchema } from '../../shared/api/problem.ts';
import { createAuthority, serverAuth } from '../connector/fake-authority.ts';
import { controlPlane } from '../support/clusters.ts';
import { connectorClient, type ConnectorClient } from '../support/connector-client.ts';
import { enrolConnector, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { closed } from '../support/closed.ts';
import { startHostileRelay, type HostileRelay } from '../support/hostile-relay.ts';
import type { LeasedCertificate } from '../support/lease.ts';
import { memoryHolds } from '../support/process-memory.ts';
import { waitFor } from '../support/wait-for.ts';

const residentMegabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe('security of the relay', function () {
  this.timeout(60_000);
  let guarded: GuardedCluster;
  let ana: Person;
  let lease: LeasedCertificate;
  let client: ConnectorClient;
  const path = (): string => `/api/v1/namespaces/${guarded.namespace}/configmaps`;

  before(async () => {
    guarded = await guardCluster({
      cluster: await controlPlane(),
      name: 'relay-security',
      server: { settings: { 'relay-streams': '40' } },
      connector: { reach: 'relay' },
    });
    ana = await guarded.person('ana', { role: 'edit' });
    lease = await ana.lease();
    client = guarded.client(lease);
  });
  after(async () => guarded.stop());

  describe('what it sees (row 42)', () => {
    it('neither its traffic nor its memory holds anything of a request or an answer', async () => {
      const relay = await startHostileRelay(guarded.server.port);
      const canary = (): string => `canary-${randomBytes(12).toString('hex')}`;
      const [body, header] = [canary(), canary()];
      try {
        const through = connectorClient(
          { port: relay.port, serverName: guarded.connector.serverName, ca: guarded.server.info.rootCertificate },
          lease,
        );
        const secret = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'canary' }, data: { password: body } };
        const created = await through.request(path(), {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-canary': header },
          body: JSON.stringify(secret),
        });
        expect(created.status, created.text).to.equal(201);
        const read = await through.request(`${path()}/canary`);
        expect(read.text).to.include(body);
        const traffic = Buffer.concat(relay.seen.map(({ record }) => record)).toString('latin1');
        expect(traffic).not.to.include(body).and.not.to.include(header);
        expect(memoryHolds(guarded.server.program().pid, [body, header]), 'the server').to.deep.equal([]);
        expect(memoryHolds(process.pid, [body, header]), 'this process: the search finds what is there').to.deep.equal([body, header]);
      } finally {
        await relay.stop();
      }
    });
  });

  describe('what it can do (row 42)', () => {
    let relay: HostileRelay;
    let through: ConnectorClient;
    beforeEach(async () => {
      relay = await startHostileRelay(guarded.server.port);
      through = connectorClient(
        { port: relay.port, serverName: guarded.connector.serverName, ca: guarded.server.info.rootCertificate },
        lease,
      );
    });
    afterEach(async () => relay.stop());

    /** Names of the config maps that were made. */
    const made = async (): Promise<string[]> => {
      const names = await guarded.admin('-n', guarded.namespace, 'get', 'configmaps', '-o', 'name');
      return names.split('\n').filter((name) => name.includes('hostile'));
    };
    const create = async (name: string): Promise<number> =>
      through
        .request(path(), {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: `${name}-` } }),
        })
        .then(
          ({ status }) => status,
          () => 0,
        );

    it('what it changes breaks the connection, in both directions', async () => {
      let count = 0;
      for (const direction of ['to-server', 'to-person'] as const) {
        count = 0;
        relay.meddle = (record, to) => {
          // Application data alone: what comes before has tests of its own.
          if (record[0] !== 23 || to !== direction || (count += 1) < 3) return [record];
          const changed = Buffer.from(record);
          changed[changed.length - 20] = (changed.at(-20) ?? 0) ^ 1;
          return [changed];
        };
        expect(await create(`hostile-changed-${direction}`), direction).to.equal(0);
      }
      expect((await made()).filter((name) => name.includes('changed-to-server'))).to.deep.equal([]);
    });

    it('what it sends twice, or in another order, breaks the connection and does nothing twice', async () => {
      relay.meddle = (record, to) => (record[0] === 23 && to === 'to-server' ? [record, record] : [record]);
      await create('hostile-twice');
      let held: Buffer | undefined;
      relay.meddle = (record, to) => {
        if (record[0] !== 23 || to !== 'to-server') return [record];
        const before = held;
        held = before === undefined ? record : undefined;
        return before === undefined ? [] : [record, before];
      };
      expect(await create('hostile-order')).to.equal(0);
      expect((await made()).length).to.be.at.most(1);
    });

    it('what it recorded opens nothing when it is sent again', async () => {
      expect(await create('hostile-recorded')).to.equal(201);
      const recorded = relay.seen.filter(({ direction }) => direction === 'to-server').map(({ record }) => record);
      const before = (await made()).length;
      const socket = connect(guarded.server.port, '127.0.0.1');
      socket.on('error', () => undefined).resume();
      for (const record of recorded) socket.write(record);
      await closed(socket);
      expect((await made()).length).to.equal(before);
    });

    it('it cannot pass for a destination: kubectl’s own check ends it', async () => {
      const { serverName } = guarded.connector;
      const lookAlike = await createAuthority();
      const own = await lookAlike.issue({ subject: 'CN=infra', names: [{ type: 'dns', value: serverName }], usages: [serverAuth] });
      const imposter = createTlsServer({ key: own.keyPem, cert: own.chain }, (socket) => socket.end());
      imposter.on('tlsClientError', () => undefined);
      imposter.listen(0, '127.0.0.1');
      await once(imposter, 'listening');
      const lured = connectorClient(
        { port: (imposter.address() as AddressInfo).port, serverName, ca: guarded.server.info.rootCertificate },
        lease,
      );
      const error = await lured.request(path()).then(
        () => undefined,
        (refused: unknown) => (refused as NodeJS.ErrnoException).code,
      );
      expect(error).to.match(/CERT|SELF_SIGNED|UNABLE_TO/);
      imposter.close();
    });
  });

  describe('who may open a tunnel (row 43)', () => {
    let own: EnrolledConnector;
    const query = '?replica=test';
    before(async () => (own = await enrolConnector(guarded.server, 'tunnel-tests')));

    /** What the upgrade comes to. */
    async function dial(
      headers: Readonly<Record<string, string>>,
      protocol = tunnelProtocol,
      search = query,
    ): Promise<WebSocket | { status: number; code: string }> {
      const socket = new WebSocket(`wss://localhost:${guarded.server.port}${tunnelPath}${search}`, protocol, {
        headers,
        ca: guarded.server.info.rootCertificate,
      });
      return new Promise((resolve, reject) => {
        socket.once('open', () => resolve(socket));
        socket.once('error', reject);
        socket.once('unexpected-response', (_request, response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, code: problemSchema.parse(JSON.parse(text)).code }));
        });
      });
    }
    const tunnelsOf = async (id: string): Promise<number> => {
      const { destinations } = await ana.call(api.destinations.directory, {});
      return destinations.find((entry) => entry.id === id)?.tunnels ?? 0;
    };

    it('nobody without an assertion, a person neither, nor whose assertion is for something else', async () => {
      expect(await dial({})).to.deep.equal({ status: 401, code: 'assertion.invalid' });
      expect(await dial({ authorization: `Bearer ${ana.secret}` })).to.deep.equal({ status: 401, code: 'assertion.invalid' });
      const forAnother = await own.sign({ method: 'GET', path: '/api/v1/connector/changes' });
      expect(await dial({ authorization: forAnother })).to.deep.equal({ status: 401, code: 'assertion.invalid' });
      const forAnotherReplica = await own.sign({ method: 'GET', path: `${tunnelPath}?replica=other` });
      expect(await dial({ authorization: forAnotherReplica })).to.deep.equal({ status: 401, code: 'assertion.invalid' });
      const asAnother = await own.sign({ method: 'GET', path: tunnelPath + query }, { claims: { iss: guarded.connector.destination.id } });
      expect(await dial({ authorization: asAnother })).to.deep.equal({ status: 401, code: 'assertion.invalid' });
    });

    it('an assertion opens one', async () => {
      const authorization = await own.sign({ method: 'GET', path: tunnelPath + query });
      const first = await dial({ authorization });
      expect(first).to.be.instanceOf(WebSocket);
      await waitFor(async () => (await tunnelsOf(own.destinationId)) === 1, { within: 5, what: 'the tunnel' });
      expect(await dial({ authorization })).to.deep.equal({ status: 401, code: 'assertion.replayed' });
      (first as WebSocket).terminate();
      await waitFor(async () => (await tunnelsOf(own.destinationId)) === 0, { within: 5, what: 'its end' });
    });

    it('a replica without a name, and who speaks something else, have none', async () => {
      const without = await own.sign({ method: 'GET', path: tunnelPath });
      expect(await dial({ authorization: without }, tunnelProtocol, '')).to.deep.equal({ status: 400, code: 'request.invalid' });
      const authorization = await own.sign({ method: 'GET', path: tunnelPath + query });
      const other = await dial({ authorization }, 'something-else').catch((error: unknown) => error);
      expect(other).to.be.instanceOf(Error);
      expect(await tunnelsOf(own.destinationId)).to.equal(0);
    });

    it('with its destination a tunnel goes, at once', async () => {
      const gone = await enrolConnector(guarded.server, 'tunnel-removed');
      const socket = await dial({ authorization: await gone.sign({ method: 'GET', path: tunnelPath + query }) });
      if (!(socket instanceof WebSocket)) throw new Error('no tunnel');
      await waitFor(async () => (await tunnelsOf(gone.destinationId)) === 1, { within: 5, what: 'the tunnel' });
      const end = closed(socket);
      await guarded.call(api.destinations.remove, { params: { id: gone.destinationId } });
      await end;
      const { items } = await waitFor(
        async () => {
          const page = await guarded.call(api.audit.list, { query: { event: 'connector.tunnel-closed' } });
          return page.items.some(({ destination }) => destination?.id === gone.destinationId) && page;
        },
        { within: 5, what: 'the line of its end' },
      );
      expect(JSON.stringify(items)).to.include('was removed');
    });
  });

  describe('what anybody can do to it (row 43)', () => {
    const silent = async (count: number): Promise<Socket[]> => {
      const sockets = Array.from({ length: count }, () =>
        connect(guarded.server.port, '127.0.0.1')
          .on('error', () => undefined)
          .resume(),
      );
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      return sockets;
    };
    const streams = async (): Promise<number> => {
      const { connectors } = await guarded.call(api.destinations.get, { params: { id: guarded.connector.destination.id } });
      return connectors.flatMap(({ tunnels }) => tunnels).reduce((sum, tunnel) => sum + tunnel.streams, 0);
    };
    const isAlive = async (): Promise<boolean> => (await guarded.server.request('/healthz')).status === 200;

    it('who says nothing keeps nobody out, and is gone after 10 s', async function () {
      // Where the kernel keeps fewer connections waiting than come here, some come seconds later.
      this.timeout(120_000);
      const sockets = await silent(1100);
      const ends = sockets.map(closed);
      await waitFor(() => sockets.filter((socket) => socket.closed).length >= 100, { within: 8, what: 'the oldest hundred to go' });
      expect(await isAlive()).to.equal(true);
      expect((await client.request(path())).status).to.equal(200);
      const dripping = connect(guarded.server.port, '127.0.0.1')
        .on('error', () => undefined)
        .resume();
      const dripped = closed(dripping);
      const drip = setInterval(() => dripping.write(Buffer.from([22])), 500);
      try {
        await Promise.all([...ends, dripped]);
      } finally {
        clearInterval(drip);
      }
    });

    it('a hello in tiny pieces is read, and one that never ends is not waited for', async () => {
      const address = { host: '127.0.0.1', port: guarded.server.port };
      // A proxy that passes on what comes a few bytes at a time.
      const splitter = createServer((socket) => {
        const onward = connect(address).setNoDelay(true);
        let sent = Promise.resolve();
        socket.on('data', (chunk: Buffer) => {
          for (let at = 0; at < chunk.length; at += 60)
            sent = sent.then(() => new Promise((resolve) => onward.write(chunk.subarray(at, at + 60), () => setImmediate(resolve))));
        });
        onward.pipe(socket);
        socket.on('end', () => void sent.then(() => onward.end()));
        for (const each of [socket, onward]) each.on('error', () => each.destroy());
      });
      splitter.listen(0, '127.0.0.1');
      await once(splitter, 'listening');
      const slowly = connectorClient(
        {
          port: (splitter.address() as AddressInfo).port,
          serverName: guarded.connector.serverName,
          ca: guarded.server.info.rootCertificate,
        },
        lease,
      );
      expect((await slowly.request(path())).status).to.equal(200);
      splitter.close();
      const endless = connect(address)
        .on('error', () => undefined)
        .resume();
      const ended = closed(endless);
      endless.write(Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xf0]), Buffer.alloc(20_000, 1)]));
      endless.write(Buffer.alloc(60_000, 22));
      await ended;
      expect(await isAlive()).to.equal(true);
    });

    it('connections to one destination are bounded, and leave the API and others alone', async () => {
      const name = guarded.connector.serverName;
      await waitFor(async () => (await streams()) === 0, { within: 10, what: 'the streams of the tests before to end' });
      const open = Array.from({ length: 40 }, () =>
        connectTls({ host: '127.0.0.1', port: guarded.server.port, servername: name, rejectUnauthorized: false }),
      );
      open.forEach((socket) => socket.on('error', () => undefined));
      await Promise.all(open.map((socket) => once(socket, 'secureConnect')));
      const refused = await client.request(path()).then(
        () => undefined,
        (error: unknown) => (error as Error).message,
      );
      expect(refused).to.match(/internal error/);
      expect(await isAlive()).to.equal(true);
      open.forEach((socket) => socket.destroy());
      await waitFor(async () => (await client.request(path())).status === 200, { within: 10, what: 'room' });
    });

    it('one that reads nothing costs its own buffer, and holds up nobody', async () => {
      const { pid } = guarded.server.program();
      const before = residentMegabytes(pid);
      const made = await client.request(path(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'big' }, data: { big: 'x'.repeat(900_000) } }),
      });
      expect(made.status, made.text).to.equal(201);
      const stalled = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const socket = await client.connect();
          socket.pause();
          // Pipelined: far more is ready for it than it ever takes.
          socket.write(`GET ${path()}/big HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(30));
          return socket;
        }),
      );
      for (let round = 0; round < 30; round += 1) expect((await client.request(`${path()}?limit=1`)).status).to.equal(200);
      // 270 MB are ready for them.
      expect(residentMegabytes(pid) - before).to.be.below(100);
      stalled.forEach((socket) => socket.destroy());
    });
  });
});
