/** Groups of one identity, and where each comes from. */
import type { ReactNode } from 'react';
import { api } from '../../../../shared/api/index.ts';
import { useMay } from '../../api/session.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { Rows, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import type { Holder } from './holder.ts';
import { Origin } from './origin.tsx';

export interface GroupOf {
  readonly id: string;
  readonly name: string;
  readonly provider: string | null;
}

const columns: readonly Column<GroupOf>[] = [
  {
    title: 'Group',
    share: 3,
    cell: ({ id, name }) => <NameLink href={`/groups/${id}`}>{name}</NameLink>,
  },
  { title: 'Comes from', share: 3, cell: ({ provider }) => <Origin provider={provider} /> },
];

export function GroupsOf({ identity, groups }: { readonly identity: Holder; readonly groups: readonly GroupOf[] }): ReactNode {
  const mayChange = useMay('admin');
  const columnsToChange: readonly Column<GroupOf>[] = [
    ...columns,
    { title: 'Take back', cell: (group) => <TakeOut identity={identity} group={group} /> },
  ];
  return (
    <Section title="Groups" {...(identity.name.startsWith('workload:') ? {} : { command: `infra users show ${shellWord(identity.name)}` })}>
      <Rows
        label="Groups"
        rows={groups}
        columns={mayChange ? columnsToChange : columns}
        keyOf={({ id }) => id}
        empty={<Empty title="In no group." />}
      />
    </Section>
  );
}

/** Who is in a provider's group is changed there. */
function TakeOut({ identity, group: { id, name, provider } }: { readonly identity: Holder; readonly group: GroupOf }): ReactNode {
  if (provider !== null)
    return (
      <>
        at <Name>{provider}</Name>
      </>
    );
  return (
    <TakeBack
      title={`Take out of ${name}: ${identity.name}`}
      text="Take out"
      says="What only this group gives them ends at once."
      act={api.groups.removeMember}
      input={{ params: { id, identity: identity.id } }}
      changeOf={({ change }) => change}
      command={`infra groups remove-member ${shellWord(name)} ${shellWord(identity.name)} --wait`}
    />
  );
}
