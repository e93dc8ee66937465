/** What one can reach: each destination with the grants that lead there, and the commands that use them. */
import type { ReactNode } from 'react';
import type { DirectoryEntry } from '../../../../shared/api/destinations.ts';
import type { Reachable } from '../../../../shared/api/grants.ts';
import { api } from '../../../../shared/api/index.ts';
import { formatDuration } from '../../../../shared/ttl.ts';
import { useRead } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import styles from './me.module.css';

export function Reach({ name }: { readonly name: string }): ReactNode {
  const found = useRead(api.grants.mine, {});
  return (
    <Section title="What you can reach" command="infra list">
      <Await of={found}>
        {({ reachable }) =>
          reachable.length === 0 ? (
            <Empty title="You can reach nothing yet.">
              Ask an admin for a grant. They run:
              <Command text={`infra grants add ${shellWord(name)} --role ROLE DESTINATION`} />
            </Empty>
          ) : (
            <ul className={styles.cards}>
              {reachable.map((each) => (
                <li key={each.destination.id} className={styles.card}>
                  <Destination {...each} />
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </Section>
  );
}

function Destination({ destination, grants }: Reachable): ReactNode {
  const commands = commandsFor(destination.name, grants);
  return (
    <>
      <header className={styles.heading}>
        <h3>
          <Name>{destination.name}</Name>
        </h3>
        {destination.online ? <Badge tone="good">online</Badge> : <Badge tone="warn">offline</Badge>}
        <span className={styles.quiet}>{wayTo(destination)}</span>
      </header>
      <ul className={styles.grants}>
        {grants.map((grant) => (
          <li key={grant.id}>
            <strong>
              <Name>{grant.role}</Name>
            </strong>
            {' on '}
            <Name>{grant.resource}</Name>
            <span className={styles.quiet}>
              {grant.until === null ? ' · no end' : <> · until {<Time at={grant.until} />}</>}
              {grant.via !== null && (
                <>
                  {' · through '}
                  <Name>{grant.via}</Name>
                </>
              )}
              {grant.mfaSeconds !== null && ` · needs a second factor proven within ${formatDuration(grant.mfaSeconds)}`}
            </span>
          </li>
        ))}
      </ul>
      <div className={styles.commands}>
        {grants.some(({ mfaSeconds }) => mfaSeconds !== null) && <Command text="infra mfa verify" label="Prove your second factor there" />}
        <Command text={commands.use} label={`Make ${destination.name} kubectl’s context`} />
        <Command text={commands.once} label="Or once, whatever the context is" />
      </div>
    </>
  );
}

function wayTo({ online, address, tunnels, lastSeenAt }: DirectoryEntry): ReactNode {
  if (!online)
    return lastSeenAt === null ? (
      'its connector was never heard of'
    ) : (
      <>
        its connector was last heard of <Time at={lastSeenAt} />
      </>
    );
  if (address !== null) return tunnels > 0 ? 'reached directly, or by the relay' : 'reached directly';
  return tunnels > 0 ? 'reached by the relay' : 'by the relay, to which no tunnel is open now';
}

/** A grant for the whole cluster needs no namespace; with others alone one begins in the first. */
function commandsFor(name: string, grants: Reachable['grants']): { readonly use: string; readonly once: string } {
  const namespaces = grants.map(({ resource }) => resource.split('.')[1]);
  const namespace = namespaces.includes(undefined) ? undefined : namespaces[0];
  if (namespace === undefined) return { use: `infra use ${name}`, once: `kubectl --context infra:${name} get pods` };
  return { use: `infra use ${name}.${namespace}`, once: `kubectl --context infra:${name} --namespace ${namespace} get pods` };
}
