import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { groupMember } from '../../../../shared/api/groups.ts';
import { groupId, type Subject } from '../../../../shared/api/values.ts';
import { formatSubjectName } from '../../../../shared/resource-name.ts';
import { useRead } from '../../api/reads.ts';
import { Badge } from '../../parts/badge.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { subjectPath } from './grant-words.ts';

type Member = ReturnType<typeof groupMember.parse>;

const columns: readonly Column<Member>[] = [
  { title: 'Member', share: 3, cell: (member) => <NameLink href={subjectPath(member)}>{formatSubjectName(member)}</NameLink> },
  { title: 'Status', cell: ({ status }) => (status === 'active' ? 'active' : <Badge tone="alarm">disabled</Badge>) },
];

const mostShown = 50;

/** Whoever is in the group holds what it is granted. */
export function Holders({ group }: { readonly group: Subject }): ReactNode {
  // The subject of kind `group` has a group's id.
  const members = useRead(api.groups.members, { params: { id: groupId.parse(group.id) }, query: { limit: mostShown } });
  return (
    <Section
      title="Who holds it"
      intro={
        <>
          The members of <Name>{group.name}</Name>, whoever they are at the time.
        </>
      }
    >
      <Await of={members}>
        {({ items, nextCursor }) => (
          <>
            <Rows
              label="Who holds it"
              columns={columns}
              rows={items}
              keyOf={({ id }) => id}
              empty={<Empty title="Nobody is in the group.">Whoever comes into it holds the grant from then on.</Empty>}
            />
            {nextCursor !== null && (
              <p>
                These are the first {mostShown}. <Link href={subjectPath(group)}>All members of the group</Link>
              </p>
            )}
          </>
        )}
      </Await>
    </Section>
  );
}
