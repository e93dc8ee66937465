import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { User } from '../../../../shared/api/users.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { DialogButton } from '../../parts/dialog-button.tsx';
import { FilterBar, FilterSelect, SearchField, useFilters } from '../../parts/filters.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { providerChoices, useProviders } from '../identity/providers.ts';
import { AddPerson } from './add-person.tsx';
import { GroupFilter } from './group-filter.tsx';

const columns: readonly Column<User>[] = [
  { title: 'Email', share: 3, cell: ({ id, email }) => <NameLink href={`/people/${id}`}>{email}</NameLink> },
  { title: 'Status', cell: ({ status }) => (status === 'active' ? 'active' : <Badge tone="alarm">disabled</Badge>) },
  { title: 'Groups', share: 2, cell: ({ groups }) => <Name>{groups.map(({ name }) => name).join(', ') || '–'}</Name> },
  { title: 'Signs in with', share: 2, cell: waysIn },
  { title: 'Last login', cell: ({ lastLoginAt }) => <Time at={lastLoginAt} otherwise="never" /> },
];

function waysIn({ password, accounts }: User): ReactNode {
  const ways = [
    ...(password === 'none' ? [] : ['password']),
    ...accounts.filter(({ state }) => state !== 'unlinked').map(({ provider }) => provider),
  ];
  return <Name>{ways.join(', ') || 'nothing'}</Name>;
}

export function People(): ReactNode {
  const mayChange = useMay('admin');
  const providers = useProviders();
  const filters = useFilters(['search', 'status', 'provider', 'group']);
  const { search, status, provider, group } = filters.values;
  const users = usePages(api.users.list, { search, status, provider, group });
  return (
    <Page
      title="People"
      intro="Everybody who can sign in, and what they sign in with."
      actions={
        mayChange && (
          <DialogButton title="Add a person" kind="main">
            {(close) => <AddPerson onClose={close} />}
          </DialogButton>
        )
      }
    >
      <FilterBar>
        <SearchField label="Search by email" name="search" filters={filters} />
        <FilterSelect
          label="Status"
          name="status"
          filters={filters}
          choices={[
            { value: 'active', text: 'Active' },
            { value: 'disabled', text: 'Disabled' },
          ]}
        />
        <FilterSelect label="Signs in with" name="provider" filters={filters} choices={providerChoices('Password', providers)} />
        <GroupFilter filters={filters} />
      </FilterBar>
      <List
        label="People"
        of={users}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          filters.isAny ? (
            <Empty title="Nobody is found by that." />
          ) : (
            <Empty title="Nobody is here yet.">
              <Command text="infra users add EMAIL" />
            </Empty>
          )
        }
      />
      <Command
        text={status === undefined ? 'infra users list' : `infra users list --status ${shellWord(status)}`}
        label="The same on the command line"
      />
    </Page>
  );
}
