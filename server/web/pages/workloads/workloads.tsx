import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Workload } from '../../../../shared/api/workloads.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Command } from '../../parts/command.tsx';
import { DialogButton } from '../../parts/dialog-button.tsx';
import { FilterBar, SearchField, useFilters } from '../../parts/filters.tsx';
import { NameLink } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { AddWorkload } from './add-workload.tsx';

const columns: readonly Column<Workload>[] = [
  { title: 'Name', share: 3, cell: ({ id, name }) => <NameLink href={`/workloads/${id}`}>{name}</NameLink> },
  { title: 'Status', cell: ({ status }) => (status === 'active' ? 'active' : <Badge tone="alarm">disabled</Badge>) },
  { title: 'Added', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function Workloads(): ReactNode {
  const mayChange = useMay('admin');
  const filters = useFilters(['search']);
  const workloads = usePages(api.workloads.list, { search: filters.values.search });
  return (
    <Page
      title="Workloads"
      intro="Programs with an identity of their own: jobs of CI, services. They hold grants as people do."
      actions={
        mayChange && (
          <DialogButton title="Add a workload" kind="main">
            {(close) => <AddWorkload onClose={close} />}
          </DialogButton>
        )
      }
    >
      <FilterBar>
        <SearchField label="Search by name" name="search" filters={filters} />
      </FilterBar>
      <List
        label="Workloads"
        of={workloads}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          filters.isAny ? (
            <Empty title="No workload is found by that." />
          ) : (
            <Empty title="There is no workload yet.">
              <Command text="infra workloads add NAME" />
            </Empty>
          )
        }
      />
      <Command text="infra workloads list" label="The same on the command line" />
    </Page>
  );
}
