import { useMemo, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { Destination } from '../../../../shared/api/destinations.ts';
import { api } from '../../../../shared/api/index.ts';
import { usePages, useRead, type Pages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { FilterBar, FilterSelect, SearchField, useFilters } from '../../parts/filters.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty, Loading } from '../../parts/states.tsx';
import { counted } from '../../parts/words.ts';
import { isOfHealth } from './destination-rules.ts';
import { HealthOf, PathOf } from './health.tsx';

interface Row {
  readonly destination: Destination;
  /** Grants on it that its connector could not apply. */
  readonly failed: number;
}

const columns: readonly Column<Row>[] = [
  { title: 'Name', share: 2, cell: ({ destination }) => <NameLink href={`/destinations/${destination.id}`}>{destination.name}</NameLink> },
  { title: 'Health', share: 2, cell: ({ destination }) => <HealthOf destination={destination} /> },
  { title: 'Path', share: 2, cell: ({ destination }) => <PathOf destination={destination} /> },
  { title: 'Connector', cell: ({ destination }) => <Name>{versionsOf(destination)}</Name> },
  { title: 'Kubernetes', cell: ({ destination }) => <Name>{destination.discovery?.kubernetesVersion ?? '–'}</Name> },
  { title: 'Failed grants', cell: failedCell },
];

const versionsOf = ({ connectors }: Destination): string => [...new Set(connectors.map(({ version }) => version))].join(', ') || '–';

function failedCell({ destination, failed }: Row): ReactNode {
  if (failed === 0) return 'none';
  return (
    <Link href={`/destinations/${destination.id}`}>
      <Badge tone="alarm">{counted(failed, 'grant')}</Badge>
    </Link>
  );
}

const healths = [
  { value: 'online', text: 'Online' },
  { value: 'offline', text: 'Offline' },
  { value: 'never', text: 'No connector yet' },
] as const;

/** Health is what the connectors come to: the pages that came are narrowed by it here. */
function useRows(pages: Pages<Destination>, health: string | undefined): Pages<Row> {
  const failed = useRead(api.grants.list, { query: { state: 'failed', limit: 1000 } }).data;
  const { rows } = pages;
  const narrowed = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { destinationId } of failed?.items ?? [])
      if (destinationId !== null) counts.set(destinationId, (counts.get(destinationId) ?? 0) + 1);
    return rows
      ?.filter((destination) => health === undefined || isOfHealth(destination, health))
      .map((destination) => ({ destination, failed: counts.get(destination.id) ?? 0 }));
  }, [rows, failed, health]);
  return { ...pages, rows: narrowed };
}

export function Destinations(): ReactNode {
  const filters = useFilters(['search', 'health']);
  const { search, health } = filters.values;
  const rows = useRows(usePages(api.destinations.list, { search }), health);
  const mayChange = useMay('admin');
  return (
    <Page
      title="Destinations"
      intro="What access is brokered to: each with a connector beside it, which dials out and needs no open port."
      actions={
        mayChange && (
          <ButtonLink href="/destinations/connect" kind="main">
            Connect a cluster
          </ButtonLink>
        )
      }
    >
      <FilterBar>
        <SearchField label="Search by name" name="search" filters={filters} />
        <FilterSelect label="Health" name="health" filters={filters} choices={healths} />
      </FilterBar>
      <List
        label="Destinations"
        of={rows}
        columns={columns}
        keyOf={({ destination }) => destination.id}
        empty={rows.hasMore ? <Loading what="Destinations" /> : <Nothing isFiltered={filters.isAny} />}
      />
      <Command text="infra destinations list" label="The same on the command line" />
    </Page>
  );
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): ReactNode {
  const mayChange = useMay('admin');
  if (isFiltered) return <Empty title="No destination is found by that." />;
  return (
    <Empty title="No destination is here yet.">
      {mayChange ? <Link href="/destinations/connect">Connect a cluster</Link> : 'An admin connects the first one.'}
    </Empty>
  );
}
