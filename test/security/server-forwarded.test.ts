/** Row 21: what a request says of where it came from is believed from configured proxies alone, and of their words only the last. */
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { connectorClient } from '../support/connector-client.ts';
import { startServer, type RunningServer } from '../support/server.ts';

const elsewhere = '198.51.100.66';

/** Every header by which some proxy or framework has let a client choose its address, host, scheme or path. */
const forged: Readonly<Record<string, string>> = {
  'x-forwarded-for': elsewhere,
  'x-forwarded-host': 'evil.example',
  'x-forwarded-server': 'evil.example',
  'x-forwarded-proto': 'http',
  'x-forwarded-port': '1',
  'x-forwarded-prefix': '/evil.example',
  'x-forwarded-uri': '/evil.example',
  forwarded: `for=${elsewhere};host=evil.example;proto=http`,
  'x-real-ip': elsewhere,
  'x-client-ip': elsewhere,
  'true-client-ip': elsewhere,
  'cf-connecting-ip': elsewhere,
  'x-cluster-client-ip': elsewhere,
  'x-remote-addr': elsewhere,
  'x-original-for': elsewhere,
  'x-host': 'evil.example',
  'x-original-host': 'evil.example',
  'x-original-url': '/evil.example',
  'x-rewrite-url': '/evil.example',
  via: '1.1 evil.example',
};

interface KeyHolder {
  readonly server: RunningServer;
  readonly key: string;
}

async function withKey(settings: Record<string, string> = {}): Promise<KeyHolder> {
  const server = await startServer({ settings });
  const { secret } = await (await server.admin())(api.accessKeys.create, { body: { name: 'robot' } });
  return { server, key: secret };
}

const post = async (server: RunningServer, path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Response> =>
  server.request(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

/** Logs in with these headers and reads, in session and audit, where that was from. */
async function addressSeen({ server, key }: KeyHolder, headers: Readonly<Record<string, string>>): Promise<string> {
  const opened = api.login.accessKey.result.parse(await (await post(server, '/api/v1/login/access-key', { key }, headers)).json());
  const { items } = await (await server.admin())(api.audit.list, { query: { event: 'login.succeeded', limit: 1 } });
  expect(items[0]?.source?.address, 'audit and session agree').to.equal(opened.session.sourceAddress);
  return opened.session.sourceAddress;
}

/** Wrong passwords for one account, each with headers of its own. */
async function guess(server: RunningServer, email: string, headers: readonly Readonly<Record<string, string>>[]): Promise<number[]> {
  return Promise.all(
    headers.map(async (own) => (await post(server, '/api/v1/login/password', { email, password: 'wrong wrong wrong' }, own)).status),
  );
}

const counted = (statuses: readonly number[]) => ({
  lookedAt: statuses.filter((status) => status === 401).length,
  refused: statuses.filter((status) => status === 429).length,
});
const attempts = (headers: (index: number) => Readonly<Record<string, string>>): Readonly<Record<string, string>>[] =>
  Array.from({ length: 13 }, (_, index) => headers(index));

describe('row 21: forwarded headers', function () {
  this.timeout(60_000);

  describe('from somebody who is no configured proxy', () => {
    let holder: KeyHolder;
    before(async () => {
      holder = await withKey();
    });
    after(async () => holder.server.stop());

    it('choose no address in session and audit', async () => {
      expect(await addressSeen(holder, forged)).to.equal('127.0.0.1');
    });

    it('choose no host, scheme or path in anything that is answered', async () => {
      const { server } = holder;
      const client = connectorClient({ port: server.port, serverName: 'localhost', ca: server.info.rootCertificate });
      for (const path of ['/', '/setup', '/api/v1/server', '/api/v1/users', '/nothing']) {
        const plain = await client.request(path);
        const answer = await client.request(path, { headers: { ...forged, host: 'evil.example' } });
        expect([answer.status, answer.text], path).to.deep.equal([plain.status, plain.text]);
        const { date: _, ...headers } = answer.headers;
        expect(JSON.stringify(headers), path).not.to.match(/evil\.example|http:/);
        expect(answer.headers.location, path).to.equal(undefined);
      }
    });

    it('win no further tries for a password', async () => {
      const statuses = await guess(
        holder.server,
        'ana@example.com',
        attempts((index) => Object.fromEntries(Object.keys(forged).map((name) => [name, `203.0.113.${index}`]))),
      );
      expect(counted(statuses)).to.deep.equal({ lookedAt: 10, refused: 3 });
    });
  });

  it('do not count either when proxies are configured and this peer is none of them', async () => {
    const holder = await withKey({ 'trusted-proxies': '10.0.0.0/8,2001:db8::/32' });
    try {
      expect(await addressSeen(holder, { 'x-forwarded-for': elsewhere })).to.equal('127.0.0.1');
      expect(await addressSeen(holder, { 'x-forwarded-for': '10.0.0.1' })).to.equal('127.0.0.1');
    } finally {
      await holder.server.stop();
    }
  });

  describe('from a configured proxy', () => {
    let holder: KeyHolder;
    before(async () => {
      holder = await withKey({ 'trusted-proxies': '127.0.0.0/8,10.0.0.0/8' });
    });
    after(async () => holder.server.stop());

    for (const [said, believed, why] of [
      ['203.0.113.7', '203.0.113.7', 'the proxy saw it'],
      [`${elsewhere}, 203.0.113.7`, '203.0.113.7', 'what stands before was said by the client'],
      [`${elsewhere}, 203.0.113.7, 10.0.0.2`, '203.0.113.7', 'a second proxy of ours saw it'],
      [`10.0.0.3, 203.0.113.7, 10.0.0.2`, '203.0.113.7', 'a name of our proxies in the client’s own words is no proxy'],
      ['10.0.0.9, 10.0.0.2', '10.0.0.9', 'somebody among our proxies asks'],
      [',, 203.0.113.7 ,', '203.0.113.7', 'empty places are none'],
      ['::ffff:203.0.113.7', '203.0.113.7', 'one address has one spelling'],
      ['2001:DB8:0::7', '2001:db8::7', 'one address has one spelling'],
      ['', '127.0.0.1', 'nothing was said'],
      [`${elsewhere}, unknown`, '127.0.0.1', 'what is no address hides what stands before it'],
      [`${elsewhere}, 203.0.113.7:4711`, '127.0.0.1', 'an address with a port is none'],
      [`${elsewhere}, unknown, 10.0.0.2`, '10.0.0.2', 'the last one that somebody saw'],
      [`${elsewhere}, <script>alert(1)</script>`, '127.0.0.1', 'text is no address'],
    ] as const)
      it(`X-Forwarded-For: ${JSON.stringify(said)} means ${believed}: ${why}`, async () => {
        expect(await addressSeen(holder, { 'x-forwarded-for': said })).to.equal(believed);
      });

    it('several lines are read as one, the last of the last line first', async () => {
      const { server, key } = holder;
      const client = connectorClient({ port: server.port, serverName: 'localhost', ca: server.info.rootCertificate });
      const body = JSON.stringify({ key });
      await client.send(
        `POST /api/v1/login/access-key HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nX-Forwarded-For: ${elsewhere}\r\nX-Forwarded-For: 203.0.113.8, 10.0.0.2\r\nConnection: close\r\n\r\n${body}`,
      );
      const { items } = await (await server.admin())(api.audit.list, { query: { event: 'login.succeeded', limit: 1 } });
      expect(items[0]?.source?.address).to.equal('203.0.113.8');
    });

    it('are X-Forwarded-For alone: the other headers may come from the client untouched', async () => {
      const { 'x-forwarded-for': _, ...others } = forged;
      expect(await addressSeen(holder, others)).to.equal('127.0.0.1');
    });

    it('win no further tries for who writes into the list, and each client has tries of its own', async () => {
      const forging = attempts((index) => ({ 'x-forwarded-for': `192.0.2.${index}, 203.0.113.20` }));
      expect(counted(await guess(holder.server, 'bea@example.com', forging))).to.deep.equal({ lookedAt: 10, refused: 3 });
      const other = [{ 'x-forwarded-for': '203.0.113.21' }];
      expect(counted(await guess(holder.server, 'bea@example.com', other))).to.deep.equal({ lookedAt: 1, refused: 0 });
    });
  });
});
