import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { AuditStore } from './audit-store.ts';

export function auditRoutes(router: Router, context: RouteContext, audit: Pick<AuditStore, 'list'>): void {
  route(router, context, api.audit.list, async ({ query }) => audit.list(query));
}
