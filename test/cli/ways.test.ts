/** The way that kubectl takes to a destination: what the CLI writes, keeps and says (ADR 51). */
import { expect } from 'chai';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { parse } from 'yaml';
import { newTerminal, type Terminal } from '../support/infra.ts';
import { freePort } from '../support/ports.ts';
import { loginScript, scriptedIds, scriptedServer, type ScriptedServer } from './scripted-server.ts';

const relay = 'infra.example.com:8443';
const whoami = {
  identity: { id: scriptedIds.user, name: 'ana@example.com', kind: 'user' },
  groups: [],
  serverRoles: [],
  session: (loginScript()['POST /api/v1/login/password'] as { body: { session: object } }).body.session,
};
const lastSeenAt = '2026-01-02T03:04:05.000Z';
const foreign = `# mine
apiVersion: v1
kind: Config
clusters:
- name: kind   # local
  cluster: {server: https://127.0.0.1:6443}
contexts:
- name: kind
  context: {cluster: kind, user: kind}
current-context: kind
users:
- name: kind
  user: {token: t}
`;

describe('the way to a destination', function () {
  this.timeout(60_000);
  let server: ScriptedServer;
  let terminal: Terminal;
  /** Real listeners: a connector’s, and another’s at the same name. */
  let direct: string;
  let stranger: ScriptedServer;
  let dead: string;

  before(async () => {
    server = await scriptedServer(loginScript());
    stranger = await scriptedServer();
    direct = `127.0.0.1:${new URL(server.url).port}`;
    dead = `127.0.0.1:${await freePort()}`;
    terminal = newTerminal();
    await terminal.infra(['login', server.url, '--ca', server.caFile, '--user', 'ana@example.com', '--password-stdin'], 'x\n');
  });
  beforeEach(() => writeFileSync(terminal.kubeconfig, foreign));
  after(async () => {
    await server.close();
    await stranger.close();
  });

  /** The server says this of its only destination from now on. */
  const told = (changes: object): void => {
    const reach = { address: null, relayAddress: relay, tunnels: 2, online: true, lastSeenAt };
    // The name in the certificate of the scripted server, which answers for the connector too.
    const destination = { id: scriptedIds.destination, name: 'prod', kind: 'kubernetes', tlsServerName: 'localhost', ...reach, ...changes };
    const grant = { id: scriptedIds.grant, role: 'view', resource: 'prod', until: null, mfaSeconds: null, via: null };
    const caCertificates = server.rootCertificate;
    server.answer({
      'GET /api/v1/access': { body: { reachable: [{ destination, grants: [grant] }], caCertificates } },
      'GET /api/v1/directory': { body: { destinations: [destination], caCertificates } },
      'GET /api/v1/whoami': { body: whoami },
    });
  };
  const run = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await terminal.infra(args);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const serverIn = (text: string): string | undefined => {
    const { clusters } = parse(text) as { clusters: { name: string; cluster: Record<string, string> }[] };
    return clusters.find(({ name }) => name === 'infra:prod')?.cluster['server']?.replace('https://', '');
  };
  const written = (): string | undefined => serverIn(readFileSync(terminal.kubeconfig, 'utf8'));
  const writing = async (changes: object, ...args: readonly string[]): Promise<string | undefined> => {
    told(changes);
    await run('kubeconfig', 'write', ...args);
    return written();
  };

  it('is the relay where the connector has no address, with the connector’s own name and authority', async () => {
    expect(await writing({})).to.equal(relay);
    const { clusters } = parse(readFileSync(terminal.kubeconfig, 'utf8')) as { clusters: { cluster: Record<string, string> }[] };
    expect(clusters.at(-1)?.cluster['tls-server-name']).to.equal('localhost');
    expect(Buffer.from(clusters.at(-1)?.cluster['certificate-authority-data'] ?? '', 'base64').toString()).to.equal(server.rootCertificate);
    await run('kubeconfig', 'clean');
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(foreign);
  });

  it('stays the relay of a destination that is away', async () => expect(await writing({ tunnels: 0, online: false })).to.equal(relay));

  it('is the connector’s address where the connector answers there', async () =>
    expect(await writing({ address: direct })).to.equal(direct));

  it('is the relay where nobody answers, or somebody else', async () => {
    expect(await writing({ address: dead })).to.equal(relay);
    const strange = `127.0.0.1:${new URL(stranger.url).port}`;
    expect(await writing({ address: strange })).to.equal(relay);
  });

  it('is the address, without its being asked, while no tunnel is open', async () => {
    let asked = 0;
    const counting = createServer((socket) => {
      asked += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => counting.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(counting.address() as AddressInfo).port}`;
    expect(await writing({ address, tunnels: 0 })).to.equal(address);
    expect(asked).to.equal(0);
    await new Promise((resolve) => counting.close(resolve));
  });

  it('is left alone by other commands while it is there, and chosen anew by use and kubeconfig write', async () => {
    expect(await writing({ address: dead })).to.equal(relay);
    told({ address: direct });
    const before = readFileSync(terminal.kubeconfig, 'utf8');
    await run('list');
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(before);
    await run('use', 'prod');
    expect(written()).to.equal(direct);
    told({ address: direct, tunnels: 0 });
    await run('list');
    expect(written()).to.equal(direct);
  });

  it('stays as it is where neither leads anywhere', async () => {
    expect(await writing({ address: dead })).to.equal(relay);
    expect(await writing({ address: dead, tunnels: 0, online: false })).to.equal(relay);
  });

  it('is chosen by any command when the one that is written is gone', async () => {
    expect(await writing({ address: direct })).to.equal(direct);
    told({ address: null });
    await run('list');
    expect(written()).to.equal(relay);
    told({ address: direct, relayAddress: 'relay.example.com:443' });
    await run('list');
    expect(written()).to.equal(direct);
  });

  it('is what --via says, for this once', async () => {
    expect(await writing({ address: direct }, '--via', 'relay')).to.equal(relay);
    expect(await writing({ address: direct })).to.equal(direct);
    expect(await writing({ address: dead }, '--via', 'direct')).to.equal(dead);
    await run('use', 'prod', '--via', 'relay');
    expect(written()).to.equal(relay);
    expect(serverIn(await run('kubeconfig', 'print', '--via', 'direct'))).to.equal(dead);
    expect(serverIn(await run('kubeconfig', 'print'))).to.equal(relay);
  });

  it('is refused in words where --via asks for one that is not there, or is none', async () => {
    told({ tunnels: 0 });
    const impossible = await terminal.infra(['use', 'prod', '--via', 'direct']);
    expect(impossible.code).to.equal(1);
    expect(impossible.stderr).to.equal('infra: prod has no address of its own: it is reached by the relay alone; leave --via direct out\n');
    const wrong = await terminal.infra(['kubeconfig', 'write', '--via', 'tunnel']);
    expect([wrong.code, wrong.stderr]).to.deep.equal([2, 'infra: --via is direct or relay, not "tunnel"\n']);
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(foreign);
    const closed = await terminal.infra(['use', 'prod', '--via', 'relay']);
    expect(closed.code).to.equal(0);
    expect(closed.stderr).to.include('no tunnel leads to prod now');
  });

  it('is none while nothing was ever heard of the connector, which is said', async () => {
    told({ tunnels: 0, online: false, lastSeenAt: null });
    const { code, stderr } = await terminal.infra(['kubeconfig', 'write']);
    expect(code).to.equal(0);
    expect(stderr).to.include('prod has no address yet: its connector has not reported');
    expect((await terminal.infra(['use', 'prod'])).stderr).to.include('prod has no address yet: its connector has not reported');
    expect(readFileSync(terminal.kubeconfig, 'utf8')).to.equal(foreign);
  });

  it('is shown by status and list, with whether the destination is there', async () => {
    await writing({});
    expect(await run('status')).to.match(new RegExp(`\\n\\nCONTEXT .*\\ninfra:prod +relay +${relay} +online\\n$`));
    expect(await run('list')).to.match(new RegExp(`prod +view +prod .* relay +${relay}\\n`));
    told({ tunnels: 0 });
    expect(await run('status')).to.match(/infra:prod +relay +\S+ +online, no tunnel\n/);
    told({ tunnels: 0, online: false });
    const [profile] = JSON.parse(await run('status', '--format', 'json')) as { contexts: object[] }[];
    expect(profile?.contexts).to.deep.equal([
      {
        ...{ context: 'infra:prod', destination: scriptedIds.destination, server: `https://${relay}`, via: 'relay' },
        ...{ online: false, tunnels: 0, lastSeenAt, state: `offline since ${lastSeenAt}` },
      },
    ]);
    expect(await run('list')).to.match(new RegExp(`prod +view +prod .* relay, offline since ${lastSeenAt} +${relay}\\n`));
    const used = await terminal.infra(['use', 'prod']);
    expect(used.stderr).to.include(`infra: prod is offline since ${lastSeenAt}; kubectl cannot reach it until its connector is back\n`);
  });

  it('of contexts is unknown while the server is away, and of a kubeconfig that cannot be read nothing is shown', async () => {
    await writing({});
    server.answer({ 'GET /api/v1/directory': { status: 503, body: {} } });
    expect(await run('status')).to.match(/infra:prod +- +\S+ +unknown\n/);
    told({});
    server.answer({ 'GET /api/v1/directory': { body: { destinations: [], caCertificates: '' } } });
    expect(await run('status')).to.match(/infra:prod +- +\S+ +removed\n/);
    writeFileSync(terminal.kubeconfig, 'clusters: [a\nusers: }');
    const { code, stdout, stderr } = await terminal.infra(['status']);
    expect([code, stdout.includes('CONTEXT')]).to.deep.equal([0, false]);
    expect(stderr).to.include('the kubeconfig was left alone');
    rmSync(terminal.kubeconfig);
    expect(await run('status')).to.not.include('CONTEXT');
  });
});
