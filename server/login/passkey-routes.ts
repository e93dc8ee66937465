import type { RequestHandler, Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { PasskeyCeremony } from './passkey-ceremony.ts';
import type { PasskeyService } from './passkey-service.ts';

export interface PasskeyServices {
  readonly passkeys: PasskeyService;
  readonly ceremonies: PasskeyCeremony;
  readonly publicUrl: string;
}

export function passkeyRoutes(router: Router, context: RouteContext, { passkeys, ceremonies, publicUrl }: PasskeyServices): void {
  route(router, context, api.passkeys.begin, async ({ body, caller }) => passkeys.begin(body, caller));
  route(router, context, api.passkeys.ask, async ({ body, caller }) => passkeys.ask(body.purpose, caller));
  route(router, context, api.passkeys.link, async ({ params, caller }) => passkeys.link(params.id, caller));
  route(router, context, api.passkeys.confirm, async ({ params, caller }) => passkeys.confirm(params.id, caller));

  router.post([api.passkeys.open.path, api.passkeys.finish.path], fromOwnPages(publicUrl));
  route(router, context, api.passkeys.open, async ({ body, source }) => ceremonies.open(body.token, source));
  route(router, context, api.passkeys.finish, async ({ body, source }) => ceremonies.finish(body.token, body.credential, source));
}

/** Browsers say where a script comes from; no page but ours has anything to ask here. */
const fromOwnPages =
  (publicUrl: string): RequestHandler =>
  ({ headers: { origin } }, _response, next) => {
    if (origin !== undefined && origin !== publicUrl) throw new DomainError('access.denied', `Only pages of ${publicUrl} may ask this.`);
    next();
  };
