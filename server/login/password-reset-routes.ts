import type { Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { PasswordResetService } from './password-reset-service.ts';

export function passwordResetRoutes(router: Router, context: RouteContext, resets: PasswordResetService): void {
  route(router, context, api.login.requestReset, async ({ body, source }) => resets.ask(body.email, source));
  route(router, context, api.login.resetPassword, async ({ body, source }) => resets.use(body.token, body.newPassword, source));
  route(router, context, api.users.mailPasswordReset, async ({ params, caller }) => resets.order(params.id, caller));
}
