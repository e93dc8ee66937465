import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { GrantService } from './grant-service.ts';

export function grantRoutes(router: Router, context: RouteContext, grants: GrantService): void {
  route(router, context, api.grants.list, async ({ query }) => grants.list(query));
  route(router, context, api.grants.get, async ({ params }) => grants.get(params.id));
  route(router, context, api.grants.create, async ({ body, caller }) => grants.create(body, caller));
  route(router, context, api.grants.remove, async ({ params, caller }) => grants.remove(params.id, caller));
  route(router, context, api.grants.mine, async ({ caller }) => grants.mine(caller));
}
