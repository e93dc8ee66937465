/** The server under load: certificates with lease and audit stored, and lists of a large installation. */
import { api } from '../../../shared/api/index.ts';
import { newPerson, startServer, type RunningServer } from '../../support/server.ts';
import type { Effort, Figure } from '../figure.ts';
import { fillGrants } from '../fill-grants.ts';
import { get, load, post, type LoadSummary, type Target } from '../load.ts';
import { cpuSeconds } from '../process-usage.ts';
import { newRequest, type Setting } from '../setting.ts';
import { median } from '../statistics.ts';

const grants = 100_000;
const grantsEach = 10;

export function serverRows(setting: Setting) {
  return {
    certificates: async (effort: Effort): Promise<Figure[]> => certificatesRow(setting, effort),
    'list-grants': async (effort: Effort): Promise<Figure[]> => listRow(setting, effort),
  };
}

/** Many people at once, from two processes, over connections that stay open; no connector listens, so that the server alone is measured. */
async function certificatesRow(setting: Setting, { seconds, runs }: Effort): Promise<Figure[]> {
  const server = await setting.server();
  const admin = await server.admin();
  const { destination } = await admin(api.destinations.create, { body: { name: 'certificates' } });
  const { call, secret } = await newPerson(server, 'certificates@example.com');
  await admin(api.grants.create, { body: { subject: 'certificates@example.com', role: 'view', resource: 'certificates' } });
  const requests = Array.from({ length: 8 }, () =>
    post(api.leases.create.path, { destination: destination.id, csr: newRequest().csr }, { Authorization: `Bearer ${secret}` }),
  );
  const plan = { target: targetOf(server), requests, connections: 8, seconds };
  await load({ ...plan, seconds: 1 }, { processes: 2, status: 201 });
  const all: (LoadSummary & { readonly cpuMilliseconds: number })[] = [];
  for (let run = 0; run < runs; run++) {
    const before = cpuSeconds([server.program().pid]);
    const summary = await load(plan, { processes: 2, status: 201 });
    all.push({ ...summary, cpuMilliseconds: ((cpuSeconds([server.program().pid]) - before) / summary.requests) * 1000 });
  }
  await call(api.sessions.logout, {});
  const of = (key: 'perSecond' | 'p50' | 'p99' | 'cpuMilliseconds'): number => median(all.map((summary) => summary[key]));
  const row = 'certificates';
  const note = `16 connections; p50 ${of('p50').toFixed(1)} ms; ${of('cpuMilliseconds').toFixed(2)} ms CPU each`;
  return [
    {
      row,
      what: 'certificates with lease and audit stored',
      value: of('perSecond'),
      unit: '/s',
      budget: { atLeast: 400 },
      goal: { atLeast: 2000 },
      note,
    },
    { row, what: 'certificates: p99', value: of('p99'), unit: 'ms', budget: { atMost: 50 } },
  ];
}

/** A server of its own whose database was filled by hand. */
async function listRow({ log }: Setting, { seconds, runs }: Effort): Promise<Figure[]> {
  const server = await startServer();
  const admin = await server.admin();
  const { destination } = await admin(api.destinations.create, { body: { name: 'large' } });
  await server.stop();
  log(`writing ${grants} grants`);
  fillGrants(server.databaseFile, { destinationId: destination.id, people: grants / grantsEach, rightsOf: teams });
  await server.start();
  const { secret } = await server.login('admin@example.com', 'quiet meadow of tall grass');
  const paths = [
    '/api/v1/grants?limit=20',
    '/api/v1/grants?limit=20&role=edit',
    '/api/v1/users?limit=20',
    `/api/v1/grants?limit=20&subject=person-77@example.com`,
  ];
  const requests = paths.map((path) => get(path, { Authorization: `Bearer ${secret}` }));
  const results: LoadSummary[] = [];
  const plan = { target: targetOf(server), requests, connections: 16, rate: 500 };
  await load({ ...plan, seconds: 2 });
  for (let run = 0; run < runs; run++) results.push(await load({ ...plan, seconds }));
  await server.stop();
  const note = `20 of 100,000 a page, by role and by person; p50 ${median(results.map(({ p50 }) => p50)).toFixed(1)} ms, ${median(results.map(({ perSecond }) => perSecond)).toFixed(0)}/s answered`;
  return [
    {
      row: 'list-grants',
      what: 'lists with 100,000 grants on SQLite at 500/s: p99',
      value: median(results.map(({ p99 }) => p99)),
      unit: 'ms',
      budget: { atMost: 20 },
      note,
    },
  ];
}

const targetOf = ({ port, info }: RunningServer): Target => ({
  host: '127.0.0.1',
  port,
  servername: 'localhost',
  ca: info.rootCertificate,
});

const teams = (index: number) =>
  Array.from({ length: grantsEach }, (_, space) => ({
    role: space % 2 === 0 ? 'view' : 'edit',
    namespace: `team-${(index + space) % 1000}`,
  }));
