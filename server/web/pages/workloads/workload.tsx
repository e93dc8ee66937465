/** One workload: what it may reach and why, whose tokens are it, what is open now; and taking it back. */
import type { ReactNode } from 'react';
import { useLocation, useParams } from 'wouter';
import { api } from '../../../../shared/api/index.ts';
import type { Workload } from '../../../../shared/api/workloads.ts';
import { useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { EffectiveAccess } from '../../parts/effective-access.tsx';
import { Facts, Page, Section } from '../../parts/page.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { ThingPage } from '../../parts/thing-page.tsx';
import { Time } from '../../parts/time.tsx';
import { GrantsOf } from '../identity/grants-of.tsx';
import { GroupsOf } from '../identity/groups-of.tsx';
import { KeysOf } from '../identity/keys-of.tsx';
import { LeasesOf } from '../identity/leases-of.tsx';
import { RequestsOf } from '../identity/requests-of.tsx';
import { SessionsOf } from '../identity/sessions-of.tsx';
import { TrustRules } from './trust-rules.tsx';

const up = { text: 'Workloads', href: '/workloads' };

export function OneWorkload(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const found = useRead(api.workloads.get, { params: { id } });
  return (
    <ThingPage of={found} title="A workload" up={up}>
      {(workload) => <WorkloadPage workload={workload} />}
    </ThingPage>
  );
}

function WorkloadPage({ workload }: { readonly workload: Workload }): ReactNode {
  const mayChange = useMay('admin');
  const { id, name, status, createdAt } = workload;
  const why = useRead(api.workloads.why, { params: { id } });
  const identity = { id, name: `workload:${name}` };
  return (
    <Page title={name} up={up} actions={mayChange && <Remove workload={workload} />}>
      <Facts
        of={[
          { name: 'Status', value: <Badge tone={status === 'active' ? 'good' : 'alarm'}>{status}</Badge> },
          { name: 'Added', value: <Time at={createdAt} /> },
          { name: 'In grants it is', value: <Copyable text={identity.name} what="its name in grants" /> },
          { name: 'Id', value: <Copyable text={id} what="the id" /> },
        ]}
      />
      <TrustRules workload={workload} />
      <Section
        title="What it may reach"
        intro="Every right with the chain that it stands on."
        command={`infra explain ${shellWord(identity.name)} RESOURCE`}
      >
        <Await of={why}>
          {(known) => (
            <EffectiveAccess
              why={known}
              linksGroups
              empty={<Empty title="It may reach nothing.">No grant holds for it, neither directly nor through a group.</Empty>}
            />
          )}
        </Await>
      </Section>
      <GrantsOf
        subject={{ kind: 'workload', name }}
        title="Grants held directly"
        intro="Those that name this workload. What comes through a group is taken back there."
      />
      <Await of={why}>{({ groups }) => <GroupsOf identity={identity} groups={groups} />}</Await>
      <SessionsOf identity={identity} />
      <LeasesOf identity={identity} />
      <KeysOf identity={identity} />
      <RequestsOf identity={identity} />
    </Page>
  );
}

function Remove({ workload: { id, name } }: { readonly workload: Workload }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <TakeBack
      title={`Remove the workload ${name}`}
      text="Remove"
      says="Its grants, memberships, trust rules, access keys, sessions and credentials go with it, for good. The audit keeps what it did."
      act={api.workloads.remove}
      input={{ params: { id } }}
      changeOf={({ change }) => change}
      command={`infra workloads remove ${shellWord(name)} --wait`}
      onDone={() => navigate('/workloads')}
    />
  );
}
