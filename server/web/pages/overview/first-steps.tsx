/** A fresh installation: what to do first, in place of zeros. */
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useMay } from '../../api/session.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Section } from '../../parts/page.tsx';
import styles from './overview.module.css';

export function FirstSteps(): ReactNode {
  const mayChange = useMay('admin');
  return (
    <Section title="First steps" intro="Nothing is connected yet, so nobody can reach anything. Three steps make it useful.">
      <ol className={styles.steps}>
        <li className={styles.step}>
          <h3>Connect a cluster</h3>
          <p>A connector beside it dials out to this server; no port is opened.</p>
          {mayChange && (
            <div>
              <ButtonLink href="/destinations/connect" kind="main">
                Connect a cluster
              </ButtonLink>
            </div>
          )}
          <Command text="infra destinations add NAME" label="The same on the command line" />
        </li>
        <li className={styles.step}>
          <h3>Let people sign in</h3>
          <p>
            Add them one by one under <Link href="/people">People</Link>, or connect your identity provider in{' '}
            <Link href="/settings">Settings</Link>.
          </p>
          <Command text="infra users add EMAIL" label="The same on the command line" />
        </li>
        <li className={styles.step}>
          <h3>Grant access</h3>
          <p>
            Who may do what, where, and until when: in <Link href="/access">Access</Link>. Then they log in once and use kubectl as always.
          </p>
          <Command text={`infra login ${shellWord(location.origin)}`} label="What they run" />
        </li>
      </ol>
    </Section>
  );
}
