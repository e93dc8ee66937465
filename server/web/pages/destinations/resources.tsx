/** What there is to grant at a destination, as its connector found it. Clusters have thousands of names: some are shown, the rest is searched. */
import { useMemo, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { Destination, Discovery } from '../../../../shared/api/destinations.ts';
import { useMay } from '../../api/session.tsx';
import { FilterBar, SearchField, useFilters } from '../../parts/filters.tsx';
import { Name } from '../../parts/name.tsx';
import { Columns, Section } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { counted, figure } from '../../parts/words.ts';
import styles from './destinations.module.css';

const namesShown = 100;

export function Resources({ destination }: { readonly destination: Destination }): ReactNode {
  const { discovery, name } = destination;
  const filters = useFilters(['find']);
  const text = (filters.values.find ?? '').toLowerCase();
  return (
    <Section
      title="What there is to grant"
      intro="The whole of it, or one namespace; as a role that the cluster has. Names, as the connector found them."
    >
      {discovery === null ? (
        <Empty title="Nothing is known of it yet.">Its connector tells it when it has looked around.</Empty>
      ) : (
        <>
          <FilterBar label="What there is to grant">
            <SearchField label="Search namespaces and roles" name="find" filters={filters} />
          </FilterBar>
          <Found destination={name} discovery={discovery} text={text} />
        </>
      )}
    </Section>
  );
}

function Found({
  destination,
  discovery,
  text,
}: {
  readonly destination: string;
  readonly discovery: Discovery;
  readonly text: string;
}): ReactNode {
  return (
    <Columns>
      <Names title="Namespaces" names={discovery.namespaces} text={text} resourceOf={(namespace) => `${destination}.${namespace}`} />
      <Names title="Roles of the cluster" names={discovery.clusterRoles} text={text} />
      <Names title="Roles of namespaces" names={discovery.roles} text={text} />
    </Columns>
  );
}

interface NamesProps {
  readonly title: string;
  readonly names: readonly string[];
  readonly text: string;
  /** The resource that a name stands for. */
  readonly resourceOf?: (name: string) => string;
}

function Names({ title, names, text, resourceOf }: NamesProps): ReactNode {
  const mayChange = useMay('admin');
  const matching = useMemo(() => (text === '' ? names : names.filter((name) => name.toLowerCase().includes(text))), [names, text]);
  const more = matching.length - namesShown;
  return (
    <div className={styles.kind}>
      <h3>
        {title}{' '}
        <span className={styles.quiet}>{text === '' ? figure(names.length) : `${figure(matching.length)} of ${figure(names.length)}`}</span>
      </h3>
      {matching.length > 0 && (
        <ul className={styles.names} aria-label={title} tabIndex={0}>
          {matching.slice(0, namesShown).map((name) => (
            <li key={name} className={styles.name}>
              {resourceOf !== undefined && mayChange ? (
                <Link href={`/access/new?resource=${encodeURIComponent(resourceOf(name))}`} title="Grant access to it">
                  <Name>{name}</Name>
                </Link>
              ) : (
                <Name>{name}</Name>
              )}
            </li>
          ))}
        </ul>
      )}
      {more > 0 && <p className={styles.quiet}>and {counted(more, 'other')}: search to find them</p>}
    </div>
  );
}
