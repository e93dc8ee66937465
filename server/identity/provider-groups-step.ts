/** Whether groups come is seen at a login alone, so the latest one is told of when a provider is tried. */
import type { CallResult } from '../../shared/api/endpoint.ts';
import type { identityProviders, ProviderKind } from '../../shared/api/identity-providers.ts';
import type { Account } from './account-store.ts';
import type { Provider } from './provider-store.ts';

type TestStep = CallResult<typeof identityProviders.test>['steps'][number];

export function groupsStep({ name, kind, groupsClaim, directory }: Provider, latest: Account | undefined): TestStep {
  const step = 'groups';
  const isRead = kind === 'google' ? directory !== null : groupsClaim !== null;
  if (!isRead) return { step, outcome: 'ok', detail: `Groups are not read from ${name}. ${howToRead[kind]}` };
  if (latest === undefined)
    return { step, outcome: 'unknown', detail: `Nobody has logged in through ${name} yet. Try: infra login --provider ${name}` };
  if (latest.groupsRead !== null)
    return { step, outcome: 'ok', detail: `The latest login, of ${latest.email}, named ${latest.groupsRead} groups.` };
  return {
    step,
    outcome: 'failed',
    detail: `The ID token of the latest login, of ${latest.email}, has no claim ${groupsClaim ?? 'groups'}. ${howToSend[kind]}`,
  };
}

const byClaim = 'To read them: infra providers update NAME --groups-claim CLAIM';
const howToRead: Readonly<Record<ProviderKind, string>> = {
  oidc: byClaim,
  okta: byClaim,
  azure: byClaim,
  google: 'To read them: infra providers update NAME --groups-from admin-sdk --delegated-admin EMAIL --service-account-file FILE',
};

const howToSend: Readonly<Record<ProviderKind, string>> = {
  oidc: 'Let the provider put the groups into the ID token (in Keycloak: a mapper of type Group Membership, added to the ID token), or set another claim: infra providers update --groups-claim CLAIM',
  okta: 'In the Okta admin console open the application, Sign On, OpenID Connect ID Token, and set the groups claim filter: groups, Matches regex, .* (or what you want here). With a custom authorization server add a claim groups to the ID token and allow the scope groups.',
  azure:
    'Either they are in no group, or in the Entra admin center open App registrations, your application, Token configuration, Add groups claim: Security groups, ID, Group ID.',
  google: '',
};

export const groupsAdvice = (kind: ProviderKind): string => howToSend[kind];
