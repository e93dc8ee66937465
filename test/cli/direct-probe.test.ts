/** What counts as a connector's answering at its own address, against real listeners. */
import { expect } from 'chai';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { probeAddresses, type ProbedAddress } from '../../cli/direct-probe.ts';
import { freePort } from '../support/ports.ts';
import { scriptedServer, type ScriptedServer } from './scripted-server.ts';

describe('a connector’s own address', function () {
  this.timeout(20_000);
  let connector: ScriptedServer;
  let stranger: ScriptedServer;
  let silent: Server;
  let talker: Server;
  const sockets = new Set<Socket>();

  const listener = async (taken: (socket: Socket) => void): Promise<Server> => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      taken(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };

  before(async () => {
    connector = await scriptedServer();
    stranger = await scriptedServer();
    silent = await listener((socket) => socket.pause());
    talker = await listener((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    for (const server of [silent, talker]) await new Promise((resolve) => server.close(resolve));
    await Promise.all([connector.close(), stranger.close()]);
  });

  const at = (port: number, changes: Partial<ProbedAddress> = {}): ProbedAddress => ({
    ...{ host: '127.0.0.1', port, serverName: 'localhost', authority: connector.rootCertificate },
    ...changes,
  });
  const portOf = (of: ScriptedServer): number => Number(new URL(of.url).port);
  const silentPort = (): number => (silent.address() as AddressInfo).port;

  it('answers with a certificate of its authority for its name', async () =>
    expect(await probeAddresses([at(portOf(connector))])).to.deep.equal([true]));

  for (const [what, address] of Object.entries({
    'a certificate of another authority for that name': () => at(portOf(stranger)),
    'a certificate of its authority for another name': () => at(portOf(connector), { serverName: 'dst_1.connector.localhost' }),
    'a port that is no TLS': () => at((talker.address() as AddressInfo).port),
    'a port that takes connections and says nothing': () => at(silentPort()),
    'a name that is none': () => at(portOf(connector), { host: 'no-such-host.invalid' }),
    'a server name that TLS does not know': () => at(portOf(connector), { serverName: '127.0.0.1' }),
  }))
    it(`is not ${what}`, async () => expect(await probeAddresses([address()])).to.deep.equal([false]));

  it('is not a port where nobody listens', async () => expect(await probeAddresses([at(await freePort())])).to.deep.equal([false]));

  it('is not believed because the environment says that certificates need no checking', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await probeAddresses([at(portOf(stranger))])).to.deep.equal([false]);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  it('is waited for no longer because others are silent: all together take a second', async () => {
    const began = performance.now();
    const answers = await probeAddresses([...Array.from({ length: 40 }, () => at(silentPort())), at(portOf(connector))]);
    expect(answers.lastIndexOf(true)).to.equal(40);
    expect(answers.indexOf(true)).to.equal(40);
    expect(performance.now() - began, 'ms; forty in turn were half a minute').to.be.lessThan(5000);
  });
});
