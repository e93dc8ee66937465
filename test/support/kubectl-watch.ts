/** The kubectl of a person who keeps watching: begun anew each time it ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GuardedCluster, Person } from './guarded-cluster.ts';
import { startKubectl, type LongKubectl } from './long-kubectl.ts';
import { tempDir } from './temp-dir.ts';

export interface Watching {
  /** Of what was seen by any of them. */
  names(): ReadonlySet<string>;
  /** How many have ended. */
  ended(): number;
  stop(): void;
}

export function watchAgainAndAgain(kubeconfig: string, namespace: string): Watching {
  const seen = new Set<string>();
  let ended = 0;
  let isOver = false;
  let current: LongKubectl | undefined;
  const home = tempDir('infra-home');
  const look = (): void => (current?.stdout() ?? '').split('\n').forEach((name) => seen.add(name.replace('configmap/', '')));
  const go = async (): Promise<void> => {
    while (!isOver) {
      current = startKubectl({ kubeconfig, env: { HOME: home } }, '-n', namespace, 'get', 'configmaps', '--watch', '-o', 'name');
      await current.ended;
      look();
      ended += 1;
      await delay(300);
    }
  };
  void go();
  return {
    names: () => {
      look();
      return seen;
    },
    ended: () => ended,
    stop: () => {
      isOver = true;
      current?.kill();
    },
  };
}

/** As a login writes it, with the credential in the file. */
export async function kubeconfigOf({ server, connector }: GuardedCluster, person: Person): Promise<string> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const { chain, key } = await person.lease();
  const file = join(tempDir('infra-kubeconfig'), 'kubeconfig');
  const cluster = {
    server: `https://127.0.0.1:${connector.port}`,
    'tls-server-name': connector.serverName,
    'certificate-authority-data': base64(server.info.rootCertificate),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'relay', cluster }],
    users: [{ name: 'ana', user: { 'client-certificate-data': base64(chain), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'relay', context: { cluster: 'relay', user: 'ana' } }],
    'current-context': 'relay',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
