import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { pageOf, pageQuery } from './pagination.ts';
import { change, groupId, groupName, identityId, idParams, originName, searchText, time } from './values.ts';

export const group = z.object({
  id: groupId,
  /** `platform`, or for an identity provider's group its provider before it: `okta/platform`. */
  name: z.string(),
  /** Null: local. */
  provider: z.string().nullable(),
  /** Its object id, where the provider's directory (Entra) knows it by one: names there are not unique. */
  directoryId: z.string().nullable(),
  createdAt: time,
  memberCount: z.int(),
});
export type Group = z.output<typeof group>;
export const groupMember = z.object({
  id: identityId,
  kind: z.enum(['user', 'workload']),
  name: z.string(),
  status: z.enum(['active', 'disabled']),
});

/** An email or `workload:NAME`. */
const member = z.strictObject({ identity: z.string().max(300) });

export const groups = {
  list: endpoint({
    name: 'groups.list',
    summary: 'Groups, by name',
    method: 'GET',
    path: '/api/v1/groups',
    access: 'view',
    query: pageQuery.extend({
      name: z.string().max(300).optional(),
      /** Part of the name, with its provider before it. */
      search: searchText.optional(),
      provider: originName.optional(),
    }),
    result: pageOf(group),
  }),
  get: endpoint({
    name: 'groups.get',
    summary: 'One group',
    method: 'GET',
    path: '/api/v1/groups/:id',
    access: 'view',
    params: idParams(groupId),
    result: group,
  }),
  members: endpoint({
    name: 'groups.members',
    summary: 'Members of a group',
    method: 'GET',
    path: '/api/v1/groups/:id/members',
    access: 'view',
    params: idParams(groupId),
    query: pageQuery,
    result: pageOf(groupMember),
  }),
  create: endpoint({
    name: 'groups.create',
    /** `okta/platform` makes the provider's group known before any of its members logged in, so that it can be granted something. */
    summary: 'Add a local group, or name a provider’s beforehand',
    method: 'POST',
    path: '/api/v1/groups',
    access: 'admin',
    body: z.strictObject({ name: groupName }),
    result: group,
    status: 201,
  }),
  remove: endpoint({
    name: 'groups.remove',
    summary: 'Remove a local group with its grants',
    method: 'DELETE',
    path: '/api/v1/groups/:id',
    access: 'admin',
    params: idParams(groupId),
    result: z.object({ change }),
  }),
  addMember: endpoint({
    name: 'groups.addMember',
    summary: 'Add an identity to a local group',
    method: 'POST',
    path: '/api/v1/groups/:id/members',
    access: 'admin',
    params: idParams(groupId),
    body: member,
    result: z.object({ change }),
  }),
  removeMember: endpoint({
    name: 'groups.removeMember',
    summary: 'Take an identity out of a local group',
    method: 'DELETE',
    path: '/api/v1/groups/:id/members/:identity',
    access: 'admin',
    params: z.strictObject({ id: groupId, identity: identityId }),
    result: z.object({ change }),
  }),
};
