/** Defences of the server's front door and tunnels: taken out of the built program one by one, each attack succeeds. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { api } from '../../shared/api/index.ts';
import { tunnelPath, tunnelProtocol } from '../../shared/api/connector-tunnel.ts';
import { enrolConnector, type EnrolledConnector } from '../support/enrolled-connector.ts';
import { closed } from '../support/closed.ts';
import { startServer, type RunningServer } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { brokenIf, cutIn } from './defence.ts';
import { describeDefencesOn, type ServerDefence } from './describe-server-defences.ts';

interface RelayStage {
  readonly server: RunningServer;
  stop(): Promise<void>;
}

const frontDoor = cutIn('relay/front-door.js');
const hub = cutIn('relay/tunnel-hub.js');
const door = cutIn('relay/tunnel-door.js');
const query = '?replica=test';

async function tunnelFor({ server }: RelayStage, name: string): Promise<{ own: EnrolledConnector; socket: WebSocket }> {
  const own = await enrolConnector(server, name);
  const authorization = await own.sign({ method: 'GET', path: tunnelPath + query });
  const socket = new WebSocket(`wss://localhost:${server.port}${tunnelPath}${query}`, tunnelProtocol, {
    headers: { authorization },
    ca: server.info.rootCertificate,
  });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  const admin = await server.admin();
  await waitFor(
    async () => {
      const { destinations } = await admin(api.destinations.directory, { query: { name } });
      return destinations[0]?.tunnels === 1;
    },
    { within: 5, what: 'the tunnel' },
  );
  return { own, socket };
}

const seconds = async (count: number): Promise<'late'> => new Promise((resolve) => setTimeout(() => resolve('late'), count * 1000));

/** A load balancer's header that names somebody at 203.0.113.7. */
const header = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071070a000001d43120fb', 'hex');

/** Asks something by HTTP after the header. */
async function loginBehindHeader({ port, info }: RunningServer): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(header);
  const secure: TLSSocket = connectTls({ socket, servername: 'localhost', ca: info.rootCertificate });
  secure.on('error', () => undefined);
  const isSecure = await Promise.race([
    once(secure, 'secureConnect').then(
      () => true,
      () => false,
    ),
    closed(socket).then(() => false),
  ]);
  if (!isSecure) return false;
  const body = JSON.stringify({ email: 'nobody@example.com', password: 'wrong wrong wrong' });
  secure.write(
    `POST /api/v1/login/password HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  secure.resume();
  await closed(secure);
  return true;
}

const defences: readonly ServerDefence<RelayStage>[] = [
  {
    name: 'a tunnel goes with its destination',
    row: 43,
    cut: door('if (!(await options.isLive(caller)))', 'if (false)'),
    attack: async (stage) => {
      const { own, socket } = await tunnelFor(stage, 'removed');
      const isClosed = closed(socket);
      const admin = await stage.server.admin();
      await admin(api.destinations.remove, { params: { id: own.destinationId } });
      const end = await Promise.race([isClosed, seconds(2)]);
      socket.terminate();
      return brokenIf(end === 'late');
    },
  },
  {
    name: 'who says nothing keeps nobody out',
    row: 43,
    cut: frontDoor('oldest?.destroy();', ';'),
    attack: async ({ server }) => {
      const sockets: Socket[] = Array.from({ length: 1010 }, () =>
        connect(server.port, '127.0.0.1')
          .on('error', () => undefined)
          .resume(),
      );
      await Promise.all(sockets.map(async (socket) => once(socket, 'connect')));
      const end = await Promise.race([...sockets.map(async (socket) => closed(socket)), seconds(3)]);
      sockets.forEach((socket) => socket.destroy());
      return brokenIf(end === 'late');
    },
  },
  {
    name: 'connections to one destination are bounded',
    row: 43,
    cut: hub("if (streamsOf(tunnels) >= mostStreams)\n                return 'full';", ''),
    attack: async (stage) => {
      const { socket, own } = await tunnelFor(stage, 'full');
      const admin = await stage.server.admin();
      const { destinations } = await admin(api.destinations.directory, { query: { name: 'full' } });
      const servername = destinations.find(({ id }) => id === own.destinationId)?.tlsServerName ?? '';
      // The tunnel's other end answers nothing: streams stay open.
      const people = Array.from({ length: 6 }, () =>
        connectTls({ host: '127.0.0.1', port: stage.server.port, servername, rejectUnauthorized: false }),
      );
      const ended = people.map(async (person) => new Promise((resolve) => person.once('error', resolve).once('close', resolve)));
      const end = await Promise.race([...ended, seconds(3)]);
      people.forEach((person) => person.destroy());
      socket.terminate();
      return brokenIf(end === 'late');
    },
  },
  {
    name: 'a load balancer’s header counts from trusted networks alone',
    row: 21,
    cut: frontDoor('if (speaksForOthers(own.address))', 'if (bytes[0] === 0x0d)'),
    attack: async ({ server }) => {
      const hasAnswered = await loginBehindHeader(server);
      const admin = await server.admin();
      const { items } = await admin(api.audit.list, { query: { event: 'login.refused' } });
      return brokenIf(hasAnswered && items.some(({ source }) => source?.address === '203.0.113.7'));
    },
  },
];

describeDefencesOn(
  'the relay',
  async (main): Promise<RelayStage> => {
    const settings = { 'relay-streams': '5', 'proxy-protocol': 'on', 'trusted-proxies': '10.0.0.0/8' };
    const server = await startServer({ settings, ...(main === undefined ? {} : { main }) });
    return { server, stop: async () => server.stop() };
  },
  defences,
);
