/** What it is asked between logins, and how that goes. */
import type { ReactNode } from 'react';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import { useAct, useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { announce } from '../../parts/announcer.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts, Section } from '../../parts/page.tsx';
import { Await, Failed } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { counted } from '../../parts/words.ts';

export function ProviderSync({ of: { id, name, status } }: { readonly of: IdentityProvider }): ReactNode {
  const mayChange = useMay('admin');
  const state = useRead(api.identityProviders.syncState, { params: { id } }, { everyMilliseconds: 10_000 });
  const asking = useAct(api.identityProviders.sync, ({ accounts }) =>
    announce(accounts === 0 ? 'Nobody can be asked about' : `It is asked about ${counted(accounts, 'person', 'people')}`),
  );
  return (
    <Section
      title="Between logins"
      intro="It is asked anew about people with open sessions: groups follow, and whoever is no more there loses sessions and credentials."
      actions={
        mayChange &&
        status === 'active' && (
          <Button onClick={() => asking.mutate({ params: { id } })} isBusy={asking.isPending}>
            Ask now
          </Button>
        )
      }
      command={`infra providers sync ${shellWord(name)}`}
    >
      {asking.error !== null && <Failed error={asking.error} />}
      <Await of={state}>
        {({ accounts, failing, lastFailure, nextAt, withoutToken }) => (
          <Facts
            of={[
              { name: 'Can be asked about', value: counted(accounts, 'person', 'people') },
              {
                name: 'Without an answer',
                value:
                  failing === 0 ? (
                    'nobody'
                  ) : (
                    <>
                      <Badge tone="warn">{counted(failing, 'person', 'people')}</Badge> <Name isWhole>{lastFailure ?? 'unknown'}</Name>
                    </>
                  ),
              },
              { name: 'Asked next', value: <Time at={nextAt} otherwise="never" /> },
              {
                name: 'Cannot be asked about',
                value: withoutToken === 0 ? 'nobody' : `${counted(withoutToken, 'person', 'people')}: it gave no refresh token`,
              },
            ]}
          />
        )}
      </Await>
    </Section>
  );
}
