import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { LoginGoal } from './login-goal.ts';
import type { OpenedSession } from './open-session.ts';
import type { SecondFactorLogin } from './second-factor-login.ts';
import type { SecondFactorService } from './second-factor-service.ts';

export interface SecondFactorServices {
  readonly secondFactors: SecondFactorService;
  readonly secondFactorLogin: SecondFactorLogin;
  readonly toSession: LoginGoal<OpenedSession>;
}

export function secondFactorRoutes(
  router: Router,
  context: RouteContext,
  { secondFactors, secondFactorLogin, toSession }: SecondFactorServices,
): void {
  route(router, context, api.login.secondFactor, async ({ body, source }) => secondFactorLogin(body, source, toSession));

  route(router, context, api.secondFactors.list, async ({ caller }) => secondFactors.list(caller));
  route(router, context, api.secondFactors.begin, async ({ body, caller }) => secondFactors.begin(body, caller));
  route(router, context, api.secondFactors.confirm, async ({ params, body, caller }) =>
    secondFactors.confirm(params.id, body.code, caller),
  );
  route(router, context, api.secondFactors.remove, async ({ params, body, caller }) => secondFactors.remove(params.id, body.code, caller));
  route(router, context, api.secondFactors.renewRecoveryCodes, async ({ body, caller }) =>
    secondFactors.renewRecoveryCodes(body.code, caller),
  );
  route(router, context, api.secondFactors.prove, async ({ body, caller }) => secondFactors.prove(body.code, caller));
  route(router, context, api.secondFactors.reset, async ({ params, caller }) => secondFactors.reset(params.id, caller));
}
