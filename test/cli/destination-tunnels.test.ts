/** What admins see of the ways to a destination. */
import { expect } from 'chai';
import type { TunnelSummary } from '../../shared/api/connector-tunnel.ts';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { loginScript, scriptedIds, scriptedServer, type ScriptedServer } from './scripted-server.ts';

const at = '2026-01-02T03:04:05.000Z';
const connector = {
  ...{ id: 'con_01234567890123456789abcdef', version: '0', enrolledAt: at, lastSeenAt: at, online: true },
  ...{ enforcedRevision: 1, appliedRevision: 1, refusesFrom: at, stale: false },
};
const settings = { leaseTtlSeconds: null, stalenessLimitSeconds: 3600, auditMode: 'required', userPrefix: 'infra:' };
const tunnel: TunnelSummary = { replica: 'pod-1', since: at, source: '192.0.2.7', streams: 1, roundTripMilliseconds: 3.14159 };

describe('infra destinations', function () {
  this.timeout(60_000);
  let server: ScriptedServer;
  let terminal: Terminal;
  before(async () => {
    server = await scriptedServer(loginScript());
    terminal = newTerminal();
    await terminal.infra(['login', server.url, '--ca', server.caFile, '--user', 'ana@example.com', '--password-stdin'], 'x\n');
  });
  after(async () => server.close());

  const told = (address: string | null, tunnels: readonly TunnelSummary[]): void => {
    const named = { id: scriptedIds.destination, name: 'prod', kind: 'kubernetes', address, createdAt: at };
    const body = { ...named, settings, discovery: null, connectors: [{ ...connector, tunnels }] };
    server.answer({
      [`GET /api/v1/destinations/${scriptedIds.destination}`]: { body },
      'GET /api/v1/destinations': { body: { items: [body], nextCursor: null } },
    });
  };
  const shown = async (): Promise<string> => {
    const { code, stdout, stderr } = await terminal.infra(['destinations', 'show', scriptedIds.destination]);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const listed = async (): Promise<string> => (await terminal.infra(['destinations', 'list'])).stdout;

  it('list and show the ways there, and each tunnel with since when, from where, streams and round trip', async () => {
    told(null, [tunnel, { ...tunnel, replica: 'pod-2', streams: 0, roundTripMilliseconds: null }]);
    expect(await listed()).to.match(/prod +kubernetes +- +1 of 1 online +relay \(2 tunnels\)/);
    expect(await shown())
      .to.match(/reach: +relay \(2 tunnels\)/)
      .and.match(/tunnel: +of pod-1 since 2026-01-02T03:04:05\.000Z from 192\.0\.2\.7, 1 open stream, round trip 3\.1 ms\n/)
      .and.match(/tunnel: +of pod-2 since \S+ from 192\.0\.2\.7, 0 open streams, no round trip yet\n/);
  });

  it('call a way what it is: direct, with the relay beside it, or none', async () => {
    told('a.example.com:8444', [{ ...tunnel, roundTripMilliseconds: 120.4 }]);
    expect(await shown())
      .to.match(/reach: +direct, relay \(1 tunnel\)/)
      .and.match(/round trip 120 ms/);
    told('a.example.com:8444', []);
    expect(await shown())
      .to.match(/reach: +direct\n/)
      .and.match(/tunnels: +none/);
    told(null, []);
    expect(await listed()).to.match(/online +none/);
  });
});
