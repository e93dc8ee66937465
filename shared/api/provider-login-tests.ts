/** A real login at an identity provider that an admin makes to try it: it opens nothing and creates nobody, and tells that admin what came. */
import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { idParams, providerId, providerLoginTestId, time } from './values.ts';

export const loginTestStep = z.object({
  step: z.enum(['sign-in', 'person', 'account', 'groups', 'second-factor', 'refresh-token']),
  outcome: z.enum(['ok', 'failed', 'unknown']),
  /** What was found, or what is wrong and what to do. */
  detail: z.string(),
});
export type LoginTestStep = z.output<typeof loginTestStep>;

export const loginTestResult = z.object({
  /** A problem code when a login like this one would be refused; null: it would open a session. */
  refusal: z.string().nullable(),
  /** In order; after a failure the later ones are `unknown`. */
  steps: z.array(loginTestStep),
  /** What the ID token said, as `whoami --why` shows it; null: none that holds came. */
  claims: z.record(z.string(), z.unknown()).nullable(),
  /** Cut at 200. `here`: what it is called here; `exists`: whether it is there already. */
  groups: z.array(z.object({ there: z.string(), here: z.string(), exists: z.boolean() })),
  groupCount: z.int(),
});
export type LoginTestResult = z.output<typeof loginTestResult>;

export const providerLoginTests = {
  /** Of a closed provider as well. The link is good once, for ten minutes, in any browser; what comes of it is for this caller alone. */
  begin: endpoint({
    name: 'providerLoginTests.begin',
    summary: 'Begin to try an identity provider with a real login in the browser',
    method: 'POST',
    path: '/api/v1/identity-providers/:id/login-tests',
    access: 'admin',
    params: idParams(providerId),
    result: z.object({ id: providerLoginTestId, url: z.string(), expiresAt: time }),
    status: 201,
  }),
  /** For who began it, and nobody else. */
  get: endpoint({
    name: 'providerLoginTests.get',
    summary: 'What came of a login that tries an identity provider',
    method: 'GET',
    path: '/api/v1/identity-providers/:id/login-tests/:test',
    access: 'admin',
    params: z.strictObject({ id: providerId, test: providerLoginTestId }),
    result: z.object({
      id: providerLoginTestId,
      /** `waiting`: the link was not used · `under-way`: somebody went on to the provider · `over`: nobody came back in time. */
      state: z.enum(['waiting', 'under-way', 'done', 'over']),
      expiresAt: time,
      result: loginTestResult.nullable(),
    }),
  }),
};
