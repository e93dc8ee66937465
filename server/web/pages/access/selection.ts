/** Which grants are chosen. Kept beside what is drawn, so that a tick redraws its own box and not a list of ten thousand. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Grant } from '../../../../shared/api/grants.ts';

export interface Selection {
  readonly current: () => ReadonlyMap<string, Grant>;
  readonly set: (grants: readonly Grant[], isChosen: boolean) => void;
  readonly clear: () => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export function createSelection(): Selection {
  let chosen: ReadonlyMap<string, Grant> = new Map();
  const listeners = new Set<() => void>();
  const become = (next: ReadonlyMap<string, Grant>): void => {
    chosen = next;
    listeners.forEach((listener) => listener());
  };
  return {
    current: () => chosen,
    set: (grants, isChosen) => {
      const next = new Map(chosen);
      for (const grant of grants) {
        if (isChosen) next.set(grant.id, grant);
        else next.delete(grant.id);
      }
      become(next);
    },
    clear: () => {
      if (chosen.size > 0) become(new Map());
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const SelectionContext = createContext<Selection>(createSelection());

export const useSelection = (): Selection => useContext(SelectionContext);

export const useChosen = (selection: Selection): ReadonlyMap<string, Grant> => useSyncExternalStore(selection.subscribe, selection.current);

export const useIsChosen = (id: string): boolean => {
  const selection = useSelection();
  return useSyncExternalStore(selection.subscribe, () => selection.current().has(id));
};
