import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { parseResourceName, serverResource } from '../../../../shared/resource-name.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { Command } from '../../parts/command.tsx';
import { FilterBar, FilterSelect, SearchField, useFilters } from '../../parts/filters.tsx';
import { Name } from '../../parts/name.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty, Loading } from '../../parts/states.tsx';
import { choicesOf, endChoices, filterNames, stateChoices, useGrantQuestion, type FilterValues, type GrantQuery } from './grant-filter.ts';
import { GrantList } from './grant-list.tsx';
import { GrantMatrix } from './grant-matrix.tsx';
import { commandOf, flag } from './grant-words.ts';
import { useRoleSuggestions } from './suggestions.ts';
import styles from './access.module.css';

export function Access(): ReactNode {
  const mayChange = useMay('admin');
  const filters = useFilters(filterNames);
  const look = useFilters(['view']);
  const isMatrix = look.values.view === 'matrix';
  const { query, destinations, isUnknownDestination } = useGrantQuestion(filters.values);
  const { role, resource, endsBefore } = filters.values;
  const roles = useRoleSuggestions(resource ?? '');
  return (
    <Page
      title="Access"
      intro="Every grant in force: who may do what, where, and until when. Without one nobody may do anything."
      actions={
        mayChange && (
          <ButtonLink href="/access/new" kind="main">
            New grant
          </ButtonLink>
        )
      }
    >
      <div className={styles.narrowing}>
        <FilterBar>
          <SearchField label="Search by who or where" name="search" filters={filters} />
          <FilterSelect
            label="Resource"
            name="resource"
            filters={filters}
            choices={choicesOf([serverResource, ...destinations], resource)}
          />
          <FilterSelect label="Role" name="role" filters={filters} choices={choicesOf(roles, role)} />
          <FilterSelect label="State" name="state" filters={filters} choices={stateChoices} />
          <FilterSelect label="Ends within" name="endsBefore" filters={filters} choices={endChoices(endsBefore)} />
        </FilterBar>
        <div className={styles.looks} role="group" aria-label="Shown as">
          <Look text="List" isOn={!isMatrix} onChoose={() => look.set('view', undefined)} />
          <Look text="Matrix" isOn={isMatrix} onChoose={() => look.set('view', 'matrix')} />
        </div>
      </div>
      {query === undefined ? (
        isUnknownDestination ? (
          <Empty title="There is no such destination.">
            Nothing is called <Name>{resource ?? ''}</Name>; choose another resource above.
          </Empty>
        ) : (
          <Loading what="Grants" />
        )
      ) : isMatrix ? (
        <GrantMatrix query={query} empty={<NoGrants isAny={filters.isAny} mayChange={mayChange} />} />
      ) : (
        <Listed query={query} values={filters.values} empty={<NoGrants isAny={filters.isAny} mayChange={mayChange} />} />
      )}
      <Command text={listCommand(filters.values)} label="On the command line" />
    </Page>
  );
}

function Listed({
  query,
  values,
  empty,
}: {
  readonly query: GrantQuery;
  readonly values: FilterValues;
  readonly empty: ReactNode;
}): ReactNode {
  const { search, resource, destination, role, state, endsBefore } = query;
  const grants = usePages(api.grants.list, { search, resource, destination, role, state, endsBefore });
  return <GrantList of={grants} question={JSON.stringify(values)} empty={empty} />;
}

const Look = ({ text, isOn, onChoose }: { readonly text: string; readonly isOn: boolean; readonly onChoose: () => void }): ReactNode => (
  <button type="button" className={styles.look} aria-pressed={isOn} onClick={onChoose}>
    {text}
  </button>
);

function NoGrants({ isAny, mayChange }: { readonly isAny: boolean; readonly mayChange: boolean }): ReactNode {
  if (isAny) return <Empty title="No grant is found by that." />;
  return (
    <Empty title="Nothing is granted yet.">
      {mayChange ? <ButtonLink href="/access/new">Add the first grant</ButtonLink> : 'An admin adds grants.'}
    </Empty>
  );
}

/** As far as the command can narrow: a search, a state and an end are the page's own. */
function listCommand({ resource, role }: FilterValues): string {
  const isWhole = resource !== undefined && resource !== serverResource && parseResourceName(resource)?.namespace === undefined;
  return commandOf(
    'infra grants list',
    resource === undefined ? undefined : flag(isWhole ? 'destination' : 'resource', resource),
    role === undefined ? undefined : flag('role', role),
  );
}
