/** Accounts of a person at identity providers: what was said there last, taking one off, and giving it back. */
import type { ReactNode } from 'react';
import type { OwnWhy } from '../../../../shared/api/explanations.ts';
import { api } from '../../../../shared/api/index.ts';
import type { User } from '../../../../shared/api/users.ts';
import { safeText } from '../../../../shared/safe-text.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name } from '../../parts/name.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Facts, Section } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { counted, figure } from '../../parts/words.ts';
import styles from './accounts.module.css';

type Account = OwnWhy['accounts'][number];

export function Accounts({ user, accounts }: { readonly user: User; readonly accounts: readonly Account[] }): ReactNode {
  const mayChange = useMay('admin');
  return (
    <Section
      title="Accounts at identity providers"
      intro="What they sign in with besides a password."
      command={`infra users show ${shellWord(user.email)}`}
    >
      {accounts.length === 0 && (
        <Empty title="There is none.">One comes by itself when they first sign in at a provider that is connected here.</Empty>
      )}
      <ul className={styles.accounts}>
        {accounts.map((account) => (
          <li key={`${account.provider} ${account.subject}`} className={styles.account}>
            <div className={styles.head}>
              <h3>
                <Name>{account.provider}</Name>
              </h3>
              {mayChange && <Change user={user} account={account} />}
            </div>
            <Facts of={factsOf(account)} />
            <Claims of={account} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

const states: Readonly<Record<Account['state'], ReactNode>> = {
  active: <Badge tone="good">active</Badge>,
  ended: (
    <>
      <Badge tone="warn">ended</Badge> the next login there opens it again
    </>
  ),
  unlinked: (
    <>
      <Badge tone="alarm">taken off</Badge> opens nothing until it is linked again
    </>
  ),
};

const factsOf = ({ state, email, subject, lastLoginAt, groupsRead, secondFactor }: Account) => [
  { name: 'State', value: states[state] },
  { name: 'Email there', value: <Name isWhole>{email}</Name> },
  { name: 'Known there as', value: <Name isWhole>{subject}</Name> },
  { name: 'Last login', value: <Time at={lastLoginAt} /> },
  { name: 'Groups it told', value: groupsRead === null ? 'none, or they are not read' : figure(groupsRead) },
  { name: 'Second factor', value: secondFactor === null ? 'nothing is kept' : <Name isWhole>{secondFactor}</Name> },
];

/** They are the provider's words about a person, and for admins alone. */
function Claims({ of: { claims, provider } }: { readonly of: Account }): ReactNode {
  if (claims === null) return null;
  const named = Object.entries(claims);
  return (
    <details>
      <summary>
        What <Name>{provider}</Name> said last ({counted(named.length, 'claim')})
      </summary>
      <div className={styles.claims} role="group" aria-label={`Claims of ${safeText(provider)}`} tabIndex={0}>
        <Facts
          of={named.map(([name, value]) => ({
            name,
            value: <Name isWhole>{typeof value === 'string' ? value : JSON.stringify(value)}</Name>,
          }))}
        />
      </div>
    </details>
  );
}

function Change({ user: { id, email }, account: { provider, state } }: { readonly user: User; readonly account: Account }): ReactNode {
  const input = { params: { id, provider } };
  const words = `${shellWord(email)} --provider ${shellWord(provider)}`;
  if (state === 'unlinked')
    return (
      <TakeBack
        title={`Link again the account at ${provider} of ${email}`}
        text="Link again"
        kind="plain"
        says="It logs in as this person again. Its groups come back with the next login, a directory’s when it pushes them."
        act={api.users.relink}
        input={input}
        changeOf={() => null}
        command={`infra users relink ${words}`}
      />
    );
  return (
    <TakeBack
      title={`Take off the account at ${provider} of ${email}`}
      text="Take off"
      says={<Ends userId={id} provider={provider} />}
      act={api.users.unlink}
      input={input}
      changeOf={({ change }) => change}
      tells={({ onlyWayIn }) =>
        onlyWayIn && <Notice>Nothing lets them in now. To give them a way in: a one-time password, below on this page.</Notice>
      }
      command={`infra users unlink ${words} --wait`}
    />
  );
}

const groupsShown = 20;

function Ends({ userId, provider }: { readonly userId: string; readonly provider: string }): ReactNode {
  const impact = useRead(api.users.unlinkImpact, { params: { id: userId, provider } });
  return (
    <Await of={impact}>
      {({ sessions, leases, memberships, groups, onlyWayIn }) => (
        <div className={styles.ends}>
          <p>
            {counted(sessions, 'session')} and {counted(leases, 'credential')} end. It opens nothing here until it is linked again.
          </p>
          {memberships > 0 && (
            <p>
              They leave {counted(memberships, 'group')}: <Name isWhole>{groups.slice(0, groupsShown).join(', ')}</Name>
              {memberships > groupsShown && ` and ${figure(memberships - groupsShown)} more`}.
            </p>
          )}
          {onlyWayIn && (
            <Notice tone="alarm">
              It is their only way in: they could sign in no more, neither with a one-time password that was not used nor with their access
              keys.
            </Notice>
          )}
        </div>
      )}
    </Await>
  );
}
