/** The real Keycloak of the tests. A test makes a realm of its own and does there what a company's admin does: people, groups, the client. */
import { connectKeycloak, type Keycloak, startKeycloak } from '../../scripts/keycloak/keycloak.ts';
import { onDemand, startedByRunner } from './clusters.ts';

export interface RealmUser {
  readonly email: string;
  readonly password: string;
  readonly groups?: readonly string[];
  /** Absent: true. */
  readonly isEmailVerified?: boolean;
}

export interface Realm {
  /** What a provider is added with. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  addUser(user: RealmUser): Promise<void>;
  setEnabled(email: string, isEnabled: boolean): Promise<void>;
  leaveGroup(email: string, group: string): Promise<void>;
  /** Exactly these addresses may receive a login. */
  allowRedirectTo(...addresses: readonly string[]): Promise<void>;
  /** Where Keycloak posts that a session of its is over, and where it sends people back to who log out. */
  tellLogouts(wish: { readonly to: string; readonly back: string }): Promise<void>;
  /** Its ID tokens say that people signed in by these methods. */
  tellMethods(...methods: readonly string[]): Promise<void>;
  /** As an admin there does, from every session. */
  logOut(email: string): Promise<void>;
  /** People are asked whether infra may know who they are. */
  askForConsent(): Promise<void>;
  remove(): Promise<void>;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

let keycloakOfThisProcess: Promise<Keycloak> | undefined;
let realmCount = 0;

export async function newRealm(): Promise<Realm> {
  const { url } = await (keycloakOfThisProcess ??= findKeycloak());
  const name = `company-${process.pid}-${++realmCount}`;
  const clientSecret = 'a secret between keycloak and infra';
  await request(url, 'POST', '', { realm: name, enabled: true, clients: [infraClient(clientSecret)] });
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => request(url, method, `/${name}${path}`, body);
  const idOf = async (path: string, what: string): Promise<string> => {
    const [found] = (await ask('GET', path)) as readonly { readonly id: string }[];
    if (found === undefined) throw new Error(`Keycloak knows no ${what}`);
    return found.id;
  };
  const user = async (email: string): Promise<string> => idOf(`/users?exact=true&email=${encodeURIComponent(email)}`, email);
  const group = async (group: string): Promise<string> => idOf(`/groups?exact=true&search=${encodeURIComponent(group)}`, group);
  const changeClient = async (change: Readonly<Record<string, unknown>>): Promise<void> =>
    void (await ask('PUT', `/clients/${await idOf('/clients?clientId=infra', 'client')}`, change));
  return {
    issuer: `${url}/realms/${name}`,
    clientId: 'infra',
    clientSecret,
    addUser: async ({ email, password, groups = [], isEmailVerified = true }) => {
      const known = (await ask('GET', '/groups')) as readonly Named[];
      for (const each of groups.filter((group) => !known.some((one) => one.name === group))) await ask('POST', '/groups', { name: each });
      const [firstName] = email.split('@');
      const credentials = [{ type: 'password', value: password, temporary: false }];
      const account = { username: email, email, firstName, lastName: 'Example', emailVerified: isEmailVerified, enabled: true };
      await ask('POST', '/users', { ...account, credentials, groups: groups.map((each) => `/${each}`) });
    },
    setEnabled: async (email, enabled) => void (await ask('PUT', `/users/${await user(email)}`, { enabled })),
    leaveGroup: async (email, from) => void (await ask('DELETE', `/users/${await user(email)}/groups/${await group(from)}`)),
    allowRedirectTo: async (...redirectUris) => changeClient({ redirectUris }),
    tellLogouts: async ({ to, back }) =>
      changeClient({
        attributes: {
          'backchannel.logout.url': to,
          'backchannel.logout.session.required': 'true',
          'post.logout.redirect.uris': back,
        },
      }),
    tellMethods: async (...methods) =>
      void (await ask(
        'POST',
        `/clients/${await idOf('/clients?clientId=infra', 'client')}/protocol-mappers/models`,
        methodsMapper(methods),
      )),
    logOut: async (email) => void (await ask('POST', `/users/${await user(email)}/logout`)),
    askForConsent: async () => changeClient({ consentRequired: true }),
    remove: async () => void (await ask('DELETE', '')),
  };
}

async function findKeycloak(): Promise<Keycloak> {
  const { keycloak: directory } = startedByRunner();
  const running = directory === undefined ? undefined : connectKeycloak(directory);
  return running ?? startKeycloak(await onDemand('keycloak'));
}

/** Groups come in the ID token as `platform`, not as `/platform`. */
const infraClient = (secret: string): unknown => ({
  clientId: 'infra',
  secret,
  redirectUris: [],
  directAccessGrantsEnabled: false,
  protocolMappers: [
    {
      name: 'groups',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-group-membership-mapper',
      config: { 'claim.name': 'groups', 'full.path': 'false', 'id.token.claim': 'true', 'userinfo.token.claim': 'true' },
    },
  ],
});

/** A list that is the same for everybody; `auth_time` beside it is Keycloak's own. */
const methodsMapper = (methods: readonly string[]): unknown => ({
  name: 'amr',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-hardcoded-claim-mapper',
  config: { 'claim.name': 'amr', 'claim.value': JSON.stringify(methods), 'jsonType.label': 'JSON', 'id.token.claim': 'true' },
});

/** As Keycloak's admin; its tokens live for a minute, so each request gets its own. */
async function request(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const form = new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: 'admin' });
  const token = await answerOf(await fetch(`${url}/realms/master/protocol/openid-connect/token`, { method: 'POST', body: form }));
  const { access_token: accessToken } = token as { access_token: string };
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
  return answerOf(await fetch(`${url}/admin/realms${path}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) }));
}

async function answerOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new Error(`Keycloak answered ${response.status} to ${response.url}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
