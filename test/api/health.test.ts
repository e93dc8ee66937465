/** Health and metrics: the public port says that the server lives, the private one says how it fares. */
import { expect } from 'chai';
import { freePort } from '../support/ports.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

describe('health and metrics', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let metricsUrl: string;
  before(async () => {
    const port = await freePort();
    metricsUrl = `http://127.0.0.1:${port}`;
    server = await startServer({ settings: { 'metrics-listen': `127.0.0.1:${port}` } });
  });
  after(async () => server.stop());

  const onMetricsPort = async (path: string, method = 'GET'): Promise<Response> => fetch(metricsUrl + path, { method });

  for (const path of ['/livez', '/readyz', '/healthz']) {
    it(`${path} is ok on both ports, to anybody, and says nothing more`, async () => {
      for (const response of [await server.request(path), await onMetricsPort(path)]) {
        expect([response.status, await response.text()]).to.deep.equal([200, 'ok\n']);
      }
    });
  }

  it('/metrics is on the private port alone', async () => {
    for (const path of ['/metrics', '/Metrics', '/metrics/', '/api/v1/metrics']) {
      expect((await server.request(path)).status, path).to.equal(404);
    }
    const response = await onMetricsPort('/metrics');
    expect(response.status).to.equal(200);
    expect(response.headers.get('content-type')).to.match(/^text\/plain; version=/);
  });

  it('/metrics counts requests by endpoint, and names no person, no id and no address that somebody made up', async () => {
    const ana = await newPerson(server, 'ana-of-the-metrics@example.com');
    await server.request(`/api/v1/users/${ana.id}`, { headers: { authorization: `Bearer ${ana.secret}` } });
    await server.request('/made-up-by-a-scanner');
    const text = await (await onMetricsPort('/metrics')).text();
    expect(text).to.include('infra_http_request_duration_seconds_count{method="GET",route="/api/v1/users/:id",status="403"} 1');
    for (const name of ['ana-of-the-metrics', ana.id, ana.secret, 'made-up-by-a-scanner']) expect(text).not.to.include(name);
    expect(text).to.include('process_resident_memory_bytes');
  });

  it('the private port serves neither the API nor a page', async () => {
    for (const path of ['/', '/setup', '/api/v1/server', '/api/v1/users', '/api/v1/login/password']) {
      for (const method of ['GET', 'POST']) expect((await onMetricsPort(path, method)).status, `${method} ${path}`).to.equal(404);
    }
  });
});
