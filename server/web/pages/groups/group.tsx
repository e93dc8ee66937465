/** One group: where it comes from, who is in it, and what it gives. */
import type { ReactNode } from 'react';
import { useLocation, useParams } from 'wouter';
import type { Group } from '../../../../shared/api/groups.ts';
import { api } from '../../../../shared/api/index.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts, Page } from '../../parts/page.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { ThingPage } from '../../parts/thing-page.tsx';
import { Time } from '../../parts/time.tsx';
import { counted, figure } from '../../parts/words.ts';
import { GrantsOf } from '../identity/grants-of.tsx';
import { Origin } from '../identity/origin.tsx';
import { Members } from './members.tsx';

const up = { text: 'Groups', href: '/groups' };

export function OneGroup(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const found = useRead(api.groups.get, { params: { id } });
  return (
    <ThingPage of={found} title="A group" up={up}>
      {(group) => <GroupPage group={group} />}
    </ThingPage>
  );
}

function GroupPage({ group }: { readonly group: Group }): ReactNode {
  const mayChange = useMay('admin');
  const { id, name, provider, memberCount, createdAt, directoryId } = group;
  return (
    <Page title={name} up={up} actions={mayChange && provider === null && <Remove group={group} />}>
      <Facts
        of={[
          { name: 'Comes from', value: <Origin provider={provider} /> },
          { name: 'Members', value: figure(memberCount) },
          { name: 'Added', value: <Time at={createdAt} /> },
          ...(directoryId === null ? [] : [{ name: 'Object id there', value: <Name isWhole>{directoryId}</Name> }]),
          { name: 'Id', value: <Copyable text={id} what="the id" /> },
        ]}
      />
      <Members group={group} />
      <GrantsOf subject={{ kind: 'group', name }} title="Grants of the group" intro="What everybody in it may do, and where." />
    </Page>
  );
}

function Remove({ group: { id, name, memberCount } }: { readonly group: Group }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <TakeBack
      title={`Remove the group ${name}`}
      text="Remove"
      says={`Its grants go with it: ${counted(memberCount, 'member loses', 'members lose')} what only this group gives, at once.`}
      act={api.groups.remove}
      input={{ params: { id } }}
      changeOf={({ change }) => change}
      command={`infra groups remove ${shellWord(name)} --wait`}
      onDone={() => navigate('/groups')}
    />
  );
}
