/** The login by a code: two calls for the program that asks, and the pages of the person who decides. */
import type { Request, Response, Router } from 'express';
import { devicePath } from '../../shared/api/device-login.ts';
import { api } from '../../shared/api/index.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Clock } from '../../shared/clock.ts';
import { formRoute, type FormContext } from '../http/form-route.ts';
import { pageRoute, readCookie, sendPage } from '../http/page.ts';
import { route, type RouteContext } from '../http/route.ts';
import type { BrowserLoginService } from './browser-login-service.ts';
import type { DeviceApprovalService } from './device-approval-service.ts';
import {
  approvedPage,
  codePage,
  decisionPage,
  deniedPage,
  deviceFailedPage,
  signInPage,
  wrongCodePage,
  type Look,
} from './device-login-pages.ts';
import type { DeviceLoginService } from './device-login-service.ts';
import {
  deviceApprovedPath,
  deviceApprovePath,
  deviceDeniedPath,
  deviceFailedPath,
  deviceSignInPath,
  type DevicePurpose,
} from './login-purpose-rules.ts';
import { redirect, type PasskeyOffer, type SignIn } from './page-login-routes.ts';

export interface DeviceLoginRoutes extends FormContext {
  readonly devices: DeviceLoginService;
  readonly approvals: DeviceApprovalService;
  readonly logins: Pick<BrowserLoginService, 'providers'>;
  readonly signIn: SignIn;
  readonly passkeyOffer: PasskeyOffer;
  readonly clock: Clock;
}

export function deviceLoginRoutes(router: Router, context: RouteContext, parts: DeviceLoginRoutes): void {
  const { devices, approvals, logger, clock } = parts;
  const lookOf = (request: Request): Look => ({ source: context.source(request), now: clock.now() });

  route(router, context, api.login.device, async ({ body, source }) => devices.begin(body, source));
  route(router, context, api.login.deviceToken, async ({ body, source }) => devices.poll(body, source));

  // A code in the address is not even looked at: who follows a link would decide about what a stranger asked for (RFC 8628 §5.4).
  pageRoute(router, logger, devicePath, async (_request, response) => {
    sendPage(response, 200, codePage);
  });
  formRoute(router, parts, devicePath, async (form, request, response) => {
    const entered = await approvals.enter(form.get('code') ?? '', context.source(request));
    if (entered === undefined) {
      sendPage(response, 400, wrongCodePage);
      return;
    }
    keepBrowser(response, entered.browser, entered.seconds);
    redirect(response, deviceSignInPath);
  });

  pageRoute(router, logger, deviceSignInPath, async (request, response) => {
    const login = await approvals.asked(browserOf(request));
    const { provider: wanted } = request.query;
    const purpose: DevicePurpose = { kind: 'device', deviceLoginId: login.id };
    // What was asked for is seen before anything else, even where there is one way to sign in.
    if (wanted === undefined) {
      const page = signInPage(await parts.logins.providers(), purpose, login, lookOf(request));
      sendPage(response, 200, { ...page, passkey: await parts.passkeyOffer(request, response, purpose) });
    } else await parts.signIn(request, response, { purpose, wanted: typeof wanted === 'string' ? wanted : '' });
  });

  pageRoute(router, logger, deviceApprovePath, async (request, response) => {
    const { code } = request.query;
    if (typeof code !== 'string')
      throw new DomainError('request.malformed', `This address is not whole. Begin at ${parts.publicUrl}${devicePath}`);
    const { login, identity } = await approvals.toDecide({ browser: browserOf(request), code });
    sendPage(response, 200, decisionPage(login, identity.name, code, lookOf(request)));
  });
  formRoute(router, parts, deviceApprovePath, async (form, request, response) => {
    const decision = form.get('decision');
    if (decision !== 'approved' && decision !== 'denied')
      throw new DomainError('request.malformed', 'The form says neither Approve nor Deny. Go back and press one of them.');
    await approvals.decide({ browser: browserOf(request), code: form.get('code') ?? '' }, decision, context.source(request));
    keepBrowser(response, '', 0);
    redirect(response, decision === 'approved' ? deviceApprovedPath : deviceDeniedPath);
  });

  pageRoute(router, logger, deviceApprovedPath, async (_request, response) => {
    sendPage(response, 200, approvedPage);
  });
  pageRoute(router, logger, deviceDeniedPath, async (_request, response) => {
    sendPage(response, 200, deniedPage);
  });
  pageRoute(router, logger, deviceFailedPath, async (request, response) => {
    sendPage(response, 200, deviceFailedPage(request.query['error']));
  });
}

/** One for a browser: it decides about one code at a time, the one typed last. */
const cookieName = '__Host-infra-device';

/** `Lax`: it must come along when the provider, another site, sends the person back by a link; other sites' forms come without. */
function keepBrowser(response: Response, secret: string, seconds: number): void {
  response.setHeader('Set-Cookie', `${cookieName}=${secret}; Path=/; Max-Age=${seconds}; Secure; HttpOnly; SameSite=Lax`);
}
const browserOf = (request: Request): string | undefined => readCookie(request, cookieName);
