/** Who holds a role on infra itself. */
import type { ReactNode } from 'react';
import type { Grant } from '../../../../shared/api/grants.ts';
import { api } from '../../../../shared/api/index.ts';
import { serverResource } from '../../../../shared/resource-name.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { TakeBack } from '../../parts/take-back.tsx';
import { Time } from '../../parts/time.tsx';
import { SettingsNav } from './settings-nav.tsx';

const areas = { user: 'people', group: 'groups', workload: 'workloads' } as const;

const seen: readonly Column<Grant>[] = [
  {
    title: 'Who',
    share: 3,
    cell: ({ subject: { kind, id, name } }) => (
      <>
        <NameLink href={`/${areas[kind]}/${id}`}>{name}</NameLink>
        {kind !== 'user' && ` (${kind})`}
      </>
    ),
  },
  { title: 'Role', cell: ({ role }) => role },
  { title: 'Until', share: 2, cell: ({ until }) => <Time at={until} otherwise="no end" /> },
  { title: 'Given by', share: 3, cell: ({ createdBy }) => <Name>{createdBy}</Name> },
  { title: 'Reason', share: 3, cell: ({ reason }) => <Name>{reason ?? '–'}</Name> },
];
const changed: readonly Column<Grant>[] = [
  ...seen,
  {
    title: 'Remove',
    share: 2,
    cell: ({ id, role, subject: { name } }) => (
      <TakeBack
        title={`Remove the role ${role} on infra of ${name}`}
        text="Remove"
        says="The last who can administer stays: the server refuses to let go of them."
        impact={{ grant: id }}
        act={api.grants.remove}
        input={{ params: { id } }}
        changeOf={({ change }) => change}
        command={`infra grants remove ${id}`}
      />
    ),
  },
];

export const Admins = forView('Admins', WholeAdmins);

function WholeAdmins(): ReactNode {
  const grants = usePages(api.grants.list, { resource: serverResource });
  const mayChange = useMay('admin');
  return (
    <Page title="Settings" intro="Whoever administers infra, or may look at all of it.">
      <SettingsNav />
      <Section
        title="Admins"
        intro="The role admin changes everything here, the role view sees everything and changes nothing."
        actions={mayChange && <ButtonLink href="/access/new?resource=infra">Add an admin</ButtonLink>}
        command={`infra grants list --resource ${serverResource}`}
      >
        <List
          label="Roles on infra"
          of={grants}
          columns={mayChange ? changed : seen}
          keyOf={({ id }) => id}
          empty={<Empty title="Nobody holds a role on infra.">On the server’s host, infra-server recover-admin makes an admin.</Empty>}
        />
      </Section>
    </Page>
  );
}
