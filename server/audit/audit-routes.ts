import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { AuditStore } from './audit-store.ts';

export function auditRoutes(router: Router, context: RouteContext, audit: Pick<AuditStore, 'list' | 'find'>): void {
  route(router, context, api.audit.list, async ({ query }) => audit.list(query));
  route(router, context, api.audit.get, async ({ params }) => {
    const event = await audit.find(params.id);
    if (event === undefined) throw new DomainError('audit-event.not-found', 'There is no such audit event. See: infra audit list');
    return event;
  });
}
