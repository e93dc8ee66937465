import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { GrantChangeService } from './grant-change-service.ts';
import type { PreviewGrant } from './grant-preview.ts';
import type { GrantService } from './grant-service.ts';

export interface GrantServices {
  readonly grants: GrantService;
  readonly changes: GrantChangeService;
  readonly preview: PreviewGrant;
}

export function grantRoutes(router: Router, context: RouteContext, { grants, changes, preview }: GrantServices): void {
  route(router, context, api.grants.list, async ({ query }) => grants.list(query));
  route(router, context, api.grants.get, async ({ params }) => grants.get(params.id));
  route(router, context, api.grants.create, async ({ body, caller }) => grants.create(body, caller));
  route(router, context, api.grants.preview, async ({ body, caller }) => preview(body, caller));
  route(router, context, api.grants.update, async ({ params, body, caller }) => changes.update(params.id, body, caller));
  route(router, context, api.grants.removeMany, async ({ body, caller }) => changes.removeMany(body.ids, caller));
  route(router, context, api.grants.remove, async ({ params, caller }) => grants.remove(params.id, caller));
  route(router, context, api.grants.mine, async ({ caller }) => grants.mine(caller));
}
