import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import styles from './settings.module.css';

const parts = [
  { path: '/settings', name: 'Sessions and times' },
  { path: '/settings/providers', name: 'Identity providers' },
  { path: '/settings/admins', name: 'Admins' },
  { path: '/settings/keys', name: 'Access keys' },
  { path: '/settings/server', name: 'Server and authorities' },
] as const;

/** The parts of the settings, above each of them. */
export function SettingsNav(): ReactNode {
  const [path] = useLocation();
  return (
    <nav aria-label="Settings">
      <ul className={styles.tabs}>
        {parts.map((part) => (
          <li key={part.path}>
            <Link href={part.path} className={styles.tab} aria-current={path === part.path ? 'page' : undefined}>
              {part.name}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
