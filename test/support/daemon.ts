/** Somebody else's program that serves in the foreground: its end is ours to see to. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { waitFor } from './wait-for.ts';

export interface Daemon {
  stop(): Promise<void>;
}

/** Resolves when it listens at the port of this machine. */
export async function startDaemon(command: string, args: readonly string[], port: number): Promise<Daemon> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('error', () => resolve()).once('close', () => resolve()));
  void ended.then(() => process.off('exit', kill));
  let hasEnded = false;
  void ended.then(() => (hasEnded = true));
  const isOver = (): boolean => hasEnded;
  await waitFor(() => isOver() || accepts(port), { within: 15, what: `${command} to listen` });
  if (isOver()) throw new Error(`${command} ended: ${output.slice(-2000)}`);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}
