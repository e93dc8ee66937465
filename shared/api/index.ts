/** The list of all endpoints: routes, client, OpenAPI document and the access matrix of the tests are all read from it. */
import { accessKeys } from './access-keys.ts';
import { audit } from './audit.ts';
import { changes } from './changes.ts';
import { connectors } from './connectors.ts';
import { destinations } from './destinations.ts';
import { deviceLogin } from './device-login.ts';
import type { Endpoint } from './endpoint.ts';
import { events } from './events.ts';
import { explanations } from './explanations.ts';
import { grants } from './grants.ts';
import { groups } from './groups.ts';
import { identityProviders } from './identity-providers.ts';
import { leases } from './leases.ts';
import { overview } from './overview.ts';
import { providerLoginTests } from './provider-login-tests.ts';
import { passkeys } from './passkeys.ts';
import { revocations } from './revocations.ts';
import { scimTokens } from './scim-tokens.ts';
import { secondFactorLogin, secondFactors } from './second-factors.ts';
import { server } from './server-info.ts';
import { login, sessions } from './sessions.ts';
import { settings } from './settings.ts';
import { trustRules } from './trust.ts';
import { users } from './users.ts';
import { workloads } from './workloads.ts';

export const api = {
  server,
  login: { ...login, ...secondFactorLogin, ...deviceLogin },
  sessions,
  secondFactors,
  passkeys,
  users,
  workloads,
  groups,
  identityProviders,
  providerLoginTests,
  scimTokens,
  trustRules,
  accessKeys,
  destinations,
  connectors,
  grants,
  explanations,
  leases,
  changes,
  events,
  revocations,
  audit,
  overview,
  settings,
} as const;

export const endpoints: readonly Endpoint[] = Object.values(api).flatMap((group) => Object.values(group) as Endpoint[]);
