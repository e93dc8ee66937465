/** /Groups of one provider. Of a large group no more is read than a change needs. */
import type { Act } from '../audit/caller.ts';
import type { Provider } from '../identity/provider-store.ts';
import type { GroupKey, ProvisionedGroup, ProvisionedGroupStore } from '../identity/provisioned-group-store.ts';
import {
  deprovisionGroup,
  provisionGroup,
  updateGroup,
  type GroupChange,
  type GroupProvisioningStores,
} from '../identity/provisioned-groups.ts';
import { ScimError } from './scim-error-rules.ts';
import { asksAbout } from './scim-filter-rules.ts';
import { applyPatch, readPatch, type Step } from './scim-patch-rules.ts';
import { createProjection } from './scim-projection-rules.ts';
import { find } from './scim-query.ts';
import { etagOf, givenGroup, memberSteps, showGroup } from './scim-resource-rules.ts';
import { groupSchema } from './scim-schema-rules.ts';
import type { Directory } from './scim-token-service.ts';
import { assertVersion, type ScimResources, type ScimServiceOptions, type Shown, type Target } from './scim-user-service.ts';
import { readResource, type Values } from './scim-value-rules.ts';

/** Whole groups can be large: pages that show their members are shorter. */
const pageWithMembers = 50;

export function createScimGroupService({ read, transact, clock }: ScimServiceOptions<GroupProvisioningStores>): ScimResources {
  const change = async (
    directory: Directory,
    { id, ifMatch }: Target,
    changeOf: (before: ProvisionedGroup) => GroupChange,
  ): Promise<ProvisionedGroup> =>
    transact(async (stores) => {
      const before = await existing(stores.provisionedGroups, directory.provider, id);
      assertVersion(ifMatch, before);
      const act: Act = { by: directory.author, now: clock.now() };
      return updateGroup(stores, directory.provider, { before, change: changeOf(before) }, act);
    });

  return {
    search: async (directory, asked) => {
      const { provider } = directory;
      const projection = createProjection(asked);
      const withMembers = projection.shows('members');
      const query = withMembers ? { ...asked, count: Math.min(asked.count, pageWithMembers) } : asked;
      const { provisionedGroups: groups } = read;
      const source = {
        count: async () => groups.count(provider.id),
        page: async (page: { readonly offset: number; readonly limit: number }) => groups.page(provider.id, page),
        after: async (id: string, limit: number, equal: ReadonlyMap<string, string>) => groups.after(provider.id, id, limit, keyIn(equal)),
        idOf: ({ groupId }: ProvisionedGroup) => groupId,
        show: async (rows: readonly ProvisionedGroup[]) =>
          showAll(groups, directory, rows, query.filter !== undefined && asksAbout(query.filter, 'members')),
      };
      const { total, rows } = await find(source, query, groupSchema);
      const shown = await showAll(groups, directory, rows, withMembers);
      return { total, resources: shown.map((resource) => projection.of(resource)) };
    },

    get: async (directory, id, projection) => {
      const group = await existing(read.provisionedGroups, directory.provider, id);
      const [resource = {}] = await showAll(read.provisionedGroups, directory, [group], projection.shows('members'));
      return { resource: projection.of(resource), etag: etagOf(group) };
    },

    create: async (directory, body) => {
      const { members, ...given } = givenGroup(readResource(body, groupSchema));
      return transact(async (stores) => {
        const act: Act = { by: directory.author, now: clock.now() };
        const group = await provisionGroup(stores, directory.provider, { ...given, members: [{ kind: 'add', ids: members }] }, act);
        return show(stores.provisionedGroups, directory, group);
      });
    },

    replace: async (directory, target, body) => {
      const { members, ...given } = givenGroup(readResource(body, groupSchema));
      const changed = await change(directory, target, () => ({ ...given, members: [{ kind: 'replace', ids: members }] }));
      return show(read.provisionedGroups, directory, changed);
    },

    patch: async (directory, target, body) => {
      const steps = readPatch(body, groupSchema, target.id);
      const members = memberSteps(steps.filter(isOfMembers));
      const others = steps.filter((step) => !isOfMembers(step));
      const changed = await change(directory, target, ({ name, externalId }) => {
        const before: Values = { displayName: name, ...(externalId === null ? {} : { externalId }) };
        return { ...givenGroup(applyPatch(before, others)), members };
      });
      return { resource: undefined, etag: etagOf(changed) };
    },

    remove: async (directory, { id, ifMatch }) =>
      transact(async (stores) => {
        const before = await existing(stores.provisionedGroups, directory.provider, id);
        assertVersion(ifMatch, before);
        await deprovisionGroup(stores, directory.provider, before, { by: directory.author, now: clock.now() });
      }),
  };
}

const isOfMembers = ({ attribute }: Step): boolean => attribute.name === 'members';

function keyIn(equal: ReadonlyMap<string, string>): GroupKey | undefined {
  const [id, displayName, externalId] = ['id', 'displayName', 'externalId'].map((name) => equal.get(name));
  if (id !== undefined) return { id };
  if (displayName !== undefined) return { displayName };
  return externalId === undefined ? undefined : { externalId };
}

async function show(groups: ProvisionedGroupStore, directory: Directory, group: ProvisionedGroup): Promise<Shown> {
  const [resource = {}] = await showAll(groups, directory, [group], true);
  return { resource, etag: etagOf(group) };
}

async function showAll(
  store: ProvisionedGroupStore,
  { baseUrl }: Pick<Directory, 'baseUrl'>,
  groups: readonly ProvisionedGroup[],
  withMembers: boolean,
): Promise<Values[]> {
  if (!withMembers) return groups.map((group) => showGroup(group, baseUrl, undefined));
  const members = Map.groupBy(await store.membersOf(groups.map(({ groupId }) => groupId)), ({ groupId }) => groupId);
  return groups.map((group) =>
    showGroup(
      group,
      baseUrl,
      (members.get(group.groupId) ?? []).map(({ identityId }) => identityId),
    ),
  );
}

async function existing(groups: ProvisionedGroupStore, provider: Provider, id: string): Promise<ProvisionedGroup> {
  const group = await groups.find(provider.id, id);
  if (group === undefined) throw new ScimError(404, 'Resource not found: there is no such group of this provider.');
  return group;
}
