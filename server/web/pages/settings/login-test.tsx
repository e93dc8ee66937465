/** A login that tries an identity provider, as it goes on in another tab, and what came of it. */
import type { ReactNode } from 'react';
import type { CallResult } from '../../../../shared/api/endpoint.ts';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import type { LoginTestResult } from '../../../../shared/api/provider-login-tests.ts';
import { useRead } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { CopyButton } from '../../parts/copy.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';
import { Steps } from './test-steps.tsx';
import styles from './settings.module.css';

export interface LoginTestProps {
  readonly provider: IdentityProvider['id'];
  readonly begun: CallResult<typeof api.providerLoginTests.begin>;
}

const sentences = {
  waiting: 'Nobody has opened it yet.',
  'under-way': 'Somebody is at the provider.',
  over: 'Nobody came back in time. If somebody was there, the provider’s own page says why: a redirect URI that is not registered, say.',
} as const;

export function LoginTest({ provider, begun: { id, url, expiresAt } }: LoginTestProps): ReactNode {
  const found = useRead(api.providerLoginTests.get, { params: { id: provider, test: id } }, { everyMilliseconds: 700 });
  return (
    <Await of={found}>
      {({ state, result }) =>
        result !== null ? (
          <Came of={result} />
        ) : (
          <div className={styles.card}>
            <p role="status">{sentences[state === 'done' ? 'under-way' : state]}</p>
            {state === 'waiting' && (
              <p>
                <a href={url} target="_blank" rel="noopener noreferrer">
                  Sign in there, in a new tab
                </a>{' '}
                <CopyButton text={url} what="the address" /> It is good once, in any browser, until <Time at={expiresAt} />; whoever opens
                it shows you what the provider says of them.
              </p>
            )}
          </div>
        )
      }
    </Await>
  );
}

function Came({ of: { refusal, steps, claims, groups, groupCount } }: { readonly of: LoginTestResult }): ReactNode {
  return (
    <div className={styles.card}>
      <p role="status">
        {refusal === null ? (
          <>
            <Badge tone="good">ok</Badge> A login like this one opens a session.
          </>
        ) : (
          <>
            <Badge tone="alarm">refused</Badge> A login like this one is refused: <code>{refusal}</code>
          </>
        )}
      </p>
      <Steps label="What came of the login" of={steps} />
      <h3>What its ID token said</h3>
      {claims === null ? (
        <Empty title="No token that holds came." />
      ) : (
        <Facts
          of={Object.entries(claims).map(([name, value]) => ({
            name,
            value: <Name isWhole>{typeof value === 'string' ? value : JSON.stringify(value)}</Name>,
          }))}
        />
      )}
      <h3>Groups</h3>
      {groups.length === 0 ? (
        <Empty title="It named no group." />
      ) : (
        <ul className={styles.list} aria-label="Groups that it named">
          {groups.map(({ there, here, exists }) => (
            <li key={there}>
              <Name>{there}</Name> is <Name>{here}</Name> here {exists ? '' : <Badge>new</Badge>}
            </li>
          ))}
          {groupCount > groups.length && <li>and {counted(groupCount - groups.length, 'more', 'more')}</li>}
        </ul>
      )}
    </div>
  );
}
