import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { TrustRuleService } from './trust-rule-service.ts';

export function trustRuleRoutes(router: Router, context: RouteContext, trustRules: TrustRuleService): void {
  route(router, context, api.trustRules.list, async ({ query }) => trustRules.list(query));
  route(router, context, api.trustRules.get, async ({ params }) => trustRules.get(params.id));
  route(router, context, api.trustRules.create, async ({ body, caller }) => trustRules.create(body, caller));
  route(router, context, api.trustRules.remove, async ({ params, caller }) => trustRules.remove(params.id, caller));
}
