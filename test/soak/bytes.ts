/** A gigabyte through `kubectl exec` in each direction, byte for byte. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { finished } from 'node:stream/promises';
import { cpuSeconds, residentMegabytes } from '../bench/process-usage.ts';
import { api } from '../../shared/api/index.ts';
import { startConnector } from '../support/connector.ts';
import { noWholeCluster, wholeCluster } from '../support/clusters.ts';
import { loginWithPassword, newTerminal, type Terminal } from '../support/infra.ts';
import { kubectlOrThrow } from '../support/kubectl.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Setting } from '../bench/setting.ts';
import type { Rules } from './outcome.ts';

const megabytes = 1024;

export async function bytes(setting: Setting, { note, holds }: Rules): Promise<void> {
  if (noWholeCluster !== undefined) {
    note(`left out: ${noWholeCluster}`);
    return;
  }
  const server = await setting.server();
  const cluster = await wholeCluster();
  const admin = { kubeconfig: cluster.adminKubeconfig, withinSeconds: 90 };
  await kubectlOrThrow({ ...admin, input: JSON.stringify(pod) }, 'apply', '-f', '-');
  await kubectlOrThrow(admin, 'wait', '--for=condition=Ready', 'pod/soak', '--timeout=80s');
  const connector = await startConnector({ server, cluster, destination: 'bytes' });
  const call = await server.admin();
  const person = { email: 'bytes@example.com', password: 'a lantern in the harbour' };
  await call(api.users.create, { body: person });
  await call(api.grants.create, { body: { subject: person.email, role: 'cluster-admin', resource: 'bytes' } });
  const terminal = newTerminal();
  await loginWithPassword(terminal, server, person);
  await waitFor(async () => (await terminal.kubectl('get', 'pod', 'soak')).code === 0, { within: 15, what: 'the person to get through' });

  const { pid } = connector.program();
  const made = await terminal.kubectl(
    'exec',
    'soak',
    '--',
    'sh',
    '-c',
    `dd if=/dev/urandom of=/tmp/file bs=1M count=${megabytes} 2>/dev/null; sha256sum /tmp/file`,
  );
  const expected = made.stdout.split(' ')[0] ?? '';
  const [cpuBefore, startedAt] = [cpuSeconds([pid]), performance.now()];
  const down = await hashOfOutput(terminal, ['exec', 'soak', '--', 'cat', '/tmp/file']);
  const seconds = (performance.now() - startedAt) / 1000;
  note(
    `download: ${(down.length / 2 ** 20 / seconds).toFixed(0)} MB/s, ${(cpuSeconds([pid]) - cpuBefore).toFixed(1)} CPU s per GB, RSS ${residentMegabytes(pid).toFixed(0)} MB`,
  );
  holds(`download of ${megabytes} MB arrived byte for byte`, down.length === megabytes * 2 ** 20 && down.hash === expected);

  const cpuUp = cpuSeconds([pid]);
  const up = await upload(terminal);
  note(`upload: ${(cpuSeconds([pid]) - cpuUp).toFixed(1)} CPU s per GB, RSS ${residentMegabytes(pid).toFixed(0)} MB`);
  holds(`upload of ${megabytes} MB arrived byte for byte`, up.sent === up.arrived);
  holds(`connector memory ${residentMegabytes(pid).toFixed(0)} MB (at most 250)`, residentMegabytes(pid) <= 250);
  await connector.stop();
}

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'soak' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'one', image: 'localhost/busybox:1', imagePullPolicy: 'Never', command: ['sleep', '100000'] }],
  },
};

function startExec({ kubeconfig, env }: Terminal, args: readonly string[], program: string) {
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env, KUBECONFIG: kubeconfig },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function hashOfOutput(terminal: Terminal, args: readonly string[]): Promise<{ hash: string; length: number }> {
  const child = startExec(terminal, args, (await wholeCluster()).kubectl);
  child.stdin.end();
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of child.stdout) {
    // A stream without encoding gives buffers.
    hash.update(chunk as Buffer);
    length += (chunk as Buffer).length;
  }
  return { hash: hash.digest('hex'), length };
}

async function upload(terminal: Terminal): Promise<{ sent: string; arrived: string }> {
  const child = startExec(terminal, ['exec', '-i', 'soak', '--', 'sh', '-c', 'sha256sum'], (await wholeCluster()).kubectl);
  let arrived = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (arrived += text));
  const hash = createHash('sha256');
  const block = randomBytes(2 ** 20);
  for (let index = 0; index < megabytes; index++) {
    block.writeUInt32BE(index, 0);
    const piece = Buffer.from(block);
    hash.update(piece);
    if (!child.stdin.write(piece)) await new Promise((resolve) => child.stdin.once('drain', resolve));
  }
  child.stdin.end();
  await finished(child.stdout);
  return { sent: hash.digest('hex'), arrived: arrived.split(' ')[0] ?? '' };
}
