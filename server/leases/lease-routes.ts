import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { LeaseService } from './lease-service.ts';
import type { RevocationImpactOf } from './revocation-impact.ts';

export interface LeaseServices {
  readonly leases: LeaseService;
  readonly impactOf: RevocationImpactOf;
}

export function leaseRoutes(router: Router, context: RouteContext, { leases, impactOf }: LeaseServices): void {
  route(router, context, api.leases.create, async ({ body, caller }) => leases.create(body, caller));
  route(router, context, api.leases.list, async ({ query, caller }) => leases.list(query, caller));
  route(router, context, api.leases.get, async ({ params, caller }) => leases.get(params.id, caller));
  route(router, context, api.leases.revoke, async ({ params, caller }) => leases.revoke(params.id, caller));
  route(router, context, api.revocations.impact, async ({ query, caller }) => impactOf(query, caller));
}
