/** Who is in a group. Of a provider's group only the provider says so. */
import { useState, type ReactNode } from 'react';
import type { CallResult } from '../../../../shared/api/endpoint.ts';
import type { Group } from '../../../../shared/api/groups.ts';
import { api } from '../../../../shared/api/index.ts';
import { usePages, useAct, useRead } from '../../api/reads.ts';
import { fieldRefusals } from '../../api/refusal.ts';
import { useMay } from '../../api/session.tsx';
import { announce } from '../../parts/announcer.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import { Command, shellWord } from '../../parts/command.tsx';
import { DialogButton } from '../../parts/dialog-button.tsx';
import { Actions } from '../../parts/dialog.tsx';
import { Form, TextField } from '../../parts/form.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { useGroupOrigin } from '../identity/providers.ts';

type Member = CallResult<typeof api.groups.members>['items'][number];

const nameOf = ({ kind, name }: Member): string => (kind === 'workload' ? `workload:${name}` : name);

const columns: readonly Column<Member>[] = [
  {
    title: 'Name',
    share: 4,
    cell: ({ id, kind, name }) => <NameLink href={kind === 'user' ? `/people/${id}` : `/workloads/${id}`}>{name}</NameLink>,
  },
  { title: 'Kind', cell: ({ kind }) => (kind === 'user' ? 'person' : 'workload') },
  { title: 'Status', cell: ({ status }) => (status === 'active' ? 'active' : <Badge tone="alarm">disabled</Badge>) },
];

export function Members({ group }: { readonly group: Group }): ReactNode {
  const mayChange = useMay('admin') && group.provider === null;
  const members = usePages(api.groups.members, {}, { id: group.id });
  const columnsToChange: readonly Column<Member>[] = [
    ...columns,
    { title: 'Take back', cell: (member) => <TakeOut group={group} member={member} /> },
  ];
  return (
    <Section
      title="Members"
      intro={group.provider === null ? undefined : <ReadOnly provider={group.provider} />}
      actions={mayChange && <DialogButton title="Add a member">{(close) => <AddMember group={group} onClose={close} />}</DialogButton>}
      command={`infra groups show ${shellWord(group.name)}`}
    >
      <List
        label="Members"
        of={members}
        columns={mayChange ? columnsToChange : columns}
        keyOf={({ id }) => id}
        empty={<Empty title="Nobody is in it." />}
      />
    </Section>
  );
}

function ReadOnly({ provider }: { readonly provider: string }): ReactNode {
  const origin = useGroupOrigin(provider);
  return (
    <>
      Who is in it is changed at <Name>{provider}</Name>, and comes here{' '}
      {origin === 'directory (SCIM)' ? 'when its directory pushes it' : 'with each login'}. To take away what the group gives, remove its
      grants.
    </>
  );
}

function TakeOut({ group: { id, name }, member }: { readonly group: Group; readonly member: Member }): ReactNode {
  const who = nameOf(member);
  return (
    <TakeBack
      title={`Take out of ${name}: ${who}`}
      text="Take out"
      says="What only this group gives them ends at once."
      act={api.groups.removeMember}
      input={{ params: { id, identity: member.id } }}
      changeOf={({ change }) => change}
      command={`infra groups remove-member ${shellWord(name)} ${shellWord(who)} --wait`}
    />
  );
}

function AddMember({ group, onClose }: { readonly group: Group; readonly onClose: () => void }): ReactNode {
  const [text, setText] = useState('');
  const who = text.trim();
  const adding = useAct(api.groups.addMember, () => {
    announce(`${who} is in ${group.name}`);
    onClose();
  });
  return (
    <Form onSubmit={() => adding.mutate({ params: { id: group.id }, body: { identity: who } })} error={adding.error} fields={['identity']}>
      <TextField
        label="Who"
        hint="An email, or workload:NAME."
        value={text}
        onChange={setText}
        suggestions={useKnown(who)}
        refusal={fieldRefusals(adding.error).get('identity')}
        isRequired
        autoFocus
      />
      <Command
        text={`infra groups add-member ${shellWord(group.name)} ${shellWord(who === '' ? 'EMAIL' : who)} --wait`}
        label="The same on the command line"
      />
      <Actions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="main" submits isBusy={adding.isPending}>
          Add
        </Button>
      </Actions>
    </Form>
  );
}

/** Whom what is typed could mean. */
function useKnown(typed: string): readonly string[] {
  const isWorkload = typed.startsWith('workload:');
  const [email, name] = isWorkload ? ['', typed.slice('workload:'.length)] : [typed, ''];
  const people = useRead(api.users.list, { query: { search: email, limit: 10 } }, { enabled: email.length > 1 });
  const workloads = useRead(
    api.workloads.list,
    { query: { limit: 10, ...(name === '' ? {} : { search: name }) } },
    { enabled: isWorkload },
  );
  if (isWorkload) return (workloads.data?.items ?? []).map((workload) => `workload:${workload.name}`);
  return email.length > 1 ? (people.data?.items ?? []).map((user) => user.email) : [];
}
