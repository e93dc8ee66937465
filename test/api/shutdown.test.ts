/** The end of a server that is asked to end. */
import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { expect } from 'chai';
import { adminEmail, adminPassword, startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';

/** Keeps its connections for as long as the server lets it. */
const patient = new Agent({ keepAlive: true });

/** A login that the server has begun to handle and whose body it is waiting for. */
async function beginLogin(server: RunningServer) {
  const outgoing = request({
    host: 'localhost',
    port: server.port,
    ca: server.info.rootCertificate,
    method: 'POST',
    path: '/api/v1/login/password',
    headers: { 'content-type': 'application/json', expect: '100-continue' },
    agent: patient,
  });
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.on('response', (incoming) => incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0))).on('error', reject);
  });
  await new Promise<void>((resolve, reject) => outgoing.once('continue', resolve).once('error', reject).flushHeaders());
  return {
    finish: async () => {
      outgoing.end(JSON.stringify({ email: adminEmail, password: adminPassword }));
      return answered;
    },
  };
}

describe('the server ends', function () {
  this.timeout(60_000);
  after(() => patient.destroy());

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`at ${signal}: takes nothing new, finishes what is under way, leaves its data whole, exits with 0`, async () => {
      const server = await startServer();
      const login = await beginLogin(server);
      const ended = server.program().end(signal);
      const isRefused = async (): Promise<boolean> =>
        server.request('/livez').then(
          () => false,
          () => true,
        );
      await waitFor(isRefused, { within: 10, what: 'new connections to be refused' });
      expect(await login.finish()).to.equal(200);
      expect(await ended).to.equal(0);
      // Neither a write-ahead log nor a journal: everything is in the database.
      expect(readdirSync(server.dataDir).sort()).to.deep.equal(['infra.db', 'server.lock']);
    });
  }

  it('without waiting for clients that merely keep their connection', async () => {
    const server = await startServer();
    const login = await beginLogin(server);
    const ended = server.program().end('SIGTERM');
    await login.finish();
    // A step of the shutdown is given up after ten seconds and says so.
    expect(await ended).to.equal(0);
    expect(server.program().stdout()).not.to.include('a step of the shutdown failed');
  });
});
