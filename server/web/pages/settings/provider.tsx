/** One identity provider: what it is, whether it works, what it feeds, and its end. */
import { useState, type ReactNode } from 'react';
import { useLocation, useParams } from 'wouter';
import type { IdentityProvider } from '../../../../shared/api/identity-providers.ts';
import { api } from '../../../../shared/api/index.ts';
import { useAct, useRead } from '../../api/reads.ts';
import { useMay } from '../../api/session.tsx';
import { announce } from '../../parts/announcer.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button, ButtonLink } from '../../parts/button.tsx';
import { shellWord } from '../../parts/command.tsx';
import { Copyable } from '../../parts/copy.tsx';
import { forView } from '../../parts/for-view.tsx';
import { Name } from '../../parts/name.tsx';
import { Facts, Page, Section, type Fact } from '../../parts/page.tsx';
import { Await, Failed } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { EditProvider } from './edit-provider.tsx';
import { DisableProvider, RemoveProvider } from './provider-ends.tsx';
import { ProviderSync } from './provider-sync.tsx';
import { ProviderTest } from './provider-test.tsx';
import { kindWords } from './provider-words.ts';
import { RegistrationOf } from './registration.tsx';
import { ScimTokens } from './scim-tokens.tsx';

export const Provider = forView('Identity provider', WholeProvider);

function WholeProvider(): ReactNode {
  const { id } = useParams<{ id: string }>();
  const found = useRead(api.identityProviders.get, { params: { id } });
  const mayChange = useMay('admin');
  const provider = found.data;
  return (
    <Page
      title={provider?.name ?? 'Identity provider'}
      up={{ text: 'Identity providers', href: '/settings/providers' }}
      intro={
        provider !== undefined && (
          <>
            {kindWords[provider.kind]}{' '}
            {provider.status === 'active' ? <Badge tone="good">active</Badge> : <Badge tone="alarm">disabled</Badge>}
          </>
        )
      }
      actions={provider !== undefined && mayChange && <ProviderActions of={provider} />}
    >
      <Await of={found}>{(shown) => <Shown of={shown} />}</Await>
    </Page>
  );
}

interface Props {
  readonly of: IdentityProvider;
}

function ProviderActions({ of }: Props): ReactNode {
  const [isEditing, setEditing] = useState(false);
  const [, navigate] = useLocation();
  const enabling = useAct(api.identityProviders.enable, ({ name }) => announce(`${name} is open again`));
  return (
    <>
      <Button onClick={() => setEditing(true)}>Change</Button>
      {of.status === 'active' ? (
        <DisableProvider of={of} />
      ) : (
        <Button onClick={() => enabling.mutate({ params: { id: of.id } })} isBusy={enabling.isPending}>
          Open it again
        </Button>
      )}
      <RemoveProvider of={of} onDone={() => navigate('/settings/providers')} />
      {enabling.error !== null && <Failed error={enabling.error} />}
      {isEditing && <EditProvider of={of} onClose={() => setEditing(false)} />}
    </>
  );
}

function Shown({ of }: Props): ReactNode {
  const name = shellWord(of.name);
  return (
    <>
      <Section
        title="What it is"
        actions={<ButtonLink href={`/people?provider=${encodeURIComponent(of.name)}`}>Its people</ButtonLink>}
        command={`infra providers show ${name}`}
      >
        <Facts of={factsOf(of)} />
      </Section>
      <Section title="To be registered there">
        <RegistrationOf {...of} />
      </Section>
      <ProviderTest of={of} />
      <ProviderSync of={of} />
      <ScimTokens of={of} />
    </>
  );
}

const factsOf = (provider: IdentityProvider): readonly Fact[] => [
  { name: 'Issuer', value: <Copyable text={provider.issuer} what="the issuer" /> },
  { name: 'Client ID', value: <Copyable text={provider.clientId} what="the client ID" /> },
  {
    name: 'Known there by',
    value:
      provider.clientKeysUri === null ? (
        'a secret'
      ) : (
        <Copyable
          text={provider.kind === 'azure' ? `${provider.clientKeysUri}/certificate.pem` : provider.clientKeysUri}
          what="where its key is"
        />
      ),
  },
  { name: 'Email domains', value: <Name isWhole>{provider.emailDomains.join(', ')}</Name> },
  { name: 'Scopes', value: <Name isWhole>{provider.scopes.join(' ')}</Name> },
  groupsFact(provider),
  { name: 'Unknown people', value: provider.createUsers ? 'become users at their first login' : 'are refused until they are added' },
  { name: 'Users with another way in', value: provider.linkUsers ? 'may come in with this one too' : 'may not come in with this one' },
  { name: 'Its second factors', value: provider.trustMfa ? 'count here, when its ID tokens tell of them' : 'do not count here' },
  {
    name: 'Asked anew',
    value: provider.syncMinutes === null ? 'only at logins' : `every ${provider.syncMinutes} minutes about people with open sessions`,
  },
  { name: 'Connected', value: <Time at={provider.createdAt} /> },
  { name: 'Changed', value: <Time at={provider.updatedAt} /> },
];

function groupsFact({ directory, groupsClaim }: IdentityProvider): Fact {
  if (directory?.of === 'google')
    return { name: 'Groups', value: <Name isWhole>{`from ${directory.groupsFrom}, in the name of ${directory.delegatedAdmin}`}</Name> };
  if (groupsClaim === null) return { name: 'Groups', value: 'not read' };
  if (directory?.of === 'entra') return { name: 'Groups', value: `by their ${directory.groupNames}` };
  return { name: 'Groups', value: <Name isWhole>{`by the claim ${groupsClaim}`}</Name> };
}
