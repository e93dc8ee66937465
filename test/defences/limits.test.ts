/** What one identity, one address and everybody together may take. */
import type { TLSSocket } from 'node:tls';
import { until } from '../connector/running-connector.ts';
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { newMarker, requestOf, type Shown, type Stage } from './stage.ts';

const identities = cutIn('proxy/identity-limits.js');
const connections = cutIn('proxy/connection-limits.js');

const limited = (limits: Readonly<Record<string, number>>, on: Attack['on']): Attack => ({
  settings: Object.fromEntries(Object.entries(limits).map(([name, value]) => [`INFRA_CONNECTOR_LIMITS_${name}`, String(value)])),
  isLast: true,
  on,
});

/** Of two that stay open, the second reaches the cluster. */
const secondOf =
  (target: string): Attack['on'] =>
  async (stage) => {
    const reached: string[] = [];
    stage.answer('/held', ({ url = '' }) => reached.push(url));
    const person = await stage.person();
    const ask = async (marker: string): Promise<TLSSocket> => {
      const socket = await stage.connector.connect(person);
      socket.on('error', () => undefined).write(requestOf(`GET /api/v1/held?${marker}${target}`));
      return socket;
    };
    const first = await ask('first');
    await until(() => reached.length === 1, 'the first to be held');
    const second = await ask('second');
    await Promise.race([
      until(() => reached.length === 2, 'the second', 3000).catch(() => undefined),
      new Promise((resolve) => second.once('data', resolve)),
    ]);
    first.destroy();
    second.destroy();
    return brokenIf(reached.length === 2);
  };

/** How many of these requests reach the cluster, each on a connection of its own. */
async function arrivalsOf(stage: Stage, shown: Shown, count: number): Promise<number> {
  let arrived = 0;
  for (let index = 0; index < count; index += 1)
    if ((await stage.attempt(shown, requestOf('GET /api/v1/MARKER'))) !== undefined) arrived += 1;
  return arrived;
}

const allArrive =
  (count: number): Attack['on'] =>
  async (stage) =>
    brokenIf((await arrivalsOf(stage, await stage.person(), count)) === count);

/** Connections without a certificate, one after another, kept open. */
async function strangers(stage: Stage, count: number): Promise<readonly TLSSocket[]> {
  const open: TLSSocket[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = await stage.connector.connect(undefined).catch(() => undefined);
    if (socket !== undefined) open.push(socket.on('error', () => undefined).resume());
  }
  return open;
}

const strangersStay =
  (count: number): Attack['on'] =>
  async (stage) => {
    const sockets = await strangers(stage, count);
    await stage.send(await stage.person(), requestOf('GET /api/v1/x')).catch(() => undefined);
    const stayed = sockets.filter(({ closed }) => !closed).length;
    sockets.forEach((socket) => socket.destroy());
    return brokenIf(stayed === count);
  };

const idleConnections: Attack['on'] = async (stage) => {
  const person = await stage.person();
  const idle = await Promise.all(Array.from({ length: 4 }, async () => stage.connector.connect(person)));
  const marker = newMarker();
  await stage.send(person, requestOf(`GET /api/v1/${marker}`));
  idle.forEach((socket) => socket.destroy());
  return brokenIf(stage.reached(marker) !== undefined);
};

const atATime = identities('if (use[counter] >= limits[counter])', 'if (false)');

const defences: readonly Defence[] = [
  { name: 'requests of an identity at a time', row: 31, cut: atATime, attack: limited({ OPEN_REQUESTS: 1 }, secondOf('')) },
  { name: 'streams of an identity at a time', row: 31, cut: atATime, attack: limited({ STREAMS: 1 }, secondOf('&watch=true')) },
  {
    name: 'requests of an identity a second',
    row: 31,
    cut: identities('return tooFast(limits.requestRate, wait);', 'return undefined;'),
    attack: limited({ REQUESTS_PER_SECOND: 1, BURST: 3 }, allArrive(8)),
  },
  {
    name: 'handshakes of an identity a second',
    row: 31,
    cut: identities('refusal: tooManyHandshakes(limits.handshakeRate, wait)', 'refusal: undefined'),
    attack: limited({ HANDSHAKES_PER_SECOND: 1, HANDSHAKE_BURST: 4 }, allArrive(12)),
  },
  {
    name: 'connections of an identity at a time',
    row: 31,
    cut: identities('if (use.connections > most)', 'if (false)'),
    attack: limited({ STREAMS: 1, OPEN_REQUESTS: 1 }, idleConnections),
  },
  {
    name: 'handshakes of an address a second',
    row: 31,
    cut: connections('if (waitForToken(bucket.fullAt, now, handshakeRate) > 0)', 'if (false)'),
    attack: limited({ HANDSHAKES_PER_SECOND: 1, HANDSHAKE_BURST: 5 }, strangersStay(30)),
  },
  {
    name: 'connections of everybody at a time',
    row: 31,
    cut: connections('if (this.#open.size < this.#options.limits.connections)', 'if (true)'),
    attack: limited({ CONNECTIONS: 5 }, strangersStay(12)),
  },
];

describeDefences('limits', defences);
