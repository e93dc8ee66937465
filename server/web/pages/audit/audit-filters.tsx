/** The filters of the audit: besides texts and choices, somebody by name and a span of time. */
import { useId, useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { useRead } from '../../api/reads.ts';
import { FilterBar, FilterSelect, SearchField, type Filters } from '../../parts/filters.tsx';
import type { Choice } from '../../parts/form.tsx';
import styles from './audit.module.css';
import { families, verbs, type FilterName } from './audit-query.ts';

type Props = { readonly filters: Filters<FilterName> };

export const AuditFilters = ({ filters }: Props): ReactNode => (
  <FilterBar>
    <SearchField label="Search in names and paths" name="search" filters={filters} />
    <ActorField filters={filters} />
    <DestinationSelect filters={filters} />
    <FilterSelect label="Event" name="event" filters={filters} choices={choicesOf(families, filters.values.event)} />
    <FilterSelect label="Verb" name="verb" filters={filters} choices={choicesOf(verbs, filters.values.verb)} />
    <FilterSelect label="Outcome" name="outcome" filters={filters} choices={choicesOf(['success', 'refused', 'failed'], undefined)} />
    <TimeField label="From" name="since" filters={filters} />
    <TimeField label="To" name="until" filters={filters} />
  </FilterBar>
);

/** What a link asked for stands among the choices too. */
const choicesOf = (values: readonly string[], current: string | undefined): readonly Choice<string>[] =>
  [...(current === undefined || values.includes(current) ? [] : [current]), ...values].map((value) => ({ value, text: value }));

function DestinationSelect({ filters }: Props): ReactNode {
  const found = useRead(api.destinations.list, { query: { limit: 1000 } });
  const choices: readonly Choice<string>[] = (found.data?.items ?? []).map(({ id, name }) => ({ value: id, text: name }));
  const { destination } = filters.values;
  const known = destination === undefined || choices.some(({ value }) => value === destination);
  return (
    <FilterSelect
      label="Destination"
      name="destination"
      filters={filters}
      choices={known ? choices : [{ value: destination, text: destination }, ...choices]}
    />
  );
}

/** Whole names count: asked for when one is chosen, or with Enter, or on leaving the field. */
function ActorField({ filters }: Props): ReactNode {
  const id = useId();
  const current = filters.values.actor ?? '';
  const [text, setText] = useState(current);
  const [known, setKnown] = useState(current);
  if (known !== current) {
    setKnown(current);
    setText(current);
  }
  const search = text.trim();
  const found = useRead(api.users.list, { query: { search, limit: 10 } }, { enabled: search.length > 1 && search !== current });
  const suggestions = search.length > 1 ? (found.data?.items ?? []).map(({ email }) => email) : [];
  const choose = (value: string): void => filters.set('actor', value.trim());
  return (
    <form
      className={styles.field}
      onSubmit={(event) => {
        event.preventDefault();
        choose(text);
      }}
    >
      <label htmlFor={id}>Who</label>
      <input
        id={id}
        type="text"
        placeholder="email or workload"
        list={`${id}-list`}
        value={text}
        autoComplete="off"
        spellCheck={false}
        maxLength={300}
        onChange={({ target }) => {
          setText(target.value);
          if (target.value === '' || suggestions.includes(target.value)) choose(target.value);
        }}
        onBlur={() => choose(text)}
      />
      <datalist id={`${id}-list`}>
        {suggestions.map((suggestion) => (
          <option key={suggestion} value={suggestion} />
        ))}
      </datalist>
    </form>
  );
}

/** In the reader's zone; in the address as the server takes it. */
function TimeField({ label, name, filters }: Props & { readonly label: string; readonly name: 'since' | 'until' }): ReactNode {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="datetime-local"
        value={localTime(filters.values[name])}
        onChange={({ target }) => filters.set(name, target.value === '' ? undefined : new Date(target.value).toISOString())}
      />
    </div>
  );
}

function localTime(time: string | undefined): string {
  const at = time === undefined ? undefined : new Date(time);
  if (at === undefined || Number.isNaN(at.getTime())) return '';
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
