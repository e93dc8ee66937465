/** Bytes that kubectl carries into and out of a pod, each way with checksums at both ends. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash, randomBytes, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { obtainKubectl } from '../../scripts/kubernetes/obtain-assets.ts';
import { startKubectl } from '../support/long-kubectl.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import type { KubectlWay } from './pod-setting.ts';

export interface ByteWish {
  readonly way: KubectlWay;
  readonly pod: string;
  readonly megabytes: number;
}

/** Whether all bytes arrived as they were sent. */
type Carry = (wish: ByteWish) => Promise<boolean>;

const file = '/tmp/bytes';
const copy = '/tmp/copy';
const ports = { down: 7001, up: 7002 } as const;

export const carries: Readonly<Record<'exec down' | 'exec up' | 'cp down' | 'cp up' | 'port-forward down' | 'port-forward up', Carry>> = {
  'exec down': async (wish) => {
    const child = await start(wish, 'exec', wish.pod, '--', 'cat', file);
    child.stdin.end();
    return (await digest(child.stdout)) === (await digestInPod(wish, file));
  },
  'exec up': async (wish) => {
    const child = await start(wish, 'exec', '-i', wish.pod, '--', 'sha256sum');
    const said = text(child.stdout);
    const hash = createHash('sha256');
    await pipeline(Readable.from(blocks(wish.megabytes, hash)), child.stdin);
    return hash.digest('hex') === firstWord(await said);
  },
  'cp down': async (wish) => {
    const local = join(tempDir('infra-cp'), 'bytes');
    await output(wish, 'cp', `${wish.pod}:${file}`, local);
    const arrived = await digest(createReadStream(local));
    rmSync(local);
    return arrived === (await digestInPod(wish, file));
  },
  'cp up': async (wish) => {
    const local = join(tempDir('infra-cp'), 'bytes');
    const hash = createHash('sha256');
    await pipeline(Readable.from(blocks(wish.megabytes, hash)), createWriteStream(local));
    await output(wish, 'cp', local, `${wish.pod}:${copy}`);
    const arrived = await digestInPod(wish, copy);
    await output(wish, 'exec', wish.pod, '--', 'rm', copy);
    rmSync(local);
    return hash.digest('hex') === arrived;
  },
  'port-forward down': async (wish) =>
    overForward(wish, ports.down, async (port) => (await digest(connect(port, '127.0.0.1'))) === (await digestInPod(wish, file))),
  'port-forward up': async (wish) =>
    overForward(wish, ports.up, async (port) => {
      const socket = connect(port, '127.0.0.1');
      const said = text(socket);
      const hash = createHash('sha256');
      await pipeline(Readable.from(blocks(wish.megabytes, hash)), socket, { end: false });
      return hash.digest('hex') === firstWord(await said);
    }),
};

/** Puts what goes down into the pod, and lets it serve and take bytes at its ports. */
export async function prepareBytes(wish: ByteWish): Promise<void> {
  const { megabytes } = wish;
  const script = [
    `dd if=/dev/urandom of=${file} bs=1M count=${megabytes} 2>/dev/null`,
    `printf '#!/bin/sh\\ncat ${file}\\n' > /tmp/send`,
    `printf '#!/bin/sh\\nhead -c ${megabytes * 2 ** 20} | sha256sum\\n' > /tmp/take`,
    'chmod +x /tmp/send /tmp/take',
    `nc -ll -p ${ports.down} -e /tmp/send >/dev/null 2>&1 &`,
    `nc -ll -p ${ports.up} -e /tmp/take >/dev/null 2>&1 &`,
  ];
  await output(wish, 'exec', wish.pod, '--', 'sh', '-c', script.join('\n'));
}

const digestInPod = async (wish: ByteWish, path: string): Promise<string> =>
  firstWord(await output(wish, 'exec', wish.pod, '--', 'sha256sum', path));

const firstWord = (line: string): string => line.split(' ')[0] ?? '';

async function overForward({ way, pod }: ByteWish, port: number, work: (localPort: number) => Promise<boolean>): Promise<boolean> {
  const forward = startKubectl(way, ...way.args, 'port-forward', `pod/${pod}`, `:${port}`);
  const local = (): string | undefined => /127\.0\.0\.1:(\d+)/.exec(forward.stdout())?.[1];
  try {
    return await work(Number(await waitFor(local, { within: 15, what: 'the local port' })));
  } finally {
    forward.kill();
  }
}

async function start({ way }: ByteWish, ...command: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
  const { kubeconfig, env, args } = way;
  const child = spawn(await obtainKubectl(), [...args, ...command], {
    env: { PATH: process.env['PATH'] ?? '', ...env, KUBECONFIG: kubeconfig },
  });
  child.stderr.pipe(process.stderr);
  const kill = (): boolean => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  return child;
}

async function output(wish: ByteWish, ...command: readonly string[]): Promise<string> {
  const child = await start(wish, ...command);
  child.stdin.end();
  const code = new Promise((resolve) => child.once('close', resolve));
  const said = await text(child.stdout);
  if ((await code) !== 0) throw new Error(`kubectl ${command[0] ?? ''} ended with ${String(await code)}`);
  return said;
}

async function digest(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(stream, hash);
  return hash.digest('hex');
}

function* blocks(megabytes: number, hash: Hash): Generator<Buffer> {
  for (let index = 0; index < megabytes; index++) {
    const block = randomBytes(2 ** 20);
    hash.update(block);
    yield block;
  }
}
