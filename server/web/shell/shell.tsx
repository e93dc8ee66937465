/** What stands around every page: where one can go, who one is, and whether what is shown is live. */
import { Suspense, useState, type ReactNode } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { api } from '../../../shared/api/index.ts';
import { useLive } from '../api/live.ts';
import { useAct } from '../api/reads.ts';
import { useMay, useMe } from '../api/session.tsx';
import { tellSignedOut } from '../api/sign-in-state.ts';
import { Button } from '../parts/button.tsx';
import { Name } from '../parts/name.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { TakeBackDesk } from '../parts/take-back.tsx';
import { pages, places } from '../places.ts';
import { Keys } from './keys.tsx';
import { PageFault } from './page-fault.tsx';
import styles from './shell.module.css';

export function Shell(): ReactNode {
  const live = useLive();
  const [path] = useLocation();
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the page
      </a>
      <Rail path={path} />
      <main id="main" className={styles.main} tabIndex={-1}>
        {live === 'offline' && (
          <p className={styles.offline} role="status">
            The server does not answer. What you see is as it was; it is tried again by itself.
          </p>
        )}
        <PageFault key={path}>
          <Suspense fallback={<Loading />}>
            <CurrentPage />
          </Suspense>
        </PageFault>
      </main>
      <Keys />
      <TakeBackDesk />
    </div>
  );
}

/** Without a role on infra there is "My access" alone. */
function CurrentPage(): ReactNode {
  const mayView = useMay('view');
  return (
    <Switch>
      {!mayView && (
        <Route path="/">
          <Redirect to="/me" replace />
        </Route>
      )}
      {pages.map(([pattern, Shown]) => (
        <Route key={pattern} path={pattern}>
          <Shown />
        </Route>
      ))}
      <Route>
        <Page title="Nothing is here">
          <Empty title="This address leads nowhere.">It may be of a newer or an older infra, or it was cut on the way.</Empty>
        </Page>
      </Route>
    </Switch>
  );
}

function Rail({ path }: { readonly path: string }): ReactNode {
  const mayView = useMay('view');
  const [isOpen, setOpen] = useState(false);
  const shown = places.filter((place) => place.for === 'everybody' || mayView);
  const isHere = (place: string): boolean => (place === '/' ? path === '/' : path === place || path.startsWith(`${place}/`));
  return (
    <header className={styles.rail} data-open={isOpen ? true : undefined}>
      <div className={styles.top}>
        <Link href="/" className={styles.brand}>
          infra
        </Link>
        <button type="button" className={styles.menu} aria-expanded={isOpen} aria-controls="rail" onClick={() => setOpen(!isOpen)}>
          Menu
        </button>
      </div>
      <div id="rail" className={styles.folded}>
        <nav aria-label="Pages">
          <ul className={styles.places}>
            {shown.map((place) => (
              <li key={place.path}>
                <Link
                  href={place.path}
                  className={styles.place}
                  aria-current={isHere(place.path) ? 'page' : undefined}
                  onClick={() => setOpen(false)}
                >
                  {place.name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Whoever />
      </div>
    </header>
  );
}

function Whoever(): ReactNode {
  const me = useMe();
  const live = useLive();
  const leaving = useAct(api.sessions.logout, () => {
    tellSignedOut();
    // Nothing of what was on the screen stays.
    location.replace('/signed-out');
  });
  const words = { live: 'live', polling: 'read anew every few seconds', offline: 'offline' } as const;
  const role = me.serverRoles.includes('admin') ? 'admin' : me.serverRoles.includes('view') ? 'view' : undefined;
  return (
    <div className={styles.whoever}>
      <span className={styles.me}>
        <Name>{me.identity.name}</Name>
      </span>
      <span className={styles.quiet}>
        {role === undefined ? 'no role on infra' : `role ${role}`} · <span data-live={live}>{words[live]}</span>
      </span>
      <Button kind="plain" onClick={() => leaving.mutate({})} isBusy={leaving.isPending}>
        Sign out
      </Button>
      {leaving.error !== null && <Failed error={leaving.error} />}
    </div>
  );
}
