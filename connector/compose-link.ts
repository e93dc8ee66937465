/** The part that follows the server: desired state in; acknowledgements, reports and bindings out. */
import type { Logger } from '../shared/node/logger.ts';
import type { Shutdown } from '../shared/node/shutdown.ts';
import { createAcknowledgements } from './broker-link/acknowledgements.ts';
import { startChangeStream } from './broker-link/change-stream.ts';
import type { ServerContact } from './broker-link/contact.ts';
import type { DesiredStateCache } from './broker-link/desired-state-cache.ts';
import { createReporter } from './broker-link/reporter.ts';
import { createSequenceNumbers } from './broker-link/sequence-numbers.ts';
import type { ServerApi } from './broker-link/server-api.ts';
import type { ServerClock } from './broker-link/server-clock.ts';
import { createStreamTeller } from './broker-link/stream-teller.ts';
import { createStateLink } from './broker-link/state-link.ts';
import type { Guard } from './compose-guard.ts';
import type { ConnectorConfig } from './config.ts';
import type { ClusterClient } from './reconcile/cluster-client.ts';
import { startClusterWatch } from './reconcile/cluster-watch.ts';
import { createReconciler } from './reconcile/reconciler.ts';

export interface LinkOptions {
  readonly config: ConnectorConfig;
  /** The connector's own namespace. */
  readonly guardedNamespace: string | undefined;
  /** The connector's own service account. */
  readonly ownAccount: string | undefined;
  readonly guard: Guard;
  readonly api: ServerApi;
  readonly cache: DesiredStateCache;
  readonly clock: ServerClock;
  readonly contact: ServerContact;
  readonly client: ClusterClient;
  readonly clusterUid: string | null;
  readonly version: string;
  readonly replica: string;
  readonly logger: Logger;
  readonly shutdown: Shutdown;
}

export interface Link {
  missing(): readonly string[];
  /** The newest revision that the bindings follow. */
  appliedRevision(): number | undefined;
}

export function composeLink(options: LinkOptions): Link {
  const { guard, logger, shutdown, client } = options;
  let appliedRevision: number | undefined;
  const sequence = createSequenceNumbers(options.clock);
  const acknowledgements = createAcknowledgements({ ...options, sequence });
  shutdown.onShutdown('acknowledgements', () => acknowledgements.stop());

  const cluster = startClusterWatch({ client, logger, changed: () => clusterChanged() });
  shutdown.onShutdown('cluster watch', () => cluster.stop());
  const reporter = createReporter({
    ...options,
    sequence,
    address: options.config.address ?? null,
    content: () => ({
      grants: reconciler.grantStates(),
      discovery: cluster.discovery(),
      clusterUid: options.clusterUid,
    }),
  });
  shutdown.onShutdown('reporter', () => reporter.stop());
  const reconciler = createReconciler({
    ...options,
    cluster,
    applied: (epoch, revision) => {
      appliedRevision = revision;
      acknowledgements.send({ kind: 'applied', epoch, revision, streamsClosed: 0 });
    },
    reported: () => reporter.changed(),
  });
  shutdown.onShutdown('reconciler', () => reconciler.stop());
  const clusterChanged = (): void => {
    reconciler.clusterChanged();
    reporter.changed();
  };

  const link = createStateLink({
    ...options,
    listener: {
      enforce: (state, touched) => guard.enforce(state, touched),
      enforced: (state, streamsClosed) => {
        acknowledgements.send({ kind: 'enforced', epoch: state.epoch, revision: state.revision, streamsClosed });
        reconciler.want(state);
      },
    },
  });
  guard.refreshWith(() => link.pull());
  const cached = link.known();
  if (cached !== undefined) {
    guard.enforce(cached, 'all');
    reconciler.want(cached);
  }
  const teller = createStreamTeller({ ...options, sequence, streams: () => guard.streams() });
  guard.tellStreamsTo(() => teller.changed());
  shutdown.onShutdown('stream teller', () => teller.stop());
  const connected = (): void => {
    reporter.repeat();
    teller.repeat();
  };
  const changes = startChangeStream({ ...options, link, connected });
  shutdown.onShutdown('change stream', () => changes.stop());
  return { missing: () => (cluster.view() === undefined ? ['the cluster'] : []), appliedRevision: () => appliedRevision };
}
