/** /Users of one provider: what its directory may see and change of people. */
import type { Clock } from '../../shared/clock.ts';
import type { Act } from '../audit/caller.ts';
import { emailFault } from '../identity/claims-rules.ts';
import type { Provider } from '../identity/provider-store.ts';
import type { ProvisionedGroupStore } from '../identity/provisioned-group-store.ts';
import type { Person, ProvisionedUser, ProvisionedUserStore, UserKey } from '../identity/provisioned-user-store.ts';
import { deprovisionUser, provisionUser, updateUser, type ProvisioningStores } from '../identity/provisioned-users.ts';
import { addressOf } from '../identity/provisioning-rules.ts';
import type { Transact } from '../storage/transact.ts';
import { badRequest, ScimError } from './scim-error-rules.ts';
import { asksAbout } from './scim-filter-rules.ts';
import { applyPatch, readPatch } from './scim-patch-rules.ts';
import { createProjection, type Projection } from './scim-projection-rules.ts';
import { find, type Found, type Query } from './scim-query.ts';
import { etagOf, givenUser, isNamed, showUser, writableUser } from './scim-resource-rules.ts';
import { userSchema } from './scim-schema-rules.ts';
import type { Directory } from './scim-token-service.ts';
import { readResource, type Values } from './scim-value-rules.ts';

interface Reading {
  readonly provisionedUsers: ProvisionedUserStore;
  readonly provisionedGroups: ProvisionedGroupStore;
}
export interface ScimServiceOptions<Stores> {
  readonly read: Reading;
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}
/** A resource and the version of it. */
export interface Shown {
  readonly resource: Values;
  readonly etag: string;
}

/** What both kinds of resources can do. */
export interface ScimResources {
  search(directory: Directory, query: Query): Promise<Found>;
  /** What the projection does not show is not read either. */
  get(directory: Directory, id: string, projection: Projection): Promise<Shown>;
  create(directory: Directory, body: unknown): Promise<Shown>;
  replace(directory: Directory, target: Target, body: unknown): Promise<Shown>;
  /** Without a resource where it could be large. */
  patch(directory: Directory, target: Target, body: unknown): Promise<Shown | { readonly resource: undefined; readonly etag: string }>;
  remove(directory: Directory, target: Target): Promise<void>;
}
export interface Target {
  readonly id: string;
  /** `If-Match`. */
  readonly ifMatch: string | undefined;
}

export function createScimUserService({ read, transact, clock }: ScimServiceOptions<ProvisioningStores & Reading>): ScimResources {
  const change = async (
    directory: Directory,
    { id, ifMatch }: Target,
    work: (stores: ProvisioningStores & Reading, before: ProvisionedUser, act: Act) => Promise<ProvisionedUser>,
  ): Promise<Shown> =>
    transact(async (stores) => {
      const before = await existing(stores.provisionedUsers, directory.provider, id);
      assertVersion(ifMatch, before);
      const act = { by: directory.author, now: clock.now() };
      return show(stores, directory, await work(stores, before, act));
    });

  return {
    search: async (directory, query) => {
      const { provider, baseUrl } = directory;
      const projection = createProjection(query);
      const { provisionedUsers: users } = read;
      const source = {
        count: async () => users.count(provider.id),
        page: async (page: { readonly offset: number; readonly limit: number }) => users.page(provider.id, page),
        after: async (id: string, limit: number, equal: ReadonlyMap<string, string>) => users.after(provider.id, id, limit, keyIn(equal)),
        idOf: ({ identityId }: ProvisionedUser) => identityId,
        show: async (rows: readonly ProvisionedUser[]) =>
          showAll(read, directory, rows, query.filter !== undefined && asksAbout(query.filter, 'groups')),
      };
      const { total, rows } = await find(source, query, userSchema);
      const shown = await showAll(read, { provider, baseUrl }, rows, projection.shows('groups'));
      return { total, resources: shown.map((resource) => projection.of(resource)) };
    },

    get: async (directory, id, projection) => {
      const user = await existing(read.provisionedUsers, directory.provider, id);
      const [resource = {}] = await showAll(read, directory, [user], projection.shows('groups'));
      return { resource: projection.of(resource), etag: etagOf(user) };
    },

    create: async (directory, body) => {
      const person = personOf(readResource(body, userSchema), directory.provider, true);
      return transact(async (stores) => {
        const act = { by: directory.author, now: clock.now() };
        return show(stores, directory, await provisionUser(stores, directory.provider, person, act));
      });
    },

    /** What is not named is gone, but nobody comes back in by saying nothing. */
    replace: async (directory, target, body) =>
      change(directory, target, async (stores, before, act) => {
        const person = personOf(readResource(body, userSchema), directory.provider, before.active);
        return updateUser(stores, directory.provider, { before, person }, act);
      }),

    patch: async (directory, target, body) => {
      const steps = readPatch(body, userSchema, target.id);
      return change(directory, target, async (stores, before, act) => {
        const person = personOf(applyPatch(writableUser(before), steps), directory.provider, before.active);
        return updateUser(stores, directory.provider, { before, person }, act);
      });
    },

    remove: async (directory, { id, ifMatch }) =>
      transact(async (stores) => {
        const before = await existing(stores.provisionedUsers, directory.provider, id);
        assertVersion(ifMatch, before);
        await deprovisionUser(stores, directory.provider, before, { by: directory.author, now: clock.now() });
      }),
  };
}

function keyIn(equal: ReadonlyMap<string, string>): UserKey | undefined {
  const [id, userName, externalId] = ['id', 'userName', 'externalId'].map((name) => equal.get(name));
  if (id !== undefined) return { id };
  if (userName !== undefined) return { userName };
  return externalId === undefined ? undefined : { externalId };
}

function personOf(resource: Values, provider: Provider, activeUnlessSaid: boolean): Person {
  const { emails, active = activeUnlessSaid, ...given } = givenUser(resource);
  const email = addressOf(given.userName, emails, (address) => emailFault(address, provider) === undefined);
  if (email === undefined)
    throw badRequest(
      'invalidValue',
      `Neither emails nor userName hold an address at a domain of ${provider.name}: ${provider.emailDomains.slice(0, 10).join(', ')}. An admin of infra can add the domain.`,
    );
  return { ...given, active, email };
}

async function show(stores: Reading, directory: Directory, user: ProvisionedUser): Promise<Shown> {
  const [resource = {}] = await showAll(stores, directory, [user], true);
  return { resource, etag: etagOf(user) };
}

async function showAll(
  { provisionedGroups }: Pick<Reading, 'provisionedGroups'>,
  { provider, baseUrl }: Pick<Directory, 'provider' | 'baseUrl'>,
  users: readonly ProvisionedUser[],
  withGroups: boolean,
): Promise<Values[]> {
  if (!withGroups) return users.map((user) => showUser(user, baseUrl, undefined));
  const ids = users.map(({ identityId }) => identityId);
  const memberships = Map.groupBy(await provisionedGroups.membershipsOf(provider.id, ids), ({ identityId }) => identityId);
  return users.map((user) =>
    showUser(
      user,
      baseUrl,
      (memberships.get(user.identityId) ?? []).map(({ groupId, name }) => ({ id: groupId, name })),
    ),
  );
}

export function assertVersion(ifMatch: string | undefined, before: { readonly version: number }): void {
  if (ifMatch !== undefined && !isNamed(ifMatch, before))
    throw new ScimError(412, `The resource has changed meanwhile: its version is ${etagOf({ version: before.version })}.`);
}

/** Others' users are as unknown as those that there are not. */
async function existing(users: ProvisionedUserStore, provider: Provider, id: string): Promise<ProvisionedUser> {
  const user = await users.find(provider.id, id);
  if (user === undefined) throw new ScimError(404, 'Resource not found: there is no such user of this provider.');
  return user;
}
