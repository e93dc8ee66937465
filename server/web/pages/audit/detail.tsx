/** A detail of an event, whatever it is: names lead to what they name. */
import type { ReactNode } from 'react';
import { Name, NameLink } from '../../parts/name.tsx';
import { exactTime } from '../../parts/time.tsx';
import { figure } from '../../parts/words.ts';
import styles from './audit.module.css';

/** "Sessions ended" of `sessionsEnded`. */
export function wordsOf(key: string): string {
  const words = key.replace(/([A-Z])/gu, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const places: Readonly<Record<string, string>> = {
  usr: '/people/',
  wkl: '/workloads/',
  grp: '/groups/',
  dst: '/destinations/',
  grt: '/access/',
  idp: '/settings/providers/',
};

/** The page of what has this id; undefined: it has none. */
export function placeOf(id: string | null): string | undefined {
  const [, prefix = ''] = /^([a-z]{3})_\w+$/u.exec(id ?? '') ?? [];
  const place = places[prefix];
  return place === undefined || id === null ? undefined : place + id;
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u;

export function Detail({ of }: { readonly of: unknown }): ReactNode {
  if (of === null || of === undefined || of === '') return '–';
  if (typeof of === 'boolean') return of ? 'yes' : 'no';
  if (typeof of === 'number') return figure(of);
  if (typeof of === 'string') return <Text of={of} />;
  if (Array.isArray(of)) return of.length === 0 ? '–' : <Parts of={of.map((each: unknown, index) => [String(index + 1), each])} />;
  if (isNamed(of)) {
    const place = placeOf(of.id);
    return place === undefined ? <Name isWhole>{of.name}</Name> : <NameLink href={place}>{of.name}</NameLink>;
  }
  return <Parts of={Object.entries(of)} />;
}

const isNamed = (value: object): value is { readonly id: string; readonly name: string } =>
  'id' in value && typeof value.id === 'string' && 'name' in value && typeof value.name === 'string';

function Text({ of }: { readonly of: string }): ReactNode {
  if (time.test(of)) return <time dateTime={of}>{exactTime(of)}</time>;
  const place = placeOf(of);
  return place === undefined ? <Name isWhole>{of}</Name> : <NameLink href={place}>{of}</NameLink>;
}

const Parts = ({ of }: { readonly of: readonly (readonly [string, unknown])[] }): ReactNode => (
  <ul className={styles.parts}>
    {of.map(([key, value]) => (
      <li key={key}>
        {!/^\d+$/u.test(key) && (
          <>
            <Name>{key}</Name>
            {': '}
          </>
        )}
        <Detail of={value} />
      </li>
    ))}
  </ul>
);
