import { useEffect, useId, useState, type ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { useRead } from '../../api/reads.ts';
import type { Filters } from '../../parts/filters.tsx';
import styles from './group-filter.module.css';

/** There are more groups than a menu holds: what is typed is looked up, and a whole name counts. */
export function GroupFilter({ filters }: { readonly filters: Filters<'group' | 'search' | 'status' | 'provider'> }): ReactNode {
  const id = useId();
  /** Undefined: nobody types. */
  const [typed, setTyped] = useState<string>();
  const { set, values } = filters;
  const chosen = values.group;
  const current = useRead(api.groups.get, { params: { id: chosen ?? '' } }, { enabled: chosen !== undefined });
  const text = typed?.trim() ?? '';
  const found = useRead(api.groups.list, { query: { search: text, limit: 20 } }, { enabled: text !== '' });
  const suggestions = text === '' ? [] : (found.data?.items ?? []);
  const match = suggestions.find(({ name }) => name === text)?.id;
  useEffect(() => {
    if (match !== undefined && match !== chosen) set('group', match);
  }, [match, chosen, set]);
  return (
    <div className={styles.field}>
      <label htmlFor={id}>In the group</label>
      <input
        id={id}
        list={`${id}-list`}
        value={typed ?? (chosen === undefined ? '' : (current.data?.name ?? chosen))}
        placeholder="Any"
        autoComplete="off"
        spellCheck={false}
        maxLength={300}
        onChange={(event) => {
          setTyped(event.target.value);
          if (event.target.value === '') set('group', undefined);
        }}
        // What stands there afterwards is what the list is narrowed by.
        onBlur={() => setTyped(undefined)}
      />
      <datalist id={`${id}-list`}>
        {suggestions.map((group) => (
          <option key={group.id} value={group.name} />
        ))}
      </datalist>
    </div>
  );
}
