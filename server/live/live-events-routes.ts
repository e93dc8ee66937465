import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { LiveEvents } from './live-events.ts';

export function liveEventsRoutes(router: Router, context: RouteContext, live: Pick<LiveEvents, 'open'>): void {
  route(router, context, api.events.stream, async ({ caller, response }) => {
    await live.open(caller, response);
    // `route` sends nothing for a stream; the value only fits the type.
    return { topics: [] };
  });
}
