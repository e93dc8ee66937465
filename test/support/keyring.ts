/** A person's real keyring: GNOME's, on a session bus of its own, with a home of its own; and a bus that takes calls and never answers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { obtainKeyring } from '../../scripts/keyring/obtain-keyring.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface Keyring {
  /** For whoever is to ask it. */
  readonly env: Readonly<Record<string, string>>;
  /** Locks it, as leaving the desk does: from then on it would ask for its password, and there is nobody to be asked. */
  lock(): Promise<void>;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export async function startKeyring(): Promise<Keyring> {
  const programs = await obtainKeyring();
  const home = tempDir('infra-keyring');
  const runtime = join(home, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  // Without services that a call could start: the keyring that answers is the one that is started here.
  const config = join(home, 'bus.conf');
  const socket = `unix:path=${join(runtime, 'bus')}`;
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>\n`,
  );
  const env = { DBUS_SESSION_BUS_ADDRESS: socket, XDG_RUNTIME_DIR: runtime };
  const start = (program: string, args: readonly string[]): ChildProcess => {
    const child = spawn(program, [...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    running.add(child);
    return child;
  };
  const end = async (child: ChildProcess): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    running.delete(child);
  };
  /** Ready when it has said where it is, which it does once it is on the bus. */
  const startDaemon = async (args: readonly string[], password?: string): Promise<ChildProcess> => {
    const child = start(programs.keyring, [
      '--foreground',
      '--components=secrets',
      `--control-directory=${join(runtime, 'keyring')}`,
      ...args,
    ]);
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stdin?.end(password ?? '');
    await waitFor(() => said.includes('GNOME_KEYRING_CONTROL='), { within: 15, what: 'the keyring to start' });
    return child;
  };
  const bus = start(programs.bus, [`--config-file=${config}`, '--nofork', '--print-address']);
  let address = '';
  bus.stdout?.on('data', (chunk: Buffer) => (address += chunk.toString()));
  await waitFor(() => address.includes('unix:'), { within: 15, what: 'the bus to start' });
  let daemon = await startDaemon(['--unlock'], 'the password of the keyring');
  return {
    env,
    lock: async () => {
      await end(daemon);
      daemon = await startDaemon([]);
    },
    stop: async () => {
      await end(daemon);
      await end(bus);
    },
  };
}

/** Takes every connection and says nothing, as a bus whose keyring hangs. */
export async function startSilentBus(): Promise<Keyring> {
  const path = join(tempDir('infra-silent-bus'), 'bus');
  const server = createServer((connection) => connection.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` },
    lock: async () => undefined,
    stop: async () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The way to a keyring's bus on which the questions are counted: each comes by a connection of its own. */
export async function startCountingBus({ env }: Keyring): Promise<Pick<Keyring, 'env' | 'stop'> & { connections(): number }> {
  const path = join(tempDir('infra-counting-bus'), 'bus');
  const behind = (env['DBUS_SESSION_BUS_ADDRESS'] ?? '').replace('unix:path=', '');
  let connections = 0;
  const server = createServer((connection) => {
    connections += 1;
    const onward = connect(behind);
    connection.on('error', () => onward.destroy()).pipe(onward);
    onward.on('error', () => connection.destroy()).pipe(connection);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` },
    connections: () => connections,
    stop: async () => new Promise((resolve) => server.close(() => resolve())),
  };
}
