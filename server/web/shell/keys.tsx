/** Keys: `/` searches, `?` shows them, Ctrl-K goes anywhere, `g` and a letter goes to a page. None of them works where somebody types. */
import { useEffect, useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import { useMay } from '../api/session.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { places, type Place } from '../places.ts';
import { GoAnywhere } from './go-anywhere.tsx';
import styles from './keys.module.css';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;

const isDialogOpen = (): boolean => document.querySelector('dialog[open]') !== null;

/** How long `g` waits for its letter. */
const chordMilliseconds = 1500;

export function Keys(): ReactNode {
  const [shown, setShown] = useState<'keys' | 'anywhere'>();
  const [, navigate] = useLocation();
  const mayView = useMay('view');
  const [reachable] = useState(() => places.filter((place) => place.for === 'everybody' || mayView));
  useEffect(() => {
    let isChord = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k' && !event.altKey) {
        event.preventDefault();
        if (!isDialogOpen()) setShown('anywhere');
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isDialogOpen()) return;
      const act = actOf(event.key, isChord, { reachable, navigate, setShown });
      isChord = event.key === 'g' && !isChord;
      clearTimeout(timer);
      timer = setTimeout(() => (isChord = false), chordMilliseconds);
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('keydown', onKey);
    };
  }, [navigate, reachable]);
  if (shown === 'keys') return <KeyList places={reachable} onClose={() => setShown(undefined)} />;
  if (shown === 'anywhere') return <GoAnywhere places={reachable} onClose={() => setShown(undefined)} />;
  return null;
}

interface Acts {
  readonly reachable: readonly Place[];
  readonly navigate: (path: string) => void;
  readonly setShown: (what: 'keys') => void;
}

function actOf(key: string, isChord: boolean, { reachable, navigate, setShown }: Acts): (() => void) | undefined {
  const place = isChord ? reachable.find((each) => each.key === key) : undefined;
  if (place !== undefined) return () => navigate(place.path);
  if (key === '?') return () => setShown('keys');
  if (key !== '/') return undefined;
  const search = document.querySelector<HTMLInputElement>('[data-search]');
  return search === null ? undefined : () => search.focus();
}

const KeyList = ({ places: reachable, onClose }: { readonly places: readonly Place[]; readonly onClose: () => void }): ReactNode => (
  <Dialog title="Keys" onClose={onClose}>
    <dl className={styles.keys}>
      {[
        ['/', 'Search on this page'],
        ['Ctrl K', 'Go anywhere'],
        ['?', 'Show this'],
        ['Esc', 'Close what is open'],
        ...reachable.map(({ key, name }) => [`g ${key}`, `Go to ${name}`] as const),
      ].map(([keys = '', what]) => (
        <div key={keys} className={styles.key}>
          <dt>
            {keys.split(' ').map((part) => (
              <kbd key={part} className={styles.cap}>
                {part}
              </kbd>
            ))}
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  </Dialog>
);
