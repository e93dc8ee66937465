/** What a storm of password logins does to people whose kubectl needs a certificate meanwhile. */
import Sqlite from 'better-sqlite3';
import { request } from 'node:https';
import { api } from '../../../shared/api/index.ts';
import { newId } from '../../../shared/id.ts';
import { newPerson, startServer, type RunningServer } from '../../support/server.ts';
import type { Effort, Figure } from '../figure.ts';
import { load, post, type LoadPlan } from '../load.ts';
import { cpuSeconds } from '../process-usage.ts';
import { newRequest } from '../setting.ts';
import { median } from '../statistics.ts';

const logins = 200;
/** Counted by address: a storm comes from many. */
const loginsEachAddress = 50;
const password = 'a meadow in the late evening sun';
const row = 'logins';

export function loginRows() {
  return { [row]: loginsRow };
}

async function loginsRow({ seconds, runs }: Effort): Promise<Figure[]> {
  const server = await startServer();
  const plan = await certificatesAt(server, seconds);
  await fillPeople(server);
  await load({ ...plan, seconds: 1 }, { status: 201 });
  const alone: number[] = [];
  const beside: number[] = [];
  const took: number[] = [];
  for (let run = 0; run < runs; run++) {
    alone.push((await load(plan, { status: 201 })).p99);
    const startedAt = performance.now();
    const storm = Promise.all(Array.from({ length: logins }, (_, index) => logIn(server, index)));
    beside.push((await load(plan, { status: 201 })).p99);
    await storm;
    took.push((performance.now() - startedAt) / 1000);
  }
  const cpu = cpuSeconds([server.program().pid]);
  await server.stop();
  return [
    {
      row,
      what: `certificates at ${plan.rate ?? 0}/s beside ${logins} password logins at once: p99 beside that alone`,
      value: median(beside) / median(alone),
      unit: '×',
      budget: { atMost: 1.5 },
      note: `${median(beside).toFixed(1)} beside ${median(alone).toFixed(1)} ms; all were in after ${median(took).toFixed(0)} s; ${cpu.toFixed(0)} s CPU in all`,
    },
  ];
}

async function certificatesAt(server: RunningServer, seconds: number): Promise<LoadPlan> {
  const admin = await server.admin();
  const { destination } = await admin(api.destinations.create, { body: { name: 'certificates' } });
  const { secret } = await newPerson(server, 'certificates@example.com');
  await admin(api.grants.create, { body: { subject: 'certificates@example.com', role: 'view', resource: 'certificates' } });
  const requests = Array.from({ length: 8 }, () =>
    post(api.leases.create.path, { destination: destination.id, csr: newRequest().csr }, { Authorization: `Bearer ${secret}` }),
  );
  const target = { host: '127.0.0.1', port: server.port, servername: 'localhost', ca: server.info.rootCertificate };
  return { target, requests, connections: 8, seconds, rate: 50 };
}

/** As many people with one password, whose hash is made once: by the API this alone would take minutes. */
async function fillPeople(server: RunningServer): Promise<void> {
  const { id } = await addPerson(server);
  const sqlite = new Sqlite(server.databaseFile);
  const columns = (table: string, left: string): string =>
    (sqlite.pragma(`table_info(${table})`) as { name: string }[])
      .map(({ name }) => name)
      .filter((name) => !left.split(' ').includes(name))
      .join(', ');
  const [person, hash] = [columns('identities', 'id name name_key'), columns('passwords', 'identity_id')];
  const copyPerson = sqlite.prepare(
    `INSERT INTO identities (id, name, name_key, ${person}) SELECT ?, ?, ?, ${person} FROM identities WHERE id = ?`,
  );
  const copyHash = sqlite.prepare(`INSERT INTO passwords (identity_id, ${hash}) SELECT ?, ${hash} FROM passwords WHERE identity_id = ?`);
  sqlite.transaction(() => {
    for (let index = 0; index < logins; index++) {
      const copy = newId('user', Date.now());
      copyPerson.run(copy, emailOf(index), emailOf(index), id);
      copyHash.run(copy, id);
    }
  })();
  sqlite.close();
}

async function addPerson(server: RunningServer): Promise<{ readonly id: string }> {
  const admin = await server.admin();
  const { user } = await admin(api.users.create, { body: { email: 'first@example.com', password } });
  return user;
}

const emailOf = (index: number): string => `person-${index}@example.com`;

function logIn(server: RunningServer, index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...{ host: '127.0.0.1', port: server.port, servername: 'localhost', ca: server.info.rootCertificate, agent: false },
      ...{ method: 'POST', path: api.login.password.path, headers: { 'content-type': 'application/json' } },
      localAddress: `127.0.1.${1 + Math.floor(index / loginsEachAddress)}`,
    });
    asked.once('error', reject).once('response', (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`login ${index} was answered ${response.statusCode ?? 0}`));
      });
    });
    asked.end(JSON.stringify({ email: emailOf(index), password }));
  });
}
