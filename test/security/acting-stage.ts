/** A cluster with native rights of its own, and people who may act as some of those who hold them. */
import { expect } from 'chai';
import { controlPlane } from '../support/clusters.ts';
import { statusOf, type Answer, type ConnectorClient } from '../support/connector-client.ts';
import { guardCluster, type GuardedCluster, type Person } from '../support/guarded-cluster.ts';
import { newMarker, witnessOf, type Witness } from '../support/upstream-witness.ts';

/** Names that the cluster knows; the files of a run share it. */
export interface ActingNames {
  /** Reads in both namespaces. */
  readonly bob: string;
  /** Is cluster-admin, so that only infra stands between her and the connector's account. */
  readonly eve: string;
  /** A group that edits in both namespaces. */
  readonly developers: string;
  /** A namespace in which nobody has a grant. */
  readonly elsewhere: string;
}

export interface ActingStage {
  readonly guarded: GuardedCluster;
  readonly names: ActingNames;
  /** May read in one namespace, and act as nobody. */
  readonly plain: Person;
  /** May act as bob and in the group developers, and has no other grant. */
  readonly actor: Person;
  readonly client: ConnectorClient;
  readonly witness: Witness;
  configMaps(namespace?: string): string;
  get(by: ConnectorClient, path: string, asking: Asking): Promise<Answer>;
  /** Refused with these words, and nothing reached the cluster. */
  refused(by: ConnectorClient, path: string, asking: Asking, says: RegExp): Promise<void>;
  stop(): Promise<void>;
}

/** Headers that ask; several groups are several headers. */
export type Asking = Readonly<Record<string, string | readonly string[]>>;

export const as = (user: string, ...groups: readonly string[]): Asking => ({
  'Impersonate-User': user,
  ...(groups.length === 0 ? {} : { 'Impersonate-Group': groups }),
});

export async function actingStage(name: string): Promise<ActingStage> {
  const suffix = `${name}-${process.pid}`;
  const names = { bob: `bob-${suffix}`, eve: `eve-${suffix}`, developers: `developers-${suffix}`, elsewhere: `elsewhere-${suffix}` };
  const { bob, eve, developers, elsewhere } = names;
  const guarded = await guardCluster({ cluster: await controlPlane(), name });
  const { admin, namespace } = guarded;
  await admin('create', 'namespace', elsewhere);
  for (const place of [namespace, elsewhere]) {
    const account = `--serviceaccount=${namespace}:deployer`;
    await admin('-n', place, 'create', 'rolebinding', 'alone', '--clusterrole=view', `--user=${bob}`, account);
    await admin('-n', place, 'create', 'rolebinding', 'together', '--clusterrole=edit', `--group=${developers}`);
  }
  await admin('create', 'clusterrolebinding', eve, '--clusterrole=cluster-admin', `--user=${eve}`);
  const plain = await guarded.person('plain', { role: 'view' });
  const actor = await guarded.person(
    'actor',
    { role: `impersonate:user:${bob}`, namespace: null },
    { role: `impersonate:group:${developers}`, namespace: null },
  );
  const witness = witnessOf(guarded, await plain.client());
  const get = async (by: ConnectorClient, path: string, asking: Asking): Promise<Answer> =>
    by.request(path, { headers: asking as Record<string, string> });
  return {
    guarded,
    names,
    plain,
    actor,
    client: await actor.client(),
    witness,
    configMaps: (place = namespace) => `/api/v1/namespaces/${place}/configmaps`,
    get,
    refused: async (by, path, asking, says) => {
      const marker = newMarker();
      const answer = await get(by, `${path}?x=${marker}`, asking);
      expect(answer.status, answer.text).to.be.oneOf([400, 403]);
      expect(statusOf(answer.text)).to.include({ kind: 'Status', code: answer.status });
      expect(statusOf(answer.text).message)
        .to.match(/^infra: /)
        .and.match(says);
      await witness.nothing(marker);
    },
    stop: async () => {
      await admin('delete', 'clusterrolebinding', eve);
      await admin('delete', 'namespace', elsewhere, '--wait=false');
      await guarded.stop();
    },
  };
}
