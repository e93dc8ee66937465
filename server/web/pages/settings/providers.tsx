import type { ReactNode } from 'react';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import { usePages } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { Badge } from '../../parts/badge.tsx';
import { ButtonLink } from '../../parts/button.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Name, NameLink } from '../../parts/name.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { List, type Column } from '../../parts/rows.tsx';
import { Empty } from '../../parts/states.tsx';
import { kindWords } from './provider-words.ts';
import { SettingsNav } from './settings-nav.tsx';

const columns: readonly Column<IdentityProvider>[] = [
  { title: 'Name', share: 2, cell: ({ id, name }) => <NameLink href={`/settings/providers/${id}`}>{name}</NameLink> },
  { title: 'Kind', share: 2, cell: ({ kind }) => kindWords[kind] },
  { title: 'Status', cell: ({ status }) => (status === 'active' ? 'active' : <Badge tone="alarm">disabled</Badge>) },
  { title: 'Issuer', share: 4, cell: ({ issuer }) => <Name>{issuer}</Name> },
  { title: 'Email domains', share: 3, cell: ({ emailDomains }) => <Name>{emailDomains.join(', ')}</Name> },
];

export const Providers = forView('Identity providers', WholeProviders);

function WholeProviders(): ReactNode {
  const providers = usePages(api.identityProviders.list, {});
  const mayChange = useMay('admin');
  return (
    <Page title="Settings" intro="Where people sign in with what their company already gave them.">
      <SettingsNav />
      <Section
        title="Identity providers"
        actions={
          mayChange && (
            <ButtonLink kind="main" href="/settings/providers/new">
              Connect an identity provider
            </ButtonLink>
          )
        }
        command="infra providers list"
      >
        <List
          label="Identity providers"
          of={providers}
          columns={columns}
          keyOf={({ id }) => id}
          empty={
            <Empty title="No identity provider is connected.">
              People sign in with a password until one is: Okta, Microsoft Entra ID, Google, or any that speaks OpenID Connect.
            </Empty>
          }
        />
      </Section>
    </Page>
  );
}
