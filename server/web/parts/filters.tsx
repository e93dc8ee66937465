/** What a list is narrowed by. It stands in the address, so that a list can be sent to somebody as one sees it. */
import { useDeferredValue, useEffect, useId, useState, type ReactNode } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { Choice } from './form.tsx';
import styles from './filters.module.css';

export interface Filters<Name extends string> {
  readonly values: Readonly<Partial<Record<Name, string>>>;
  /** Undefined or an empty text takes it away. */
  readonly set: (name: Name, value: string | undefined) => void;
  readonly isAny: boolean;
}

export function useFilters<Name extends string>(names: readonly Name[]): Filters<Name> {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const params = new URLSearchParams(search);
  const values: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = params.get(name);
    if (value !== null && value !== '') values[name] = value;
  }
  return {
    values,
    isAny: Object.keys(values).length > 0,
    set: (name, value) => {
      const next = new URLSearchParams(location.search);
      if (value === undefined || value === '') next.delete(name);
      else next.set(name, value);
      const text = next.toString();
      navigate(text === '' ? path : `${path}?${text}`, { replace: true });
    },
  };
}

/** `label`: where a page has several. */
export const FilterBar = ({ children, label }: { readonly children: ReactNode; readonly label?: string }): ReactNode => (
  <div className={styles.bar} role="search" aria-label={label}>
    {children}
  </div>
);

/** Where `/` leads. What is typed is asked for when there is a pause in the typing. */
export function SearchField<Name extends string>({
  label,
  name,
  filters,
}: {
  readonly label: string;
  readonly name: Name;
  readonly filters: Filters<Name>;
}): ReactNode {
  const id = useId();
  const current = filters.values[name] ?? '';
  const [text, setText] = useState(current);
  const [known, setKnown] = useState(current);
  if (known !== current) {
    // The address changed by other means: the way back, or a link.
    setKnown(current);
    if (text !== current) setText(current);
  }
  const settled = useDeferredValue(text);
  const { set } = filters;
  useEffect(() => {
    if (settled === current) return undefined;
    const pause = setTimeout(() => {
      setKnown(settled);
      set(name, settled);
    }, 150);
    return () => clearTimeout(pause);
  }, [settled, current, name, set]);
  return (
    <div className={styles.search}>
      <label htmlFor={id} className={styles.hidden}>
        {label}
      </label>
      <input
        id={id}
        type="search"
        data-search
        placeholder={label}
        value={text}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  );
}

export function FilterSelect<Name extends string>({
  label,
  name,
  filters,
  choices,
}: {
  readonly label: string;
  readonly name: Name;
  readonly filters: Filters<Name>;
  readonly choices: readonly Choice<string>[];
}): ReactNode {
  const id = useId();
  return (
    <div className={styles.select}>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={filters.values[name] ?? ''} onChange={(event) => filters.set(name, event.target.value)}>
        <option value="">Any</option>
        {choices.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
