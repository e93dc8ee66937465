/** An account for a connector in a cluster that tests share, with the rights of docs/connector-rbac.yaml. */
import { join } from 'node:path';
import { createConnectorAccount, type ConnectorAccount } from '../../scripts/kubernetes/connector-account.ts';
import type { Cluster } from './clusters.ts';
import { kubectlOrThrow } from './kubectl.ts';
import { tempDir } from './temp-dir.ts';

export interface TestAccount extends ConnectorAccount {
  /** With its namespace. */
  remove(): Promise<void>;
}

export async function newConnectorAccount(cluster: Cluster, namespace: string): Promise<TestAccount> {
  const account = await createConnectorAccount({ ...cluster, namespace, kubeconfig: join(tempDir('infra-account'), 'kubeconfig') });
  const admin = { kubeconfig: cluster.adminKubeconfig };
  return {
    ...account,
    remove: async () => {
      await kubectlOrThrow(admin, 'delete', 'clusterrolebinding,clusterrole', account.clusterRole);
      await kubectlOrThrow(admin, 'delete', 'namespace', namespace, '--wait=false');
    },
  };
}
