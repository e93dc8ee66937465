/** The credential plugin as kubectl starts it, beside a shell script that does nothing. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { api } from '../../../shared/api/index.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../../support/infra.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Effort, Figure } from '../figure.ts';
import { namespace, newRequest, type Setting } from '../setting.ts';
import { median } from '../statistics.ts';

const execute = promisify(execFile);

interface Plugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function credentialPluginRows(setting: Setting) {
  return { 'credential-plugin': async ({ tries }: Effort): Promise<Figure[]> => credentialPluginRow(setting, tries) };
}

async function credentialPluginRow(setting: Setting, tries: number): Promise<Figure[]> {
  const server = await setting.server();
  const { connector } = await setting.guarded();
  const person = { email: 'plugin@example.com', password: 'a lantern in the harbour' };
  const admin = await server.admin();
  await admin(api.users.create, { body: person });
  await admin(api.grants.create, { body: { subject: person.email, role: 'view', resource: `${connector.destination.name}.${namespace}` } });
  const terminal = newTerminal();
  await loginWithPassword(terminal, server, person);
  const plugin = pluginOf(terminal);
  await waitFor(async () => run(plugin), { within: 10, what: 'a credential' });

  const emptyScript = join(terminal.home, 'empty-script');
  writeFileSync(emptyScript, '#!/bin/sh\n', { mode: 0o700 });
  const empty = { ...plugin, command: emptyScript };
  const warm: number[] = [];
  const nothing: number[] = [];
  for (let index = 0; index < tries; index++) {
    nothing.push(await run(empty));
    warm.push(await run(plugin));
  }
  const cold: number[] = [];
  const roundTrips: number[] = [];
  const { secret } = await server.login(person.email, person.password);
  for (let index = 0; index < Math.max(3, tries / 5); index++) {
    forgetCredentials(terminal);
    cold.push(await run(plugin));
    roundTrips.push(await roundTrip(setting, connector.destination.id, secret));
  }
  const row = 'credential-plugin';
  const [warmTime, emptyTime, coldTime, trip] = [median(warm), median(nothing), median(cold), median(roundTrips)];
  return [
    {
      row,
      what: 'credential plugin warm, over an empty script',
      value: warmTime - emptyTime,
      unit: 'ms',
      budget: { atMost: 15 },
      goal: { atMost: 3 },
      note: `${warmTime.toFixed(1)} beside ${emptyTime.toFixed(1)} ms`,
    },
    {
      row,
      what: 'credential plugin cold, over one round trip',
      value: coldTime - trip,
      unit: 'ms',
      budget: { atMost: 120 },
      note: `${coldTime.toFixed(0)} ms; the round trip with handshake ${trip.toFixed(0)} ms`,
    },
  ];
}

interface Kubeconfig {
  readonly users: readonly {
    readonly user: { readonly exec?: { command: string; args?: string[]; env?: { name: string; value: string }[] | null } };
  }[];
}

function pluginOf({ kubeconfig, env }: Terminal): Plugin {
  // Written by `infra login`.
  const { users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const exec = users[0]?.user.exec;
  if (exec === undefined) throw new Error('infra login wrote no credential plugin');
  const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]));
  return { command: exec.command, args: exec.args ?? [], env: { PATH: process.env['PATH'] ?? '', ...env, ...own } };
}

/** Milliseconds from start to end. */
async function run({ command, args, env }: Plugin): Promise<number> {
  const startedAt = performance.now();
  await execute(command, args, { env });
  return performance.now() - startedAt;
}

function forgetCredentials({ home }: Terminal): void {
  const folder = join(home, 'credentials');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.kube-credential')) rmSync(join(folder, name));
}

/** What no client can do without: a connection, the request, the answer. Milliseconds. */
async function roundTrip(setting: Setting, destination: string, secret: string): Promise<number> {
  const { port, info } = await setting.server();
  const body = JSON.stringify({ destination, csr: newRequest().csr });
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request(
      { host: 'localhost', port, path: api.leases.create.path, method: 'POST', ca: info.rootCertificate, headers, agent: false },
      (response) => {
        if (response.statusCode !== 201) reject(new Error(`a lease was answered with ${String(response.statusCode)}`));
        response.resume().once('end', resolve);
      },
    )
      .once('error', reject)
      .end(body);
  });
  return performance.now() - startedAt;
}
