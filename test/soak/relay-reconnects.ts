/** Tunnels cut a thousand times while people ask through them: they always come back, and nothing is left of the old ones, at either end. */
import { setTimeout as delay } from 'node:timers/promises';
import { residentMegabytes } from '../bench/process-usage.ts';
import { email, namespace, newCredential, type Setting } from '../bench/setting.ts';
import { api } from '../../shared/api/index.ts';
import { startConnector, withoutLimits, type RunningConnectorProgram } from '../support/connector.ts';
import { connectorClient, type ConnectorClient } from '../support/connector-client.ts';
import { startFaultyLine, type FaultyLine } from '../support/faulty-line.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Rules } from './outcome.ts';
import { openFiles, untilOpenFiles } from './process-state.ts';

const tunnels = 8;
/** After this share the programs are as large as their work makes them. */
const warmUp = 0.2;
const mostGrowth = 40;
/** Held for longer than what the connector takes for a tunnel that did not hold, upon which it dials later and later. */
const heldMilliseconds = 3200;
const askers = 4;
/** Between what is open at rest and what pools keep. */
const spareFiles = 10;

export async function relayReconnects(setting: Setting, { note, holds }: Rules, { cuts }: { readonly cuts: number }): Promise<void> {
  const [server, cluster] = [await setting.server(), await setting.cluster()];
  const person = await setting.person();
  const line = await startFaultyLine(server.port);
  const connector = await startConnector({
    server,
    cluster,
    destination: 'relay-reconnects',
    reach: 'relay',
    variables: { ...withoutLimits, SERVER: `https://localhost:${line.port}`, TUNNELS: String(tunnels) },
  });
  const admin = await server.admin();
  await admin(api.grants.create, { body: { subject: email, role: 'view', resource: `relay-reconnects.${namespace}` } });
  const { cert: chain, key } = await newCredential(server, person, connector.destination.id);
  const client = connectorClient({ port: server.port, serverName: connector.serverName, ca: server.info.rootCertificate }, { chain, key });
  await untilUp(connector, 0);
  await waitFor(async () => (await client.request(path)).status === 200, { within: 20, what: 'the grant to be applied' });
  const pids = { connector: connector.program().pid, server: server.program().pid };
  const before = each(pids, openFiles);
  const asking = askAllTheTime(client);
  const rounds = Math.ceil(cuts / tunnels);
  const warmRounds = Math.ceil(rounds * warmUp);
  await cutOften(line, connector, warmRounds);
  const warm = each(pids, residentMegabytes);
  await cutOften(line, connector, rounds - warmRounds);
  const { answered, broken } = await asking.stop();
  await delay(3000);
  const after = each(pids, residentMegabytes);
  note(`${rounds * tunnels} cuts of ${tunnels} tunnels; ${answered} requests answered meanwhile, ${broken} broken by a cut`);
  for (const name of ['connector', 'server'] as const) {
    holds(
      `${name}: RSS after ${warmRounds * tunnels} cuts ${warm[name].toFixed(0)}, in the end ${after[name].toFixed(0)} MB (at most ${mostGrowth} more)`,
      after[name] <= warm[name] + mostGrowth,
    );
    const files = await untilOpenFiles(pids[name], before[name] + spareFiles, 30);
    holds(`${name}: open files before ${before[name]}, afterwards ${files}`, files <= before[name] + spareFiles);
  }
  holds('no warning of listeners that pile up', !/MaxListenersExceeded/.test(connector.program().stderr() + server.program().stderr()));
  holds('no stream is left in the tunnels', (await gauge(connector, 'tunnel_streams')) === 0);
  await connector.stop();
  line.close();
}

const path = `/api/v1/namespaces/${namespace}/configmaps`;

const each = <T>(pids: { readonly connector: number; readonly server: number }, of: (pid: number) => T) => ({
  connector: of(pids.connector),
  server: of(pids.server),
});

async function gauge(connector: RunningConnectorProgram, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${connector.healthPort}/metrics`)).text();
  return Number(new RegExp(`^infra_connector_${name} (.*)$`, 'm').exec(text)?.[1]);
}

/** All are up, after so many were dialled anew. */
async function untilUp(connector: RunningConnectorProgram, redialled: number): Promise<void> {
  await waitFor(async () => (await gauge(connector, 'tunnels')) === tunnels && (await gauge(connector, 'tunnel_reconnects')) >= redialled, {
    within: 30,
    what: 'the tunnels to come back',
  });
}

async function cutOften(line: FaultyLine, connector: RunningConnectorProgram, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const redialled = await gauge(connector, 'tunnel_reconnects');
    for (const open of line.lines()) open.reset();
    await untilUp(connector, redialled + tunnels);
    await delay(heldMilliseconds);
  }
}

function askAllTheTime(client: ConnectorClient): { stop(): Promise<{ readonly answered: number; readonly broken: number }> } {
  let isOver = false;
  const counts = { answered: 0, broken: 0 };
  const ask = async (): Promise<void> => {
    while (!isOver) {
      await client.request(path).then(
        ({ status }) => (status === 200 ? (counts.answered += 1) : (counts.broken += 1)),
        () => (counts.broken += 1),
      );
      await delay(100);
    }
  };
  const asking = Promise.all(Array.from({ length: askers }, ask));
  return {
    stop: async () => {
      isOver = true;
      await asking;
      return counts;
    },
  };
}
