/** Open sessions of one identity. */
import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Session } from '../../../../shared/api/sessions.ts';
import { usePages } from '../../api/reads.ts';
import { useMay, useMe } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import type { Holder } from './holder.ts';

const methods: Readonly<Record<Session['method'], string>> = {
  password: 'password',
  'access-key': 'access key',
  provider: 'identity provider',
  'workload-token': 'token of its platform',
  passkey: 'passkey',
};

const columns: readonly Column<Session>[] = [
  { title: 'Opened', share: 1.5, cell: ({ createdAt }) => <Time at={createdAt} /> },
  { title: 'By', share: 1.5, cell: ({ method, provider }) => <Name>{provider ?? methods[method]}</Name> },
  { title: 'From', share: 3, cell: (session) => <From session={session} /> },
  { title: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
  { title: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  { title: 'Second factor', cell: ({ mfaAt }) => <Time at={mfaAt} otherwise="not proven" /> },
];

const columnsToChange: readonly Column<Session>[] = [
  ...columns,
  {
    title: 'Take back',
    cell: ({ id, identity }) => (
      <TakeBack
        title={`End the session ${id} of ${identity.name}`}
        text="End"
        impact={{ session: id }}
        act={api.sessions.revoke}
        input={{ params: { id } }}
        changeOf={({ change }) => change}
        command={`infra sessions revoke ${id} --wait`}
      />
    ),
  },
];

export function SessionsOf({ identity: { id, name } }: { readonly identity: Holder }): ReactNode {
  const mayChange = useMay('admin');
  const sessions = usePages(api.sessions.list, { identity: id, live: 'true' });
  return (
    <Section title="Sessions" intro="Logins that are open now." command={`infra sessions list --of ${shellWord(name)}`}>
      <List
        label="Sessions"
        of={sessions}
        columns={mayChange ? columnsToChange : columns}
        keyOf={(session) => session.id}
        empty={<Empty title="No session is open." />}
      />
    </Section>
  );
}

function From({ session: { id, sourceAddress, userAgent } }: { readonly session: Session }): ReactNode {
  const me = useMe();
  return (
    <>
      <Name>{`${sourceAddress}${userAgent === '' ? '' : ` · ${userAgent}`}`}</Name>{' '}
      {id === me.session.id && <Badge tone="accent">this one</Badge>}
    </>
  );
}
