/** One person: who they are, what they may reach and why, what is open now; and taking it back. */
import type { ReactNode } from 'react';
import { useParams } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { User } from '../../../../shared/api/users.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { EffectiveAccess } from '../../parts/effective-access.tsx';
import { Notice } from '../../parts/notice.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { ThingPage } from '../../parts/thing-page.tsx';
import { Time } from '../../parts/time.tsx';
import { GrantsOf } from '../identity/grants-of.tsx';
import { GroupsOf } from '../identity/groups-of.tsx';
import { KeysOf } from '../identity/keys-of.tsx';
import { LeasesOf } from '../identity/leases-of.tsx';
import { RequestsOf } from '../identity/requests-of.tsx';
import { SessionsOf } from '../identity/sessions-of.tsx';
import { Accounts } from './accounts.tsx';
import { PersonActions } from './person-actions.tsx';
import { SignIn } from './sign-in.tsx';

const up = { text: 'People', href: '/people' };

export function Person(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const found = useRead(api.users.get, { params: { id } });
  return (
    <ThingPage of={found} title="A person" up={up}>
      {(user) => <PersonPage user={user} />}
    </ThingPage>
  );
}

function PersonPage({ user }: { readonly user: User }): ReactNode {
  const mayChange = useMay('admin');
  const why = useRead(api.users.why, { params: { id: user.id } });
  const identity = { id: user.id, name: user.email };
  const isDisabled = user.status === 'disabled';
  return (
    <Page title={user.email} up={up} actions={mayChange && <PersonActions user={user} />}>
      {isDisabled && (
        <Notice tone="alarm">
          This person is disabled: no login, no session, and no credential of theirs opens anything. Groups and grants are kept.
        </Notice>
      )}
      <Facts of={factsOf(user)} />
      <Section
        title="What they may reach"
        intro={isDisabled ? 'None of it counts while they are disabled.' : 'Every right with the chain that it stands on.'}
        command={`infra explain ${shellWord(user.email)} RESOURCE`}
      >
        <Await of={why}>
          {(known) => (
            <EffectiveAccess
              why={known}
              linksGroups
              empty={<Empty title="They may reach nothing.">No grant holds for them, neither directly nor through a group.</Empty>}
            />
          )}
        </Await>
      </Section>
      <GrantsOf
        subject={{ kind: 'user', name: user.email }}
        title="Grants held directly"
        intro="Those that name this person. What comes through a group is taken back there."
      />
      <Await of={why}>{({ groups }) => <GroupsOf identity={identity} groups={groups} />}</Await>
      <Await of={why}>{({ accounts }) => <Accounts user={user} accounts={accounts} />}</Await>
      <SignIn user={user} />
      <SessionsOf identity={identity} />
      <LeasesOf identity={identity} />
      <KeysOf identity={identity} />
      <RequestsOf identity={identity} />
    </Page>
  );
}

const factsOf = ({ id, status, createdAt, lastLoginAt }: User) => [
  { name: 'Status', value: <Badge tone={status === 'active' ? 'good' : 'alarm'}>{status}</Badge> },
  { name: 'Last login', value: <Time at={lastLoginAt} otherwise="never" /> },
  { name: 'Added', value: <Time at={createdAt} /> },
  { name: 'Id', value: <Copyable text={id} what="the id" /> },
];
