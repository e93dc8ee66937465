/** Ready means: kubectl, as the person, through the connector, got an answer from Kubernetes. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { GuardedCluster } from './cluster.ts';
import { destination } from './connector.ts';
import { QuickstartError, type Say } from './fault.ts';
import type { Person } from './login.ts';

export async function untilKubectlWorks({ cluster, person, say }: { cluster: GuardedCluster; person: Person; say: Say }): Promise<void> {
  say('asking Kubernetes through infra');
  const deadline = performance.now() + 20_000;
  let failure = '';
  while (performance.now() < deadline) {
    try {
      // The address in the kubeconfig is the connector's as it was last reported: write it again.
      await person.infra(['use', destination]);
      await promisify(execFile)(cluster.kubectl, ['get', 'namespaces'], { env: { ...process.env, KUBECONFIG: person.kubeconfig } });
      return;
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    await delay(300);
  }
  throw new QuickstartError(`kubectl does not get through: ${failure}`);
}
