/** One box that goes to any page, person, group, destination or workload. */
import { useDeferredValue, useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { api } from '../../../shared/api/index.ts';
import { useRead } from '../api/reads.ts';
import { useMay } from '../api/session.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Name } from '../parts/name.tsx';
import type { Place } from '../places.ts';
import styles from './keys.module.css';

interface Found {
  readonly name: string;
  readonly what: string;
  readonly path: string;
}

function useFound(text: string, places: readonly Place[]): readonly Found[] {
  const enabled = useMay('view') && text.length > 1;
  const query = { search: text.slice(0, 100), limit: 5 };
  const people = useRead(api.users.list, { query }, { enabled });
  const groups = useRead(api.groups.list, { query }, { enabled });
  const destinations = useRead(api.destinations.list, { query }, { enabled });
  const workloads = useRead(api.workloads.list, { query }, { enabled });
  const words = text.toLowerCase();
  const pages = places.filter(({ name }) => name.toLowerCase().includes(words)).map(({ name, path }) => ({ name, what: 'page', path }));
  if (!enabled) return pages;
  return [
    ...pages,
    ...(people.data?.items ?? []).map(({ id, email }) => ({ name: email, what: 'person', path: `/people/${id}` })),
    ...(groups.data?.items ?? []).map(({ id, name }) => ({ name, what: 'group', path: `/groups/${id}` })),
    ...(destinations.data?.items ?? []).map(({ id, name }) => ({ name, what: 'destination', path: `/destinations/${id}` })),
    ...(workloads.data?.items ?? []).map(({ id, name }) => ({ name, what: 'workload', path: `/workloads/${id}` })),
  ];
}

export function GoAnywhere({ places, onClose }: { readonly places: readonly Place[]; readonly onClose: () => void }): ReactNode {
  const [text, setText] = useState('');
  const found = useFound(useDeferredValue(text.trim()), places);
  const [chosen, setChosen] = useState(0);
  const [, navigate] = useLocation();
  const id = useId();
  const at = Math.min(chosen, found.length - 1);
  const go = (to: Found | undefined): void => {
    if (to === undefined) return;
    onClose();
    navigate(to.path);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setChosen((at + step + found.length) % found.length);
    }
    if (event.key === 'Enter') go(found[at]);
  };
  return (
    <Dialog title="Go anywhere" onClose={onClose}>
      <input
        className={styles.box}
        role="combobox"
        aria-label="Page, person, group, destination or workload"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length === 0 ? undefined : `${id}-${at}`}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id={`${id}-list`} aria-label="Found" className={styles.found}>
        {found.map((each, index) => (
          <div
            key={each.path}
            role="option"
            id={`${id}-${index}`}
            aria-selected={index === at}
            className={styles.option}
            onClick={() => go(each)}
          >
            <Name>{each.name}</Name>
            <span className={styles.what}>{each.what}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p role="status">Nothing is called that.</p>}
    </Dialog>
  );
}
