/** What one identity may reach, with the chain behind every right: provider → group → grant → role → resource → binding. */
import { useState, type ReactNode } from 'react';
import { clusterGroupOf } from '../../../shared/cluster-names.ts';
import type { OwnWhy } from '../../../shared/api/explanations.ts';
import { parseResourceName } from '../../../shared/resource-name.ts';
import { formatDuration } from '../../../shared/ttl.ts';
import { Button } from './button.tsx';
import { ChainPicture, type ChainLink } from './chain.tsx';
import { Name } from './name.tsx';
import { Time } from './time.tsx';
import { counted } from './words.ts';
import styles from './effective-access.module.css';

type Destination = OwnWhy['destinations'][number];

interface Held {
  readonly id: string;
  readonly role: string;
  readonly resource: string;
  readonly until: string | null;
  readonly mfaSeconds: number | null;
  readonly group: string | null;
}

export interface EffectiveAccessProps {
  readonly why: OwnWhy;
  /** What stands where nothing is reached. */
  readonly empty: ReactNode;
  /** Groups lead to their pages, for whoever may see these. */
  readonly linksGroups?: boolean;
}

const atFirst = 8;

export function EffectiveAccess({ why, empty, linksGroups = false }: EffectiveAccessProps): ReactNode {
  const places = useFirst(why.destinations, 'destination');
  const onServer = why.serverGrants.map((grant) => ({ ...grant, resource: 'infra', mfaSeconds: null }));
  const linksOf = (grant: Held): readonly ChainLink[] => chainOf(grant, why, linksGroups);
  if (why.destinations.length === 0 && onServer.length === 0) return empty;
  return (
    <div className={styles.places}>
      {onServer.length > 0 && (
        <div className={styles.place}>
          <h3>infra itself</h3>
          <Chains grants={onServer} linksOf={linksOf} />
        </div>
      )}
      {places.shown.map((destination) => (
        <Place key={destination.name} destination={destination} linksOf={linksOf} />
      ))}
      {places.more}
    </div>
  );
}

function Place({
  destination,
  linksOf,
}: {
  readonly destination: Destination;
  readonly linksOf: (grant: Held) => readonly ChainLink[];
}): ReactNode {
  const { name, clusterUser, clusterGroups, grants } = destination;
  return (
    <div className={styles.place}>
      <h3>
        <Name>{name}</Name>
      </h3>
      <p className={styles.seen}>
        The cluster sees the user{' '}
        <code>
          <Name isWhole>{clusterUser}</Name>
        </code>
        {clusterGroups.length === 0 ? (
          ', in no group.'
        ) : (
          <>
            {' in '}
            <code>
              <Name isWhole>{clusterGroups.join(', ')}</Name>
            </code>
            .
          </>
        )}
      </p>
      <Chains grants={grants} linksOf={linksOf} />
    </div>
  );
}

function Chains({
  grants,
  linksOf,
}: {
  readonly grants: readonly Held[];
  readonly linksOf: (grant: Held) => readonly ChainLink[];
}): ReactNode {
  const { shown, more } = useFirst(grants, 'grant');
  return (
    <div className={styles.chains}>
      {shown.map((grant) => (
        <ChainPicture key={grant.id} label={`${grant.role} on ${grant.resource}`} links={linksOf(grant)} />
      ))}
      {more}
    </div>
  );
}

/** The first of many, and a button for the others. */
function useFirst<Item>(items: readonly Item[], noun: string): { readonly shown: readonly Item[]; readonly more: ReactNode } {
  const [isWhole, setWhole] = useState(false);
  if (isWhole || items.length <= atFirst) return { shown: items, more: null };
  return {
    shown: items.slice(0, atFirst),
    more: <Button onClick={() => setWhole(true)}>Show all {counted(items.length, noun)}</Button>,
  };
}

function chainOf(grant: Held, { groups }: OwnWhy, linksGroups: boolean): readonly ChainLink[] {
  const { group, resource } = grant;
  const known = groups.find(({ name }) => name === group);
  const place = parseResourceName(resource);
  const binding = place === undefined ? undefined : clusterGroupOf({ role: grant.role, namespace: place.namespace ?? null, group });
  return [
    ...(group === null
      ? []
      : [
          { kind: 'provider', name: known?.provider ?? 'local' },
          { kind: 'group', name: group, ...(linksGroups && known !== undefined ? { href: `/groups/${known.id}` } : {}) },
        ]),
    { kind: group === null ? 'grant, held directly' : 'grant', name: shortId(grant.id), note: <Terms grant={grant} /> },
    { kind: 'role', name: grant.role },
    { kind: 'resource', name: resource },
    ...(resource === 'infra' || binding === undefined ? [] : [{ kind: 'binding', name: binding, note: 'a group, in the cluster' }]),
  ];
}

/** Enough to tell one from another; ids that are made about the same time begin alike. */
const shortId = (id: string): string => `${id.slice(0, id.indexOf('_') + 1)}…${id.slice(-6)}`;

const Terms = ({ grant: { until, mfaSeconds } }: { readonly grant: Held }): ReactNode => (
  <>
    {until === null ? (
      'no end'
    ) : (
      <>
        ends <Time at={until} />
      </>
    )}
    {mfaSeconds !== null && `; with a second factor of the last ${formatDuration(mfaSeconds)}`}
  </>
);
