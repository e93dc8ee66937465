import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { AccountUnlinkService } from './account-unlink-service.ts';
import type { GroupService } from './group-service.ts';
import type { UserService } from './user-service.ts';
import type { WorkloadService } from './workload-service.ts';

export interface IdentityServices {
  readonly users: UserService;
  readonly groups: GroupService;
  readonly workloads: WorkloadService;
  readonly unlinking: AccountUnlinkService;
}

export function identityRoutes(router: Router, context: RouteContext, { users, groups, workloads, unlinking }: IdentityServices): void {
  route(router, context, api.users.list, async ({ query }) => users.list(query));
  route(router, context, api.users.get, async ({ params }) => users.get(params.id));
  route(router, context, api.users.create, async ({ body, caller }) => users.create(body, caller));
  route(router, context, api.users.disable, async ({ params, caller }) => users.disable(params.id, caller));
  route(router, context, api.users.enable, async ({ params, caller }) => users.enable(params.id, caller));
  route(router, context, api.users.remove, async ({ params, caller }) => users.remove(params.id, caller));
  route(router, context, api.users.resetPassword, async ({ params, caller }) => users.resetPassword(params.id, caller));
  route(router, context, api.users.revoke, async ({ params, caller }) => users.revoke(params.id, caller));
  route(router, context, api.users.unlinkImpact, async ({ params, caller }) => unlinking.impact(params.id, params.provider, caller));
  route(router, context, api.users.unlink, async ({ params, caller }) => unlinking.unlink(params.id, params.provider, caller));
  route(router, context, api.users.relink, async ({ params, caller }) => unlinking.relink(params.id, params.provider, caller));

  route(router, context, api.workloads.list, async ({ query }) => workloads.list(query));
  route(router, context, api.workloads.get, async ({ params }) => workloads.get(params.id));
  route(router, context, api.workloads.create, async ({ body, caller }) => workloads.create(body.name, caller));
  route(router, context, api.workloads.remove, async ({ params, caller }) => workloads.remove(params.id, caller));

  route(router, context, api.groups.list, async ({ query }) => groups.list(query));
  route(router, context, api.groups.get, async ({ params }) => groups.get(params.id));
  route(router, context, api.groups.members, async ({ params, query }) => groups.members(params.id, query));
  route(router, context, api.groups.create, async ({ body, caller }) => groups.create(body.name, caller));
  route(router, context, api.groups.remove, async ({ params, caller }) => groups.remove(params.id, caller));
  route(router, context, api.groups.addMember, async ({ params, body, caller }) => groups.addMember(params.id, body.identity, caller));
  route(router, context, api.groups.removeMember, async ({ params, caller }) => groups.removeMember(params.id, params.identity, caller));
}
