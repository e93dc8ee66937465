/** The line between connector and server cut a thousand times: it always comes back, and nothing is left of the old ones. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { api } from '../../shared/api/index.ts';
import { residentMegabytes } from '../bench/process-usage.ts';
import { email, type Setting } from '../bench/setting.ts';
import { startConnector } from '../support/connector.ts';
import { freePort } from '../support/ports.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Rules } from './outcome.ts';
import { openFiles, untilOpenFiles } from './process-state.ts';

const cuts = 1000;
/** After these the program is as large as its work makes it. */
const warmUp = 150;
/** A handshake, the opening of the stream and the fetch after it are more than this. */
const bytesOfALine = 3000;

export async function reconnects(setting: Setting, { note, holds }: Rules): Promise<void> {
  const [server, cluster] = [await setting.server(), await setting.cluster()];
  await setting.person();
  const relay = await startRelay(server.port);
  const connector = await startConnector({
    server: { ...server, url: `https://localhost:${relay.port}` },
    cluster,
    destination: 'reconnects',
  });
  const { pid } = connector.program();
  const serverPid = server.program().pid;
  await delay(2000);
  const before = { connector: openFiles(pid), server: openFiles(serverPid) };
  await cutOften(relay, warmUp);
  const warm = { connector: residentMegabytes(pid), server: residentMegabytes(serverPid) };
  await cutOften(relay, cuts - warmUp);
  await delay(3000);
  const after = { connector: residentMegabytes(pid), server: residentMegabytes(serverPid) };
  note(`${cuts} cuts, ${relay.accepted()} connections`);
  for (const [name, program] of [
    ['connector', pid],
    ['server', serverPid],
  ] as const) {
    holds(
      `${name}: RSS after ${warmUp} cuts ${warm[name].toFixed(0)}, after ${cuts} ${after[name].toFixed(0)} MB (at most 40 more)`,
      after[name] <= warm[name] + 40,
    );
    const files = await untilOpenFiles(program, before[name] + 5, 30);
    holds(`${name}: open files before ${before[name]}, afterwards ${files}`, files <= before[name] + 5);
  }
  holds('no warning of listeners that pile up', !/MaxListenersExceeded/.test(connector.program().stderr() + server.program().stderr()));
  await stillHears(setting, holds);
  await connector.stop();
  relay.close();
}

async function stillHears(setting: Setting, holds: Rules['holds']): Promise<void> {
  const admin = await (await setting.server()).admin();
  const { change } = await admin(api.grants.create, { body: { subject: email, role: 'view', resource: 'reconnects.default' } });
  const told = await admin(api.changes.acknowledgements, { params: { revision: change?.revision ?? 0 }, query: { waitSeconds: 20 } });
  holds('the connector enforces a change afterwards', told.complete);
}

interface Relay {
  readonly port: number;
  accepted(): number;
  /** Lines that have carried enough to be whole. */
  wholeLines(): number;
  cutAll(): void;
  close(): void;
}

async function cutOften(relay: Relay, times: number): Promise<void> {
  for (let index = 0; index < times; index++) {
    await waitFor(() => relay.wholeLines() > 0, { within: 30, what: 'the connector to come back' });
    relay.cutAll();
  }
}

async function startRelay(target: number): Promise<Relay> {
  const lines = new Map<Socket, { bytes: number }>();
  let accepted = 0;
  const server: Server = createServer((inward) => {
    accepted += 1;
    const line = { bytes: 0 };
    lines.set(inward, line);
    const outward = connect(target, '127.0.0.1');
    outward.on('data', (chunk) => (line.bytes += chunk.length));
    inward.pipe(outward).pipe(inward);
    for (const socket of [inward, outward])
      socket
        .on('error', () => undefined)
        .on('close', () => {
          lines.delete(inward);
          inward.destroy();
          outward.destroy();
        });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    accepted: () => accepted,
    wholeLines: () => [...lines.values()].filter(({ bytes }) => bytes > bytesOfALine).length,
    cutAll: () => {
      for (const socket of [...lines.keys()]) socket.resetAndDestroy();
    },
    close: () => void server.close(),
  };
}
