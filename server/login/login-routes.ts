import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import { forgetSession } from '../http/session-cookie.ts';
import type { AccessKeyService } from './access-key-service.ts';
import type { BrowserLoginService } from './browser-login-service.ts';
import type { LoginGoal } from './login-goal.ts';
import type { LoginService } from './login-service.ts';
import type { OpenedSession } from './open-session.ts';
import type { SessionService } from './session-service.ts';
import type { SetupService } from './setup-service.ts';
import type { WorkloadLogin } from './workload-login.ts';

export interface LoginServices {
  readonly login: LoginService;
  readonly toSession: LoginGoal<OpenedSession>;
  readonly sessions: SessionService;
  readonly accessKeys: AccessKeyService;
  readonly setup: SetupService;
  readonly browserLogins: BrowserLoginService;
  readonly workloads: WorkloadLogin;
}

export function loginRoutes(router: Router, context: RouteContext, services: LoginServices): void {
  const { login, toSession, sessions, accessKeys, setup, browserLogins, workloads } = services;
  route(router, context, api.server.setup, async ({ body, source }) => setup.use(body, source));

  route(router, context, api.login.password, async ({ body, source }) => login.withPassword(body, source, toSession));
  route(router, context, api.login.changePassword, async ({ body, source }) => login.changePassword(body, source, toSession));
  route(router, context, api.login.browser, async ({ body, source }) => browserLogins.exchange(body, source));
  route(router, context, api.login.accessKey, async ({ body, source }) => login.withAccessKey(body.key, source));
  route(router, context, api.login.workload, async ({ body, source }) => workloads.withToken(body.token, source));

  route(router, context, api.sessions.current, async ({ caller }) => sessions.whoami(caller));
  route(router, context, api.sessions.logout, async ({ caller, response }) => {
    const ended = await sessions.logout(caller);
    if (caller.session.client === 'browser') forgetSession(response);
    return ended;
  });
  route(router, context, api.sessions.changeOwnPassword, async ({ body, caller }) =>
    login.changeOwnPassword(body.currentPassword, body.newPassword, caller),
  );
  route(router, context, api.sessions.list, async ({ query, caller }) => sessions.list(query, caller));
  route(router, context, api.sessions.revokeOthers, async ({ caller }) => sessions.revokeOthers(caller));
  route(router, context, api.sessions.revoke, async ({ params, caller }) => sessions.revoke(params.id, caller));

  route(router, context, api.accessKeys.list, async ({ query, caller }) => accessKeys.list(query, caller));
  route(router, context, api.accessKeys.create, async ({ body, caller }) => accessKeys.create(body, caller));
  route(router, context, api.accessKeys.remove, async ({ params, caller }) => accessKeys.remove(params.id, caller));
}
