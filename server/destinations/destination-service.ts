/** Destinations: add, change, remove, and where they are. A destination is its id; one made later under the same name shares nothing with it. */
import { randomBytes } from 'node:crypto';
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { formatJoinToken } from '../../shared/node/join-token.ts';
import type { Destination, DestinationSettings, DirectoryEntry } from '../../shared/api/destinations.ts';
import type { Page } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Change, DestinationId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import type { AcknowledgementStore } from './acknowledgement-store.ts';
import { hashJoinSecret } from './enrolment-service.ts';
import type { ConnectorStore } from './connector-store.ts';
import { describeDestination, describeDestinations } from './destination-description.ts';
import type { DestinationFilter, DestinationRecord, DestinationStore } from './destination-store.ts';
import type { Directory } from './directory.ts';
import type { Presence } from './presence.ts';
import type { Tunnels } from './tunnels.ts';

/** What destinations need of grants and leases when one goes. */
export interface DestinationEffects {
  destinationRemoved(destinationId: string, act: Act): Promise<void>;
}

interface Stores {
  readonly destinations: DestinationStore;
  readonly connectors: ConnectorStore;
  readonly acknowledgements: AcknowledgementStore;
  readonly destinationEffects: DestinationEffects;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}

export interface DestinationServiceOptions {
  readonly read: Pick<Stores, 'destinations' | 'connectors' | 'acknowledgements' | 'feed'>;
  readonly transact: Transact<Stores>;
  readonly presence: Presence;
  readonly tunnels: Tunnels;
  readonly directory: Directory;
  readonly root: { readonly certificate: string; readonly fingerprint: string };
  readonly clock: Clock;
}

const joinTokenSeconds = 3600;
const defaultSettings: DestinationSettings = {
  leaseTtlSeconds: null,
  stalenessLimitSeconds: 3600,
  auditMode: 'required',
  userPrefix: 'infra:',
};

export type DestinationService = ReturnType<typeof createDestinationService>;

export function createDestinationService(options: DestinationServiceOptions) {
  const { read, transact, clock, root } = options;
  const actOf = (caller: Caller): Act => ({ by: authorOf(caller), now: clock.now() });

  const addJoinToken = async (
    stores: Stores,
    destination: DestinationRecord,
    act: Act,
  ): Promise<{ joinToken: string; expiresAt: string }> => {
    const secret = randomBytes(32).toString('base64url');
    const expiresAt = toTime(act.now + joinTokenSeconds * 1000);
    await stores.connectors.insertJoinToken({
      secretHash: hashJoinSecret(secret),
      destinationId: destination.id,
      now: act.now,
      lifetimeSeconds: joinTokenSeconds,
    });
    await stores.audit.record({ event: 'destination.join-token-created', act, destination, details: { expiresAt } });
    return {
      joinToken: formatJoinToken({ destinationId: destination.id, rootFingerprint: root.fingerprint.replace('SHA256:', ''), secret }),
      expiresAt,
    };
  };

  return {
    list: async (filter: DestinationFilter): Promise<Page<Destination>> => {
      const page = await read.destinations.list(filter);
      return { items: await describeDestinations(options, page.items), nextCursor: page.nextCursor };
    },

    get: async (id: DestinationId): Promise<Destination> => describeDestination(options, await existing(read.destinations, id)),

    directory: async (filter: {
      readonly name?: string | undefined;
    }): Promise<{ destinations: DirectoryEntry[]; caCertificates: string }> => {
      const all = await read.destinations.allLive();
      return {
        destinations: await options.directory(all.filter(({ name }) => filter.name === undefined || name === filter.name)),
        caCertificates: root.certificate,
      };
    },

    create: async (
      input: { readonly name: string; readonly kind: Destination['kind']; readonly settings?: SettingsPatch | undefined },
      caller: Caller,
    ) =>
      transact(async (stores) => {
        const act = actOf(caller);
        const record: DestinationRecord = {
          // An id made with the prefix of destinations is one.
          id: newId('destination', act.now) as DestinationId,
          name: input.name,
          kind: input.kind,
          address: null,
          createdAt: toTime(act.now),
          removedAt: null,
          settings: merge(defaultSettings, input.settings ?? {}),
          clusterUid: null,
          discovery: null,
        };
        await stores.destinations.insert(record);
        await stores.audit.record({ event: 'destination.added', act, destination: record, details: { kind: record.kind } });
        const token = await addJoinToken(stores, record, act);
        return { destination: await describeDestination({ ...options, read: stores }, record), ...token };
      }),

    update: async (id: DestinationId, patch: SettingsPatch, caller: Caller): Promise<{ destination: Destination; change: Change }> =>
      transact(async (stores) => {
        const act = actOf(caller);
        const record = await existing(stores.destinations, id);
        const settings = merge(record.settings, patch);
        await stores.destinations.saveSettings(id, settings);
        await stores.feed.append([{ destinationId: id, kind: 'destination', subjectId: id }], act);
        await stores.audit.record({ event: 'destination.updated', act, destination: record, details: { changed: Object.keys(patch) } });
        return {
          destination: await describeDestination({ ...options, read: stores }, { ...record, settings }),
          change: stores.feed.change(),
        };
      }),

    remove: async (id: DestinationId, caller: Caller): Promise<{ change: Change }> =>
      transact(async (stores) => {
        const act = actOf(caller);
        const record = await existing(stores.destinations, id);
        await stores.destinationEffects.destinationRemoved(id, act);
        await stores.connectors.removeJoinTokens(id);
        await stores.destinations.markRemoved(id, toTime(act.now));
        await stores.feed.append([{ destinationId: id, kind: 'destination', subjectId: id }], act);
        await stores.audit.record({ event: 'destination.removed', act, destination: record, details: {} });
        return { change: stores.feed.change() };
      }),

    createJoinToken: async (id: DestinationId, caller: Caller): Promise<{ joinToken: string; expiresAt: string }> =>
      transact(async (stores) => addJoinToken(stores, await existing(stores.destinations, id), actOf(caller))),
  };
}

type SettingsPatch = { readonly [Key in keyof DestinationSettings]?: DestinationSettings[Key] | undefined };

const merge = (settings: DestinationSettings, patch: SettingsPatch): DestinationSettings => ({
  leaseTtlSeconds: patch.leaseTtlSeconds === undefined ? settings.leaseTtlSeconds : patch.leaseTtlSeconds,
  stalenessLimitSeconds: patch.stalenessLimitSeconds ?? settings.stalenessLimitSeconds,
  auditMode: patch.auditMode ?? settings.auditMode,
  userPrefix: patch.userPrefix ?? settings.userPrefix,
});

async function existing(destinations: DestinationStore, id: DestinationId): Promise<DestinationRecord> {
  const record = await destinations.findLive(id);
  if (record === undefined) throw new DomainError('destination.not-found', 'There is no such destination. See: infra destinations list');
  return record;
}
