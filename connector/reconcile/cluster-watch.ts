/** Everything of the cluster that reconciling and discovery look at, kept live. */
import { z } from 'zod';
import type { Discovery } from '../../shared/api/destinations.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { ClusterClient } from './cluster-client.ts';
import { watchObjects, type ObjectWatch, type WatchedObject } from './object-watch.ts';
import {
  destinationLabel,
  grantableLabel,
  holdersAnnotation,
  managedBy,
  managedByLabel,
  type ClusterView,
  type FoundBinding,
} from './role-binding-plan.ts';

export interface ClusterWatch {
  /** Undefined until everything was listed once. */
  view(): ClusterView | undefined;
  bindings(): readonly FoundBinding[];
  discovery(): Discovery | null;
  adopt(namespace: string | null, object: unknown): void;
  drop(namespace: string | null, name: string): void;
  stop(): Promise<void>;
}

export interface ClusterWatchOptions {
  readonly client: ClusterClient;
  readonly changed: () => void;
  readonly logger: Logger;
}

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const builtInRoles = ['view', 'edit', 'admin', 'cluster-admin'];
const versionSchema = z.object({ gitVersion: z.string() });

export function startClusterWatch(options: ClusterWatchOptions): ClusterWatch {
  const watch = (path: string, more: { metadataOnly: boolean; labelSelector?: string }): ObjectWatch =>
    watchObjects({ ...options, path, ...more });
  const labelSelector = `${managedByLabel}=${managedBy}`;
  const namespaces = watch('/api/v1/namespaces', { metadataOnly: true });
  const clusterRoles = watch(`${rbac}/clusterroles`, { metadataOnly: true });
  const roles = watch(`${rbac}/roles`, { metadataOnly: true });
  const clusterRoleBindings = watch(`${rbac}/clusterrolebindings`, { metadataOnly: false, labelSelector });
  const roleBindings = watch(`${rbac}/rolebindings`, { metadataOnly: false, labelSelector });
  const watches = [namespaces, clusterRoles, roles, clusterRoleBindings, roleBindings];
  let version = '';
  const learnVersion = (): void => {
    options.client
      .get('/version')
      .then((answer) => {
        version = versionSchema.parse(answer).gitVersion;
        options.changed();
      })
      .catch((error: unknown) => options.logger.debug({ err: error }, 'the version of the cluster is not known yet'));
  };
  const isSynced = (): boolean => watches.every((each) => each.isSynced());
  const bindingsOf = (namespace: string | null): ObjectWatch => (namespace === null ? clusterRoleBindings : roleBindings);
  learnVersion();

  return {
    view: () => (isSynced() ? viewOf(namespaces, clusterRoles, roles) : undefined),
    bindings: () => [...clusterRoleBindings.objects(), ...roleBindings.objects()].map(foundBinding),
    discovery: () => {
      if (version === '') learnVersion();
      if (!isSynced()) return null;
      const view = viewOf(namespaces, clusterRoles, roles);
      return {
        namespaces: [...view.namespaces].sort().slice(0, 20_000),
        clusterRoles: [...view.clusterRoles]
          .filter((name) => builtInRoles.includes(name) || view.grantableClusterRoles.has(name))
          .sort()
          .slice(0, 20_000),
        roles: [...view.roles]
          .filter((name) => !name.includes('/system:'))
          .sort()
          .slice(0, 50_000),
        kubernetesVersion: version,
      };
    },
    adopt: (namespace, object) => bindingsOf(namespace).adopt(object),
    drop: (namespace, name) => bindingsOf(namespace).drop(namespace, name),
    stop: async () => {
      await Promise.all(watches.map((each) => each.stop()));
    },
  };
}

function viewOf(namespaces: ObjectWatch, clusterRoles: ObjectWatch, roles: ObjectWatch): ClusterView {
  const clusterRoleObjects = [...clusterRoles.objects()];
  return {
    // In a namespace that is being deleted nothing can be created any more.
    namespaces: new Set([...namespaces.objects()].filter((each) => each.metadata.deletionTimestamp === undefined).map(nameOf)),
    clusterRoles: new Set(clusterRoleObjects.map(nameOf)),
    grantableClusterRoles: new Set(clusterRoleObjects.filter((each) => each.metadata.labels?.[grantableLabel] === 'true').map(nameOf)),
    roles: new Set([...roles.objects()].map((each) => `${each.metadata.namespace ?? ''}/${each.metadata.name}`)),
  };
}

const nameOf = (object: WatchedObject): string => object.metadata.name;

const foundBinding = (object: WatchedObject): FoundBinding => ({
  namespace: object.metadata.namespace ?? null,
  name: object.metadata.name,
  destinationId: object.metadata.labels?.[destinationLabel] ?? '',
  roleRef: `${object.roleRef?.kind ?? ''}/${object.roleRef?.name ?? ''}`,
  subjects: (object.subjects ?? []).map((subject) => `${subject.kind}/${subject.name}`),
  holders: object.metadata.annotations?.[holdersAnnotation] ?? '',
});
