/** A pod (an echo at port 7) on a whole cluster behind infra, and kubectl on four ways to it: straight, through infra with a certificate at hand, so through the relay, and with the plugin. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api } from '../../shared/api/index.ts';
import { wholeCluster } from '../support/clusters.ts';
import { withoutLimits } from '../support/connector.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import type { Terminal } from '../support/infra.ts';
import { kubectl } from '../support/kubectl.ts';
import { runPod } from '../support/pod.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

/** What every kubectl of one way is started with. */
export interface KubectlWay {
  readonly kubeconfig: string;
  readonly env: Terminal['env'];
  /** Before the command. */
  readonly args: readonly string[];
}

export interface PodSetting {
  readonly guarded: GuardedCluster;
  readonly person: Person;
  readonly terminal: Terminal;
  readonly pod: string;
  readonly ways: Readonly<Record<'direct' | 'fixed' | 'relay' | 'plugin', KubectlWay>>;
  stop(): Promise<void>;
}

/** @param name of the destination and the namespace. */
export async function startPodSetting(name: string): Promise<PodSetting> {
  const guarded = await guardCluster({ cluster: await wholeCluster(), name, connector: { variables: { ...withoutLimits, TUNNELS: '2' } } });
  const { namespace, account } = guarded;
  const person = await guarded.person('bench', { role: 'edit' });
  await untilTunnels(guarded);
  const terminal = await person.terminal();
  const used = await terminal.infra(['use', guarded.connector.destination.name, '--via', 'direct']);
  if (used.code !== 0) throw new Error(used.stderr);
  const pod = 'worker';
  await runPod(guarded.admin, { namespace, name: pod, script: 'nc -ll -p 7 -e cat & while true; do sleep 1; done' });
  const inNamespace = ['-n', namespace];
  // kubectl keeps caches there.
  const env = { HOME: tempDir('infra-home') };
  const impersonated = [`--as=infra:${person.email}`, `--as-group=infra:edit@${namespace}`];
  return {
    guarded,
    person,
    terminal,
    pod,
    ways: {
      direct: { kubeconfig: account.kubeconfig, env, args: [...inNamespace, ...impersonated] },
      fixed: { kubeconfig: await fixedKubeconfig(guarded, person, guarded.connector.address), env, args: inNamespace },
      relay: { kubeconfig: await fixedKubeconfig(guarded, person, `127.0.0.1:${guarded.server.port}`), env, args: inNamespace },
      plugin: { kubeconfig: terminal.kubeconfig, env: terminal.env, args: inNamespace },
    },
    stop: guarded.stop,
  };
}

/** Milliseconds from start to end; throws when kubectl fails. */
export async function timed({ kubeconfig, env, args }: KubectlWay, ...command: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const { code, stderr } = await kubectl({ kubeconfig, env }, ...args, ...command);
  if (code !== 0) throw new Error(`kubectl ${command.join(' ')} ended with ${String(code)}: ${stderr}`);
  return performance.now() - startedAt;
}

async function untilTunnels({ call, connector }: GuardedCluster): Promise<void> {
  const tunnels = async (): Promise<number> => {
    const { destinations } = await call(api.destinations.directory, { query: { name: connector.destination.name } });
    return destinations[0]?.tunnels ?? 0;
  };
  await waitFor(async () => (await tunnels()) === 2, { within: 15, what: 'two tunnels' });
}

async function fixedKubeconfig({ server, connector }: GuardedCluster, person: Person, address: string): Promise<string> {
  const { chain, key } = await person.lease();
  const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
  const file = join(tempDir('infra-fixed'), 'kubeconfig');
  const cluster = {
    server: `https://${address}`,
    'tls-server-name': connector.serverName,
    'certificate-authority-data': base64(readFileSync(server.caFile)),
  };
  const config = {
    'current-context': 'fixed',
    contexts: [{ name: 'fixed', context: { cluster: 'fixed', user: 'fixed' } }],
    clusters: [{ name: 'fixed', cluster }],
    users: [{ name: 'fixed', user: { 'client-certificate-data': base64(chain), 'client-key-data': base64(key) } }],
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
