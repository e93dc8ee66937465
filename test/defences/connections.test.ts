/** What follows a request on its connection, and upgrades that are refused. */
import type { Duplex } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { until } from '../connector/running-connector.ts';
import { brokenIf, cutIn, type Attack, type Defence } from './defence.ts';
import { describeDefences } from './describe-defences.ts';
import { newMarker, requestOf, type Stage } from './stage.ts';

const front = cutIn('proxy/http1-front.js');
const upgrades = cutIn('proxy/upgrade-proxy.js');

const list = '/api/v1/namespaces/team-a/pods';
const exec = `${list}/MARKER/exec?command=sh`;
const upgradeTo = (protocol: string): string => requestOf(`GET ${exec}`, 'Connection: Upgrade', `Upgrade: ${protocol}`);

/** A first request whose answer the cluster holds back, and on the same connection what is sent ahead of it. */
async function aheadOfAnswer(stage: Stage, ahead: string): Promise<{ readonly socket: Duplex; readonly stop: () => void }> {
  const held: ServerResponse[] = [];
  stage.answer('/held', (_request, response) => held.push(response));
  const socket = await stage.connector.connect(await stage.person());
  socket.on('error', () => undefined).resume();
  socket.write(requestOf('GET /api/v1/held') + ahead);
  await until(() => held.length > 0 || socket.destroyed, 'the first request to be held');
  return {
    socket,
    stop: () => {
      socket.destroy();
      held.forEach((response) => response.destroy());
    },
  };
}

const sendingAhead = (bytes: string): Attack => ({
  on: async (stage) => {
    const marker = newMarker();
    const { stop } = await aheadOfAnswer(stage, bytes.replaceAll('MARKER', marker));
    const verdict = await stage.succeeds(() => stage.reached(marker) !== undefined);
    stop();
    return verdict;
  },
});

const sendingAheadWithoutEnd: Attack = {
  on: async (stage) => {
    const { socket, stop } = await aheadOfAnswer(stage, requestOf(`GET ${list}`).repeat(300));
    const verdict = await stage.stays(() => socket.destroyed);
    stop();
    return verdict;
  },
};

/** What comes with an ill-formed request may have been meant as something else. */
const afterIllFormed: Attack = {
  on: async (stage) => {
    const marker = newMarker();
    const person = await stage.person();
    // A connection to the cluster is open by now, so that nothing has to be waited for.
    await stage.connector.request(person, list);
    const socket = await stage.connector.connect(person);
    socket.on('error', () => undefined).resume();
    socket.write(requestOf(`GET ${list}//x`) + requestOf(`GET ${list}/${marker}`));
    const verdict = await stage.succeeds(() => stage.reached(marker) !== undefined);
    socket.destroy();
    return verdict;
  },
};

/** A head that has no end; the connection is given as much of it as it takes. */
const endlessHead: Attack = {
  on: async (stage) => {
    const socket = await stage.connector.connect(await stage.person());
    socket.on('error', () => undefined).resume();
    // Goes on after the other side has ended.
    socket.allowHalfOpen = true;
    socket.write(`GET ${list}?`);
    const piece = 'x'.repeat(2 ** 20);
    let megabytes = 0;
    while (!socket.destroyed && megabytes < 32) {
      await new Promise((resolve) => socket.write(piece, resolve));
      megabytes += 1;
    }
    socket.destroy();
    return brokenIf(megabytes === 32);
  },
};

const upgrading = (protocol: string): Attack => ({
  on: async ({ person, attempt }) => brokenIf((await attempt(await person(), upgradeTo(protocol))) !== undefined),
});

/** The cluster refuses an upgrade and keeps its side open. */
const refusedUpgradeStays =
  (side: 'client' | 'cluster'): Attack['on'] =>
  async (stage) => {
    const ended = { client: false, cluster: false };
    stage.onUpgrade((_request, socket) => {
      socket.on('close', () => (ended.cluster = true)).resume();
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    });
    const socket = await stage.connector.connect(await stage.person());
    let received = '';
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('end', () => (ended.client = true));
    socket.write(upgradeTo('websocket'));
    await until(() => received.includes('no'), 'the refusal');
    const verdict = await stage.stays(() => ended[side]);
    socket.destroy();
    return verdict;
  };

const redirect = 'HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n';
const answering = (how: (stage: Stage) => void, bytes: string, isHarmful: (answer: string) => boolean): Attack => ({
  on: async (stage) => {
    how(stage);
    return brokenIf(isHarmful(await stage.send(await stage.person(), bytes)));
  },
});

const defences: readonly Defence[] = [
  {
    name: 'one request of a connection at a time',
    row: 31,
    cut: cutIn('proxy/turns.js')('if (ahead === undefined)', 'if (true)'),
    attack: sendingAhead(requestOf(`GET ${list}/MARKER`)),
  },
  {
    name: 'no upgrade ahead of an answer',
    row: 31,
    cut: front('if (turns.isBusy(request.socket))', 'if (false)'),
    attack: sendingAhead(upgradeTo('websocket')),
  },
  {
    name: 'not too many ahead of an answer',
    row: 31,
    cut: cutIn('proxy/turns.js')('if (ahead.push(beginInTurn) > mostAhead)', 'if (ahead.push(beginInTurn) > 1e9)'),
    attack: sendingAheadWithoutEnd,
  },
  {
    name: 'an ill-formed request is the last of its connection',
    row: 31,
    cut: cutIn('proxy/http1-exchange.js')("...(refusal.reason === 'BadRequest' ? { connection: 'close' } : {}),", ''),
    attack: afterIllFormed,
  },
  {
    name: 'what was sent with the last request is not served',
    row: 31,
    cut: front('if (socket.destroyed || socket.writableEnded)', 'if (false)'),
    attack: afterIllFormed,
  },
  {
    name: 'what comes after a refusal is not read for ever',
    row: 31,
    cut: front('if (bytesReadOf(socket) - before > mostAfterRefusal)', 'if (false)'),
    attack: endlessHead,
  },
  {
    name: 'upgrades are to WebSocket and SPDY alone',
    row: 31,
    cut: cutIn('proxy/request-headers.js')('!upgradeProtocols.has(value.toLowerCase())', 'false'),
    attack: upgrading('h2c'),
  },
  {
    name: 'a refused upgrade ends the connection of the client',
    row: 6,
    cut: upgrades("incoming.once('end', () => endAndLinger(client));", ''),
    attack: { on: refusedUpgradeStays('client') },
  },
  {
    name: 'a refused upgrade ends the connection to the cluster',
    row: 6,
    cut: cutIn('proxy/upstream.js')('keepAlive: false', 'keepAlive: true'),
    behind: [upgrades('gate.close(open);\n        outgoing.destroy();', 'gate.close(open);')],
    attack: { on: refusedUpgradeStays('cluster') },
  },
  {
    name: 'a redirect to another host is not passed on',
    row: 7,
    cut: cutIn('proxy/response-screen.js')('status >= 300 && status < 400 &&', 'false &&'),
    attack: answering(
      (stage) => stage.answer('/moved', (_request, response) => void response.writeHead(302, { location: 'https://evil.example/' }).end()),
      requestOf('GET /api/v1/moved'),
      (answer) => answer.includes('evil'),
    ),
  },
  {
    name: 'nor is it on an upgrade',
    row: 7,
    cut: cutIn('proxy/response-screen.js')('status >= 300 && status < 400 &&', 'false &&'),
    attack: answering(
      (stage) => stage.onUpgrade((_request, socket) => void socket.end(redirect)),
      upgradeTo('websocket'),
      (answer) => answer.includes('evil'),
    ),
  },
  {
    name: "the cluster's 401 to the connector is not the client's",
    row: 7,
    cut: cutIn('proxy/response-screen.js')("if (status === 401 && subresource !== 'proxy')", 'if (false)'),
    attack: answering(
      (stage) => stage.answer('/unauthorized', (_request, response) => void response.writeHead(401).end()),
      requestOf('GET /api/v1/unauthorized'),
      (answer) => answer.startsWith('HTTP/1.1 401'),
    ),
  },
];

describeDefences('connections', defences);
