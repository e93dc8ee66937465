/** haproxy in front of the server: the PROXY header says whose a connection is, and is believed of those alone who may say so. */
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { controlPlane } from '../support/clusters.ts';
import type { Daemon } from '../support/daemon.ts';
import { guardCluster, type GuardedCluster } from '../support/guarded-cluster.ts';
import { startHaproxy } from '../support/haproxy.ts';
import { freePort } from '../support/ports.ts';
import { newPerson } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

/** All of 127.0.0.0/8 is this machine: people come from one address, strangers from another, and haproxy, which is trusted, from the usual one. */
const person = '127.0.0.2';
const stranger = '127.0.0.3';
const balancer = '127.0.0.1';
const invented = '203.0.113.9';

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const headerFor = (address: string): Buffer =>
  Buffer.concat([
    signature,
    Buffer.from([0x21, 0x11, 0, 12]),
    Buffer.from([...address.split('.').map(Number), 127, 0, 0, 1]),
    Buffer.from([0x30, 0x39, 0x01, 0xbb]),
  ]);

describe('relay: PROXY header', function () {
  this.timeout(60_000);
  let haproxy: Daemon;
  let front: number;
  let back: number;
  let guarded: GuardedCluster;
  const email = 'bo@example.com';
  const password = 'a lantern in the harbour';

  before(async () => {
    front = await freePort();
    back = await freePort();
    haproxy = await startHaproxy({ port: front, server: back });
    guarded = await guardCluster({
      cluster: await controlPlane(),
      name: 'relay-haproxy',
      server: { port: front, settings: { listen: `127.0.0.1:${back}`, 'proxy-protocol': 'on', 'trusted-proxies': `${balancer}/32` } },
      connector: { reach: 'relay' },
    });
    await newPerson(guarded.server, email, password);
  });
  after(async () => {
    await guarded.stop();
    await haproxy.stop();
  });

  interface Login {
    readonly port: number;
    readonly from: string;
    /** Before TLS. */
    readonly first?: readonly Buffer[];
    readonly headers?: Readonly<Record<string, string>>;
  }

  /** The status of a login, 0 without any answer; rejects when the connection breaks. */
  const login = async ({ port, from, first = [], headers = {} }: Login): Promise<number> => {
    const tcp = connectTcp({ host: '127.0.0.1', port, localAddress: from }).setNoDelay(true);
    for (const [index, bytes] of first.entries()) {
      // The last goes with the hello: whoever is refused before it is looked at would not be told.
      if (index > 0) await delay(20);
      tcp.write(bytes);
    }
    const body = JSON.stringify({ email, password });
    return new Promise((resolve, reject) => {
      const socket = connect({ socket: tcp, servername: 'localhost', ca: guarded.server.info.rootCertificate });
      socket.once('error', reject).once('close', () => reject(new Error('closed')));
      // Neither an answer nor an end.
      setTimeout(() => resolve(0), 5000).unref();
      request({
        createConnection: () => socket,
        host: 'localhost',
        method: 'POST',
        path: '/api/v1/login/password',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
      })
        .once('error', reject)
        .once('response', (response) => {
          resolve(response.statusCode ?? 0);
          socket.destroy();
        })
        .end(body);
    });
  };
  const broken = async (wish: Login): Promise<boolean> =>
    login(wish).then(
      () => false,
      () => true,
    );
  const loginsFrom = async (): Promise<(string | undefined)[]> => {
    const { items } = await guarded.call(api.audit.list, { query: { event: 'login.succeeded', limit: 100 } });
    return items.filter(({ actor }) => actor.name === email).map(({ source }) => source?.address);
  };
  const newest = async (): Promise<string | undefined> => (await loginsFrom())[0];

  it('through haproxy: a login is on record with the person’s own address, whatever their headers say', async () => {
    expect(await login({ port: front, from: person, headers: { 'x-forwarded-for': invented } })).to.equal(200);
    expect(await newest()).to.equal(person);
  });

  it('through haproxy and the relay: so is a request', async () => {
    const ana = await guarded.person('ana', { role: 'view' });
    const path = `/api/v1/namespaces/${guarded.namespace}/configmaps`;
    const answer = await (await ana.client()).request(path, { localAddress: person });
    expect(answer.status, answer.text).to.equal(200);
    const line = await waitFor(
      async () => {
        const { items } = await guarded.call(api.audit.list, { query: { event: 'request', limit: 50 } });
        return items.find((item) => 'path' in item.details && item.details.path.includes(path));
      },
      { within: 20, what: 'the line of the request' },
    );
    expect(line.source?.address).to.equal(person);
  });

  it('row 21: a header within haproxy’s connection is no header', async () => {
    expect(await broken({ port: front, from: person, first: [headerFor(invented)] })).to.equal(true);
  });

  it('row 21: from a trusted address the header is a must, in whatever pieces it comes, and of version 2', async () => {
    const header = headerFor(invented);
    expect(
      await login({ port: back, from: balancer, first: [header.subarray(0, 5), header.subarray(5, 20), header.subarray(20)] }),
    ).to.equal(200);
    expect(await newest()).to.equal(invented);
    expect(await broken({ port: back, from: balancer })).to.equal(true);
    const version1 = Buffer.from(`PROXY TCP4 ${invented} 127.0.0.1 12345 443\r\n`);
    expect(await broken({ port: back, from: balancer, first: [version1] })).to.equal(true);
    const tooLong = Buffer.concat([signature, Buffer.from([0x21, 0x11, 0xff, 0xff]), Buffer.alloc(70_000)]);
    expect(await broken({ port: back, from: balancer, first: [tooLong] })).to.equal(true);
    const noAddress = Buffer.concat([signature, Buffer.from([0x21, 0x00, 0, 0])]);
    expect(await broken({ port: back, from: balancer, first: [noAddress] })).to.equal(true);
  });

  it('row 21: from any other address a header is not believed, and who comes without one is who they are', async () => {
    expect(await broken({ port: back, from: stranger, first: [headerFor(invented)] })).to.equal(true);
    expect(await login({ port: back, from: stranger, headers: { 'x-forwarded-for': invented } })).to.equal(200);
    expect(await newest()).to.equal(stranger);
  });

  it('row 21: two headers are none', async () => {
    expect(await broken({ port: back, from: balancer, first: [headerFor(invented), headerFor(person)] })).to.equal(true);
    expect((await loginsFrom()).filter((address) => address === invented)).to.have.length(1);
  });
});
