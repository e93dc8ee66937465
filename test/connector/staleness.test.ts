/** What the connector shows of itself on `healthListen`: whether it still hears the server, and its metrics. */
import { expect } from 'chai';
import { connect as connectTcp } from 'node:net';
import { startStrangeCluster, type StrangeCluster } from './strange-cluster.ts';
import { until } from './running-connector.ts';

const limitSeconds = 60;

interface Facts {
  readonly serverLastHeardAt: string;
  readonly stalenessLimitSeconds: number;
  readonly refusesFrom: string;
  readonly stale: boolean;
}

describe('connector: what it shows', function () {
  this.timeout(40_000);
  let cluster: StrangeCluster;

  const readiness = async (): Promise<{ status: number; words: readonly string[]; facts: Facts }> => {
    const { status, text } = await cluster.connector.health('/readyz');
    const lines = text.trimEnd().split('\n');
    return { status, words: lines.slice(0, -1), facts: JSON.parse(lines.at(-1) ?? '') as Facts };
  };
  const metrics = async (): Promise<ReadonlyMap<string, number>> => {
    const { text } = await cluster.connector.health('/metrics');
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  };
  const metric = async (name: string): Promise<number | undefined> => (await metrics()).get(`infra_connector_${name}`);

  before(async () => {
    cluster = await startStrangeCluster();
    cluster.server.settings = { ...cluster.server.settings, stalenessLimitSeconds: limitSeconds };
    cluster.server.change(cluster.credential.leaseId);
    cluster.answer('/pods', (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (request.url?.includes('watch=true') === true) response.write('{}\n');
      else response.end('{}');
    });
    await until(async () => (await metric('applied_revision')) === cluster.server.revision, 'the bindings follow the newest revision');
  });
  after(async () => cluster.stop());

  it('/readyz: when the server was heard, and when it would refuse', async () => {
    const { status, words, facts } = await readiness();
    expect(status).to.equal(200);
    expect(words[0]).to.equal('ok');
    expect(words[1]).to.match(/^the server was last heard \d+s ago, at 20\S+Z; if it stays away every request is refused from 20\S+Z on/);
    expect(facts).to.include({ stalenessLimitSeconds: limitSeconds, stale: false });
    expect(Date.now() - Date.parse(facts.serverLastHeardAt)).to.be.within(-1000, 5000);
    expect(Date.parse(facts.refusesFrom) - Date.parse(facts.serverLastHeardAt)).to.equal(limitSeconds * 1000);
  });

  it('/metrics: silence and limit, requests by class, refusals by reason, what is open, handshakes, revisions', async () => {
    const { connector, credential, server } = cluster;
    const before = await metrics();
    const grown = async (name: string): Promise<number> => ((await metric(name)) ?? 0) - (before.get(`infra_connector_${name}`) ?? 0);
    expect((await connector.request(credential, '/api/v1/namespaces/x/pods')).status).to.equal(200);
    expect((await connector.request(undefined, '/api/v1/namespaces/x/pods')).status).to.equal(401);
    const watch = await connector.watch(credential, '/api/v1/namespaces/x/pods?watch=true');
    const stranger = server.addUser('b@example.com', []);
    expect((await connector.request(await server.issue(stranger.id), '/api/v1/namespaces/x/pods')).status).to.equal(403);
    connectTcp(connector.port, '127.0.0.1').end('no TLS at all');

    expect(await grown('requests_total{code="2xx"}')).to.equal(2);
    expect(await grown('requests_total{code="4xx"}')).to.equal(2);
    expect(await grown('refusals_total{reason="Unauthorized"}')).to.equal(1);
    expect(await grown('refusals_total{reason="Forbidden"}')).to.equal(1);
    expect(await grown('tls_handshakes_total{outcome="identified"}')).to.equal(3);
    expect(await grown('tls_handshakes_total{outcome="stranger"}')).to.equal(1);
    await until(async () => (await grown('tls_handshakes_total{outcome="failed"}')) === 1, 'the broken handshake is counted');
    expect(await metric('open_streams')).to.equal(1);
    expect(await metric('connections')).to.be.at.least(1);
    expect(await metric('server_silence_seconds')).to.be.within(0, 5);
    expect(await metric('staleness_limit_seconds')).to.equal(limitSeconds);
    expect(await metric('stale')).to.equal(0);
    expect(await metric('enforced_revision')).to.equal(server.revision);
    watch.abort();
    await until(async () => (await metric('open_streams')) === 0, 'the stream is closed');
    await until(async () => (await metric('audit_spool_lines')) === 0, 'the spool is uploaded');
    expect(await metric('audit_spool_bytes')).to.equal(0);
  });

  it('/metrics names nobody and nothing that was asked for', async () => {
    await cluster.connector.request(cluster.credential, '/api/v1/namespaces/secretive/pods');
    const { text } = await cluster.connector.health('/metrics');
    expect(text).to.not.match(/secretive|example\.com|usr_|lse_|127\.0\.0\.1/);
  });

  it('past the limit it is not ready, and says since when everything is refused', async () => {
    const { connector, credential, server } = cluster;
    await server.stop();
    await connector.request(credential, '/api/v1/namespaces/x/pods');
    expect(await metric('audit_spool_lines')).to.be.at.least(1);
    expect(await metric('audit_spool_bytes')).to.be.at.least(100);
    const heard = Date.now() - (limitSeconds + 5) * 1000;
    await connector.restartHavingHeard(heard);
    expect((await connector.request(credential, '/api/v1/namespaces/x/pods')).status).to.equal(503);
    const { status, words, facts } = await readiness();
    expect(status).to.equal(503);
    expect(words[1]).to.match(/^the server was last heard 1m\d+s ago, at \S+: every request is refused since \S+ \(staleness limit 1m\)$/);
    expect(facts.stale).to.equal(true);
    expect(Date.parse(facts.serverLastHeardAt)).to.equal(heard);
    expect(await metric('server_silence_seconds')).to.be.within(limitSeconds + 4, limitSeconds + 20);
    expect(await metric('stale')).to.equal(1);
    expect(await metric('refusals_total{reason="ServiceUnavailable"}')).to.equal(1);
    await server.listen();
    await until(async () => (await readiness()).status === 200, 'it is ready again', 20_000);
  });
});
