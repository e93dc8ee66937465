/** People type emails, names or ids; the API takes ids. Names are looked up through the lists' own filters and matched exactly. */
import { api } from '../shared/api/index.ts';
import type { AccessKey } from '../shared/api/access-keys.ts';
import type {
  DestinationId,
  GrantId,
  GroupId,
  IdentityId,
  LeaseId,
  ProviderId,
  SessionId,
  TrustRuleId,
  UserId,
  WorkloadId,
} from '../shared/api/values.ts';
import {
  accessKeyId,
  destinationId,
  grantId,
  groupId,
  identityId,
  leaseId,
  providerId,
  sessionId,
  trustRuleId,
  userId,
  workloadId,
} from '../shared/api/values.ts';
import type { Page } from '../shared/api/pagination.ts';
import { emailKey, isEmail } from '../shared/resource-name.ts';
import type { Connection } from './command.ts';
import { CliError } from './failure.ts';

/** Every item of a list, page by page, up to `limit`. */
export async function allPages<Item>(
  read: (page: { limit: number; cursor?: string }) => Promise<Page<Item>>,
  limit = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: Math.min(1000, limit - items.length), ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < limit);
  return items;
}

interface IdSchema<Id> {
  safeParse(text: string): { success: true; data: Id } | { success: false };
}

function asId<Id>(schema: IdSchema<Id>, text: string): Id | undefined {
  const parsed = schema.safeParse(text);
  return parsed.success ? parsed.data : undefined;
}

const notFound = (what: string, text: string, list: string): CliError =>
  new CliError('notFound', `there is no ${what} "${text}"; see: infra ${list}`);

export async function resolveUser({ call, profile }: Connection, text: string): Promise<UserId> {
  const id = asId(userId, text);
  if (id !== undefined) return id;
  if (!isEmail(text)) throw new CliError('wrongUse', `"${text}" is neither an email nor a user id (usr_…)`);
  // One's own needs no right to list others.
  const own = emailKey(profile.account.name) === emailKey(text) ? asId(userId, profile.account.id) : undefined;
  if (own !== undefined) return own;
  const users = await allPages((page) => call(api.users.list, { query: { ...page, email: text } }));
  const user = users.find((each) => emailKey(each.email) === emailKey(text));
  if (user === undefined) throw notFound('user', text, 'users list');
  return user.id;
}

export async function resolveWorkload({ call }: Connection, text: string): Promise<WorkloadId> {
  const id = asId(workloadId, text);
  if (id !== undefined) return id;
  const name = text.replace(/^workload:/, '');
  const workloads = await allPages((page) => call(api.workloads.list, { query: { ...page, name } }));
  const workload = workloads.find((each) => each.name === name);
  if (workload === undefined) throw notFound('workload', name, 'workloads list');
  return workload.id;
}

/** An email, `workload:NAME`, or an id. */
export async function resolveIdentity(connection: Connection, text: string): Promise<IdentityId> {
  const isWorkload = text.startsWith('workload:') || asId(workloadId, text) !== undefined;
  return identityId.parse(await (isWorkload ? resolveWorkload(connection, text) : resolveUser(connection, text)));
}

export async function resolveGroup({ call }: Connection, text: string): Promise<GroupId> {
  const id = asId(groupId, text);
  if (id !== undefined) return id;
  const name = text.replace(/^group:/, '');
  const groups = await allPages((page) => call(api.groups.list, { query: { ...page, name } }));
  const group = groups.find((each) => each.name === name);
  if (group === undefined) throw notFound('group', name, 'groups list');
  return group.id;
}

export async function resolveProvider({ call }: Connection, text: string): Promise<ProviderId> {
  const id = asId(providerId, text);
  if (id !== undefined) return id;
  const providers = await allPages((page) => call(api.identityProviders.list, { query: { ...page, name: text } }));
  const provider = providers.find((each) => each.name === text);
  if (provider === undefined) throw notFound('identity provider', text, 'providers list');
  return provider.id;
}

/** Through the directory, which everyone who is logged in may read. */
export async function resolveDestination({ call }: Connection, text: string): Promise<DestinationId> {
  const id = asId(destinationId, text);
  if (id !== undefined) return id;
  const { destinations } = await call(api.destinations.directory, { query: { name: text } });
  const destination = destinations.find((each) => each.name === text);
  if (destination === undefined) throw notFound('destination', text, 'destinations list');
  return destination.id;
}

/** One's own keys first; everyone's for those who may see them. */
export async function resolveAccessKey({ call }: Connection, text: string): Promise<AccessKey['id']> {
  const id = asId(accessKeyId, text);
  if (id !== undefined) return id;
  const keys = await allPages((page) => call(api.accessKeys.list, { query: page }));
  const key = keys.find((each) => each.name === text);
  if (key === undefined) throw notFound('access key of yours', text, 'keys list');
  return key.id;
}

export const parseSessionId = (text: string): SessionId =>
  parsed(sessionId, { text, what: 'session', prefix: 'ses', list: 'sessions list' });
export const parseLeaseId = (text: string): LeaseId => parsed(leaseId, { text, what: 'lease', prefix: 'lse', list: 'leases list' });
export const parseGrantId = (text: string): GrantId => parsed(grantId, { text, what: 'grant', prefix: 'grt', list: 'grants list' });
export const parseTrustRuleId = (text: string): TrustRuleId =>
  parsed(trustRuleId, { text, what: 'trust rule', prefix: 'tru', list: 'trust-rules list' });

function parsed<Id>(schema: IdSchema<Id>, { text, what, prefix, list }: { text: string; what: string; prefix: string; list: string }): Id {
  const id = asId(schema, text);
  if (id === undefined) throw new CliError('wrongUse', `"${text}" is no ${what} id (${prefix}_…); see: infra ${list}`);
  return id;
}
