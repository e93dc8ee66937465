import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { Session } from '../../../../shared/api/sessions.ts';
import { usePages } from '../../api/reads.ts';
import { useMe } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Name } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { programOf } from './program-of.ts';

const columns: readonly Column<Session>[] = [
  { title: 'Where', share: 3, cell: (session) => <Where {...session} /> },
  { title: 'Signed in', share: 2, cell: ({ createdAt }) => <Time at={createdAt} /> },
  { title: 'Last used', share: 2, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
  { title: 'Ends', share: 2, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
  { title: 'End it', share: 2, cell: (session) => <End {...session} /> },
];

function Where({ id, userAgent, sourceAddress }: Session): ReactNode {
  const isThis = useMe().session.id === id;
  return (
    <>
      <Name>{programOf(userAgent)}</Name> {isThis && <Badge tone="accent">this browser</Badge>}
      <br />
      from <Name>{sourceAddress}</Name>
    </>
  );
}

function End({ id, userAgent }: Session): ReactNode {
  if (useMe().session.id === id) return 'by signing out';
  return (
    <TakeBack
      title={`End the session of ${programOf(userAgent)}`}
      text="End"
      impact={{ session: id }}
      act={api.sessions.revoke}
      input={{ params: { id } }}
      changeOf={({ change }) => change}
      command={`infra sessions revoke ${id}`}
    />
  );
}

export function OwnSessions(): ReactNode {
  const sessions = usePages(api.sessions.list, { live: 'true' });
  return (
    <Section
      title="My sessions"
      intro="Every login of yours that is still open, here and on your machines."
      actions={
        <TakeBack
          title="End all my other sessions"
          says="Every session but this one ends, with its credentials. Access keys stay, and may open new ones."
          act={api.sessions.revokeOthers}
          input={{}}
          changeOf={({ change }) => change}
          command="infra sessions revoke --others"
        />
      }
    >
      <List label="My sessions" of={sessions} columns={columns} keyOf={({ id }) => id} empty={<Empty title="No session is open." />} />
    </Section>
  );
}
