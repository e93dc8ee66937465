/** The forms of our own pages for signing in, and where a login in the browser begins, whatever it is for. */
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { api } from '../../shared/api/index.ts';
import { assertedCredential } from '../../shared/api/passkeys.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { browserSecretOf, forgetBrowserSecret, keepBrowserSecret } from '../http/browser-secret.ts';
import { formRoute, type FormValues } from '../http/form-route.ts';
import { sendPage, type PasskeyForm } from '../http/page.ts';
import { keepSession } from '../http/session-cookie.ts';
import type { SourceOf } from '../http/source-address.ts';
import type { Provider } from '../identity/provider-store.ts';
import { plainly } from './authorization-request-rules.ts';
import { choicePage, unknownProviderPage } from './browser-login-pages.ts';
import { browserLoginSeconds } from './browser-login-store.ts';
import type { BegunLogin, BrowserLoginService } from './browser-login-service.ts';
import { newPasswordPath, passkeyPath, passwordPath, secondFactorPath, type FormOf } from './login-form-rules.ts';
import type { ArrivingPurpose } from './login-purpose-rules.ts';
import type { BegunSecrets, BrowserSecrets, PageLoginService, PageStep } from './page-login-service.ts';
import { arrivedPage, askingPage, formAlonePage, passkeyAloneForm, waitPage } from './password-pages.ts';
import { signInWay } from './sign-in-rules.ts';
import type { UiSignIn } from './ui-sign-in.ts';

export interface SignInOptions {
  readonly logins: Pick<BrowserLoginService, 'providers' | 'begin'>;
  readonly pages: PageLoginService;
  readonly passkeyOffer: PasskeyOffer;
  readonly sourceOf: SourceOf;
  readonly canReset: boolean;
}
/** Somebody at the beginning of a login. */
export interface SignInWish {
  readonly purpose: ArrivingPurpose;
  /** A provider's name, or `ownProvider`; undefined: the person has said nothing. */
  readonly wanted: string | undefined;
  /** Whoever signs in is asked anew, though their provider still knows the browser. */
  readonly isFresh?: boolean;
}
export type SignIn = (request: Request, response: Response, wish: SignInWish) => Promise<void>;

/** For a page on which a passkey is one of several ways; undefined: nobody could use one. */
export type PasskeyOffer = (request: Request, response: Response, purpose: ArrivingPurpose) => Promise<PasskeyForm | undefined>;

export const createPasskeyOffer =
  ({ pages, sourceOf }: Pick<SignInOptions, 'pages' | 'sourceOf'>): PasskeyOffer =>
  async (request, response, purpose) => {
    const begun = await pages.beginByPasskey(purpose, sourceOf(request));
    if (begun?.passkey === undefined) return undefined;
    keep(response, begun, 'Strict');
    return passkeyAloneForm(begun.state, begun.passkey);
  };

/** Sends the person on to a provider, shows our own form, or asks which it shall be. */
export const createSignIn =
  ({ logins, pages, passkeyOffer, sourceOf, canReset }: SignInOptions): SignIn =>
  async (request, response, { purpose, wanted, isFresh = false }) => {
    await orWait(response, async () => {
      const providers = await logins.providers();
      const way = signInWay<Provider>(providers, wanted);
      const source = sourceOf(request);
      switch (way.kind) {
        case 'unknown':
          sendPage(response, 404, unknownProviderPage(purpose));
          return;
        case 'choice':
          sendPage(response, 200, { ...choicePage(providers, purpose, isFresh), passkey: await passkeyOffer(request, response, purpose) });
          return;
        case 'provider': {
          goToProvider(response, await logins.begin(way.provider, purpose, source, { ...plainly, isFresh }));
          return;
        }
        case 'password': {
          const begun = await pages.begin(purpose, source);
          keep(response, begun, 'Strict');
          sendPage(
            response,
            200,
            askingPage({ kind: 'password', email: '', passkey: begun.passkey }, { state: begun.state, purpose, canReset }),
          );
        }
      }
    });
  };

const keep = (response: Response, { state, browser }: BegunSecrets, sameSite: 'Lax' | 'Strict'): void =>
  keepBrowserSecret(response, { state, secret: browser, seconds: browserLoginSeconds, sameSite });

/** With the secret by which this browser is known when it comes back; or back from there, with the session of whoever signed in to the UI. */
export function goToProvider(response: Response, { redirectTo, kept, opened }: BegunLogin): void {
  if (kept !== undefined) keep(response, kept, 'Lax');
  if (opened !== undefined) keepSession(response, opened);
  redirect(response, redirectTo);
}

export function redirect(response: Response, to: string): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Location', to);
  response.status(303).end();
}

export interface PageLoginRoutes {
  readonly pages: PageLoginService;
  readonly uiSignIn: UiSignIn;
  readonly sourceOf: SourceOf;
  readonly logger: Logger;
  readonly publicUrl: string;
  /** The server sends mail, by which a forgotten password is replaced. */
  readonly canReset: boolean;
}

export function pageLoginRoutes(router: Router, { pages, uiSignIn, sourceOf, logger, publicUrl, canReset }: PageLoginRoutes): void {
  const step = (path: string, take: (form: FormValues, secrets: BrowserSecrets, request: Request) => Promise<PageStep>): void => {
    formRoute(router, { logger, publicUrl }, path, async (form, request, response) => {
      const state = form.get('login') ?? '';
      const secrets = { state, browser: browserSecretOf(request, state) };
      await orWait(response, async () => {
        const taken = await take(form, secrets, request);
        if (taken.next.kind === 'arrived' && taken.purpose.kind === 'ui') {
          const opened = await uiSignIn(taken.next.code, sourceOf(request));
          forgetBrowserSecret(response, state);
          keepSession(response, opened);
          redirect(response, taken.purpose.next);
        } else sendStep(response, taken, { state, canReset });
      });
    });
    router.get(path, (_request, response) => {
      response.setHeader('Allow', 'POST');
      sendPage(response, 405, formAlonePage);
    });
  };

  step(passwordPath, async (form, secrets, request) => {
    const given = filledIn(api.login.password.body, { email: form.get('email')?.trim(), password: form.get('password') });
    return pages.password(secrets, given, sourceOf(request));
  });
  step(passkeyPath, async (form, secrets, request) => {
    const given = filledIn(givenAlone, { step: form.get('step'), credential: form.get('passkey') });
    return pages.passkeyAlone(secrets, given, sourceOf(request));
  });
  step(secondFactorPath, async (form, secrets, request) => {
    const passkey = form.get('passkey');
    if (passkey !== undefined)
      return pages.passkey(secrets, filledIn(givenPasskey, { mfaToken: form.get('step'), credential: passkey }), sourceOf(request));
    const given = filledIn(api.login.secondFactor.body, { mfaToken: form.get('step'), code: form.get('code') });
    return pages.secondFactor(secrets, given, sourceOf(request));
  });
  step(newPasswordPath, async (form, secrets, request) => {
    const given = filledIn(api.login.changePassword.body, { changeToken: form.get('step'), newPassword: form.get('password') });
    return pages.newPassword(secrets, { ...given, again: form.get('again') ?? '' }, sourceOf(request));
  });
}

/** The form's script writes what the browser gave as JSON. */
const credentialText = z
  .string()
  .max(30_000)
  .transform((text, { addIssue }) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      addIssue('is no JSON');
      return z.NEVER;
    }
  })
  .pipe(assertedCredential);
const givenPasskey = z.object({ mfaToken: api.login.secondFactor.body.shape.mfaToken, credential: credentialText });
const givenAlone = z.object({ step: z.string().max(200), credential: credentialText });

function sendStep(response: Response, { purpose, next }: PageStep, { state, canReset }: Omit<FormOf, 'purpose'>): void {
  if (next.kind !== 'arrived') {
    sendPage(response, next.refusal?.status ?? 200, askingPage(next, { state, purpose, canReset }));
    return;
  }
  forgetBrowserSecret(response, state);
  sendPage(response, 200, arrivedPage(purpose, next.code));
}

/** Whoever has tried too often reads for how long, in words. */
async function orWait(response: Response, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DomainError) || error.retryAfterSeconds === undefined) throw error;
    response.setHeader('Retry-After', String(error.retryAfterSeconds));
    sendPage(response, error.status, waitPage(error.retryAfterSeconds));
  }
}

/** The API's own limits hold for forms. Browsers see to it that nothing is left out. */
function filledIn<Output>(schema: z.ZodType<Output>, given: unknown): Output {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new DomainError('request.invalid', 'The form was not filled in, or with far more than it takes. Go back and fill it in again.');
}
