import { useState } from 'react';
import { useLocation } from 'wouter';
import { askPath, type Asked, type Question as Address } from '../access/grant-words.ts';

export interface Question<Asks> {
  readonly typed: Asks;
  readonly set: (changed: Partial<Asks>) => void;
  /** Asks it: it becomes the address, from which the answer is read. */
  readonly ask: () => void;
}

/** What is typed, and what the address says was asked; when that changes by other means, what is typed follows. */
export function useQuestion<Asks extends Asked>(asked: Asks, more: Address = {}): Question<Asks> {
  const text = JSON.stringify(asked);
  const [known, setKnown] = useState(text);
  const [typed, setTyped] = useState(asked);
  const [, navigate] = useLocation();
  if (known !== text) {
    setKnown(text);
    setTyped(asked);
  }
  return {
    typed,
    set: (changed) => setTyped({ ...typed, ...changed }),
    ask: () => {
      const trimmed = Object.fromEntries(Object.entries(typed).map(([name, value]) => [name, String(value).trim()]));
      navigate(askPath({ ...trimmed, ...more }));
    },
  };
}
