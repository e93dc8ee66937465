/** What everybody has here, with or without a role: what one can reach, how, and what one proves oneself with. */
import type { ReactNode } from 'react';
import { useMe } from '../../api/session.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Time } from '../../parts/time.tsx';
import { OwnKeys } from './own-keys.tsx';
import { OwnPassword } from './own-password.tsx';
import { OwnSessions } from './own-sessions.tsx';
import { Reach } from './reach.tsx';
import { SecondFactors } from './second-factors.tsx';
import { SetUp } from './set-up.tsx';

export function MyAccess(): ReactNode {
  const { identity } = useMe();
  return (
    <Page title="My access" intro="What you can reach, and how you prove that it is you.">
      <Reach name={identity.name} />
      <SetUp />
      <WhoIAm />
      <OwnSessions />
      {identity.kind === 'user' && <SecondFactors />}
      <OwnKeys />
      {identity.kind === 'user' && <OwnPassword />}
    </Page>
  );
}

function WhoIAm(): ReactNode {
  const { identity, session, groups, serverRoles } = useMe();
  const way = session.provider === null ? waysIn[session.method] : session.provider;
  return (
    <Section title="Who you are here" command="infra whoami --why">
      <Facts
        of={[
          { name: 'Signed in as', value: <Name isWhole>{identity.name}</Name> },
          { name: 'Signed in with', value: <Name>{way}</Name> },
          { name: 'Role on infra', value: serverRoles.includes('admin') ? 'admin' : (serverRoles[0] ?? 'none') },
          { name: 'Groups', value: <Name isWhole>{groups.map(({ name }) => name).join(', ') || 'none'}</Name> },
          { name: 'Second factor proven', value: <Time at={session.mfaAt} otherwise="not in this session" /> },
          { name: 'This session ends', value: <Time at={session.expiresAt} /> },
        ]}
      />
    </Section>
  );
}

const waysIn = {
  password: 'a password',
  'access-key': 'an access key',
  provider: 'an identity provider',
  'workload-token': 'a workload’s token',
  passkey: 'a passkey',
} as const;
