import type { ReactNode } from 'react';
import type { Group } from '../../../../shared/api/groups.ts';
import { api } from '../../../../shared/api/index.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Command } from '../../parts/command.tsx';
import { DialogButton } from '../../parts/dialog-button.tsx';
import { FilterBar, FilterSelect, SearchField, useFilters } from '../../parts/filters.tsx';
import { NameLink } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { figure } from '../../parts/words.ts';
import { Origin } from '../identity/origin.tsx';
import { providerChoices, useProviders } from '../identity/providers.ts';
import { AddGroup } from './add-group.tsx';

const columns: readonly Column<Group>[] = [
  { title: 'Name', share: 3, cell: ({ id, name }) => <NameLink href={`/groups/${id}`}>{name}</NameLink> },
  { title: 'Comes from', share: 2, cell: ({ provider }) => <Origin provider={provider} /> },
  { title: 'Members', cell: ({ memberCount }) => figure(memberCount) },
  { title: 'Added', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function Groups(): ReactNode {
  const mayChange = useMay('admin');
  const providers = useProviders();
  const filters = useFilters(['search', 'provider']);
  const { search, provider } = filters.values;
  const groups = usePages(api.groups.list, { search, provider });
  return (
    <Page
      title="Groups"
      intro="Sets of people and workloads: made here, or by an identity provider. Those of a provider stand under its name and are never mixed with others."
      actions={
        mayChange && (
          <DialogButton title="Add a group" kind="main">
            {(close) => <AddGroup onClose={close} />}
          </DialogButton>
        )
      }
    >
      <FilterBar>
        <SearchField label="Search by name" name="search" filters={filters} />
        <FilterSelect label="Comes from" name="provider" filters={filters} choices={providerChoices('Local', providers)} />
      </FilterBar>
      <List
        label="Groups"
        of={groups}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          filters.isAny ? (
            <Empty title="No group is found by that." />
          ) : (
            <Empty title="There is no group yet.">
              <Command text="infra groups add NAME" />
            </Empty>
          )
        }
      />
      <Command text="infra groups list" label="The same on the command line" />
    </Page>
  );
}
