import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import type { ProviderId } from '../../shared/api/values.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { Impact } from './provider-impact.ts';
import type { ProviderService } from './provider-service.ts';

export interface ProviderServices {
  readonly providers: ProviderService;
  readonly impactOf: (id: ProviderId) => Promise<Impact>;
}

export function providerRoutes(router: Router, context: RouteContext, { providers, impactOf }: ProviderServices): void {
  route(router, context, api.identityProviders.list, async ({ query }) => providers.list(query));
  route(router, context, api.identityProviders.get, async ({ params }) => providers.get(params.id));
  route(router, context, api.identityProviders.create, async ({ body, caller }) => providers.create(body, caller));
  route(router, context, api.identityProviders.update, async ({ params, body, caller }) => providers.update(params.id, body, caller));
  route(router, context, api.identityProviders.test, async ({ params }) => providers.test(params.id));
  route(router, context, api.identityProviders.sync, async ({ params, caller }) => providers.sync(params.id, caller));
  route(router, context, api.identityProviders.syncState, async ({ params }) => providers.syncState(params.id));
  route(router, context, api.identityProviders.impact, async ({ params }) => impactOf(params.id));
  route(router, context, api.identityProviders.disable, async ({ params, caller }) => providers.disable(params.id, caller));
  route(router, context, api.identityProviders.enable, async ({ params, caller }) => providers.enable(params.id, caller));
  route(router, context, api.identityProviders.remove, async ({ params, caller }) => providers.remove(params.id, caller));
}
