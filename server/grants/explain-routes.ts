import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { ExplainService } from './explain-service.ts';
import type { WhoCan } from './who-can.ts';
import type { Why } from './why.ts';

export function explainRoutes(
  router: Router,
  context: RouteContext,
  { explain }: ExplainService,
  { whoCan, why }: { readonly whoCan: WhoCan; readonly why: Why },
): void {
  route(router, context, api.explanations.explain, async ({ query, caller }) => explain(query, caller));
  route(router, context, api.explanations.whoCan, async ({ query }) => whoCan(query));
  route(router, context, api.explanations.mine, async ({ caller }) => why.own(caller));
  route(router, context, api.users.why, async ({ params, caller }) => why.ofUser(params.id, caller));
  route(router, context, api.workloads.why, async ({ params, caller }) => why.ofWorkload(params.id, caller));
}
