/** The login by a code where the setting `deviceLogin` has closed it (ADR 43): every call and every page says so, and nothing is behind them. */
import type { Router } from 'express';
import { devicePath } from '../../shared/api/device-login.ts';
import { api } from '../../shared/api/index.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { formRoute, type FormContext } from '../http/form-route.ts';
import { pageRoute, sendPage } from '../http/page.ts';
import { route, type RouteContext } from '../http/route.ts';
import { closedPage } from './device-login-pages.ts';
import { deviceApprovedPath, deviceApprovePath, deviceDeniedPath, deviceFailedPath, deviceSignInPath } from './login-purpose-rules.ts';

export function closedDeviceLoginRoutes(router: Router, context: RouteContext, parts: FormContext): void {
  route(router, context, api.login.device, async () => Promise.reject(closed()));
  route(router, context, api.login.deviceToken, async () => Promise.reject(closed()));
  for (const path of [devicePath, deviceSignInPath, deviceApprovePath, deviceApprovedPath, deviceDeniedPath, deviceFailedPath])
    pageRoute(router, parts.logger, path, async (_request, response) => sendPage(response, 403, closedPage));
  for (const path of [devicePath, deviceApprovePath])
    formRoute(router, parts, path, async (_form, _request, response) => sendPage(response, 403, closedPage));
}

const closed = (): DomainError =>
  new DomainError(
    'device-login.closed',
    'Logins by a code are closed on this server. Log in where a browser can be opened (infra login), with a password (--user EMAIL), an access key (--key-stdin) or the token of a workload (--workload FILE).',
  );
