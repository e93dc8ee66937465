/** How many there are of what; each leads to the list behind it. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Overview } from '../../../../shared/api/overview.ts';
import { figure } from '../../parts/words.ts';
import { endingPlace, useRefusalsPlace } from './places.ts';
import styles from './overview.module.css';

interface Figure {
  readonly name: string;
  readonly count: number;
  readonly href: string;
  readonly tone?: 'warn' | 'good' | undefined;
}

export function Figures({ standing }: { readonly standing: Overview }): ReactNode {
  const { destinations, peopleActive, grantsEndingSoon, refusals } = standing;
  const figures: readonly Figure[] = [
    { name: 'Destinations online', count: destinations.online, href: '/destinations?health=online', tone: 'good' },
    {
      name: 'Destinations offline',
      count: destinations.offline,
      href: '/destinations?health=offline',
      tone: destinations.offline > 0 ? 'warn' : undefined,
    },
    ...(destinations.never === 0
      ? []
      : [{ name: 'Without a connector yet', count: destinations.never, href: '/destinations?health=never' }]),
    { name: 'People active now', count: peopleActive, href: '/people' },
    { name: 'Grants that end this week', count: grantsEndingSoon.count, href: endingPlace },
    { name: 'Refused in the last hour', count: refusals.count, href: useRefusalsPlace() },
  ];
  return (
    <ul className={styles.figures} aria-label="Figures">
      {figures.map(({ name, count, href, tone }) => (
        <li key={name}>
          <Link href={href} className={styles.figure}>
            <span className={[styles.count, tone !== undefined && styles[tone]].filter(Boolean).join(' ')}>{figure(count)}</span>{' '}
            <span className={styles.name}>{name}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
