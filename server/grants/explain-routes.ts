import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { ExplainService } from './explain-service.ts';
import type { OwnWhyOf } from './own-why.ts';
import type { WhoCan } from './who-can.ts';

export function explainRoutes(
  router: Router,
  context: RouteContext,
  { explain }: ExplainService,
  others: { readonly whoCan: WhoCan; readonly ownWhy: OwnWhyOf },
): void {
  route(router, context, api.explanations.explain, async ({ query, caller }) => explain(query, caller));
  route(router, context, api.explanations.whoCan, async ({ query }) => others.whoCan(query));
  route(router, context, api.explanations.mine, async ({ caller }) => others.ownWhy(caller));
}
