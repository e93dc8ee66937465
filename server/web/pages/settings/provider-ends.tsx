/** Closing an identity provider, or removing it: who and what ends with it is said before. */
import type { ReactNode } from 'react';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import { useRead } from '../../api/reads.ts';
import { shellWord } from '../../parts/command.tsx';
import { Name } from '../../parts/name.tsx';
import { Await } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { counted } from '../../parts/words.ts';
import styles from './settings.module.css';

interface Props {
  readonly of: IdentityProvider;
}

export const DisableProvider = ({ of: { id, name } }: Props): ReactNode => (
  <TakeBack
    title={`Disable ${name}`}
    text="Disable"
    says={<Impact id={id} groupsSay="become empty until their members log in again" />}
    act={api.identityProviders.disable}
    input={{ params: { id } }}
    changeOf={({ change }) => change}
    command={`infra providers disable ${shellWord(name)}`}
  />
);

export const RemoveProvider = ({ of: { id, name }, onDone }: Props & { readonly onDone: () => void }): ReactNode => (
  <TakeBack
    title={`Remove ${name}`}
    text="Remove"
    says={<Impact id={id} groupsSay="go for good, with their grants; users stay" />}
    act={api.identityProviders.remove}
    input={{ params: { id } }}
    changeOf={({ change }) => change}
    command={`infra providers remove ${shellWord(name)}`}
    onDone={onDone}
  />
);

function Impact({ id, groupsSay }: { readonly id: IdentityProvider['id']; readonly groupsSay: string }): ReactNode {
  const found = useRead(api.identityProviders.impact, { params: { id } });
  return (
    <Await of={found}>
      {({ sessions, leases, userCount, users, groupCount, groups }) => {
        const stranded = users.filter(({ onlyWayIn }) => onlyWayIn);
        return (
          <div className={styles.impact}>
            <p>
              {counted(sessions, 'session')} and {counted(leases, 'credential')} of {counted(userCount, 'person', 'people')} end.
            </p>
            {stranded.length > 0 && (
              <>
                <p>For {counted(stranded.length, 'of them it is', 'of them it is')} the only way in:</p>
                <ul>
                  {stranded.map(({ id: user, email }) => (
                    <li key={user}>
                      <Name>{email}</Name>
                    </li>
                  ))}
                </ul>
              </>
            )}
            {groupCount > 0 && (
              <>
                <p>
                  {counted(groupCount, 'group')} {groupsSay}:
                </p>
                <ul>
                  {groups.map((group) => (
                    <li key={group.id}>
                      <Name>{group.name}</Name>: {counted(group.members, 'member')}, {counted(group.grants, 'grant')}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        );
      }}
    </Await>
  );
}
