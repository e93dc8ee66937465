/** Users and groups as SCIM shows and takes them: between attributes by name and what is stored. */
import { badRequest, ScimError } from './scim-error-rules.ts';
import type { Filter } from './scim-filter-syntax-rules.ts';
import type { Step } from './scim-patch-rules.ts';
import { groupSchema, userSchema } from './scim-schema-rules.ts';
import { isObject, readAttribute, type Values } from './scim-value-rules.ts';

interface Stored {
  readonly externalId: string | null;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}
export interface StoredUser extends Stored {
  readonly identityId: string;
  readonly userName: string;
  readonly active: boolean;
  readonly attributes: Values;
}
export interface StoredGroup extends Stored {
  readonly groupId: string;
  readonly name: string;
}
export interface Reference {
  readonly id: string;
  readonly name: string;
}

/** Weak: what a resource shows of others (names, groups) changes without it. */
export const etagOf = ({ version }: Pick<Stored, 'version'>): string => `W/"${version}"`;

/** Whether a precondition names this tag (RFC 9110 §13.1). Compared weakly, for no other tag is given; without quotes, as some send it. */
export function isNamedTag(header: string, etag: string): boolean {
  const bare = (tag: string): string =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
  return header.split(',').some((tag) => tag.trim() === '*' || bare(tag) === bare(etag));
}
export const isNamed = (header: string, stored: Pick<Stored, 'version'>): boolean => isNamedTag(header, etagOf(stored));

/** What clients may write of a user: the beginning of each change. */
export const writableUser = ({ userName, externalId, active, attributes }: StoredUser): Values => ({
  ...attributes,
  userName,
  active,
  ...(externalId === null ? {} : { externalId }),
});

export function showUser(user: StoredUser, baseUrl: string, groups: readonly Reference[] | undefined): Values {
  const list = groups?.map(({ id, name }) => ({ value: id, $ref: `${baseUrl}/Groups/${id}`, display: name }));
  return {
    schemas: [userSchema.id],
    id: user.identityId,
    ...writableUser(user),
    ...(list === undefined || list.length === 0 ? {} : { groups: list }),
    meta: metaOf('User', user, `${baseUrl}/Users/${user.identityId}`),
  };
}

export function showGroup(group: StoredGroup, baseUrl: string, members: readonly string[] | undefined): Values {
  const list = members?.map((id) => ({ value: id, $ref: `${baseUrl}/Users/${id}`, type: 'User' }));
  return {
    schemas: [groupSchema.id],
    id: group.groupId,
    displayName: group.name,
    ...(group.externalId === null ? {} : { externalId: group.externalId }),
    ...(list === undefined || list.length === 0 ? {} : { members: list }),
    meta: metaOf('Group', group, `${baseUrl}/Groups/${group.groupId}`),
  };
}

const metaOf = (resourceType: 'User' | 'Group', stored: Stored, location: string): Values => ({
  resourceType,
  created: stored.createdAt,
  lastModified: stored.updatedAt,
  location,
  version: etagOf(stored),
});

/** What a whole resource, or one that was patched, says of a person; the address is found by who knows the provider. */
export interface GivenUser {
  readonly userName: string;
  readonly externalId: string | null;
  /** Undefined: not said. */
  readonly active: boolean | undefined;
  readonly emails: readonly { readonly value?: string; readonly primary?: boolean }[];
  readonly attributes: Values;
}

export function givenUser(resource: Values): GivenUser {
  const { userName, externalId, active, ...attributes } = resource;
  const emails = attributes['emails'];
  return {
    userName: requiredText(userName, 'userName'),
    externalId: optionalText(externalId),
    active: typeof active === 'boolean' ? active : undefined,
    emails: Array.isArray(emails) ? emails.filter(isObject) : [],
    attributes,
  };
}

export interface GivenGroup {
  readonly name: string;
  readonly externalId: string | null;
  readonly members: readonly string[];
}

export const givenGroup = ({ displayName, externalId, members }: Values): GivenGroup => ({
  name: requiredText(displayName, 'displayName'),
  externalId: optionalText(externalId),
  members: memberIds(members),
});

function requiredText(value: unknown, name: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw badRequest('invalidValue', `${name} is required.`);
}
const optionalText = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const mostMembers = 5000;
const tooManyMembers = (): ScimError => new ScimError(413, `At most ${mostMembers} members at a time; add the others by PATCH.`, 'tooMany');

export function memberIds(members: unknown): string[] {
  const list = Array.isArray(members) ? members : [];
  if (list.length > mostMembers) throw tooManyMembers();
  return list.map((member: unknown) => {
    const id = isObject(member) ? member['value'] : undefined;
    if (typeof id !== 'string') throw badRequest('invalidValue', 'Each of the members has the id of a user as its value.');
    return id;
  });
}

/** Which members a path means: `members[value eq "…"]`, or several of these joined by `or`. */
export function membersNamed(filter: Filter): string[] {
  if (filter.kind === 'or') return [...membersNamed(filter.left), ...membersNamed(filter.right)];
  const isById = filter.kind === 'compare' && filter.comparison === 'eq' && filter.attribute.name.toLowerCase() === 'value';
  if (isById && typeof filter.value === 'string') return [filter.value];
  throw badRequest('invalidFilter', 'Members are named by their id: members[value eq "…"].');
}

export interface MemberStep {
  readonly kind: Step['op'];
  readonly ids: readonly string[];
}

/** All operations on the members. */
export function memberSteps(steps: readonly Step[]): MemberStep[] {
  const read = steps.map(memberStep);
  const count = read.reduce((sum, { ids }) => sum + ids.length, 0);
  if (count > mostMembers) throw tooManyMembers();
  return read;
}

/** One operation on the members. */
export function memberStep({ op, attribute, sub, filter, value }: Step): MemberStep {
  if (sub !== undefined) throw badRequest('mutability', 'A member is added or removed, not changed.');
  if (filter === undefined) {
    // Entra names those to remove beside the path; where no value is, all go.
    if (op === 'remove' && (value === undefined || value === null)) return { kind: 'replace', ids: [] };
    return { kind: op, ids: memberIds(readAttribute(attribute, value)) };
  }
  if (op !== 'remove') throw badRequest('invalidPath', 'To add members, give them as the value of the path "members".');
  return { kind: op, ids: membersNamed(filter) };
}
