/** People, groups and workloads with something to see of each, and texts that try to break out of the page. */
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { loginByBrowser } from '../support/browser.ts';
import { enrolConnector } from '../support/enrolled-connector.ts';
import { startOidcProvider, type OidcProvider } from '../support/oidc-provider.ts';
import { newPerson, startServer, type RunningServer } from '../support/server.ts';

/** What others write about themselves: markup, ANSI, a turned direction, and more than a line. */
export const hostile = {
  markup: '<img src=x onerror=alert(1)><script>alert(2)</script>',
  ansi: '\u001b[31mred\u001b[0m',
  turned: 'user\u202egro.live\u202c',
  long: 'long'.repeat(2500),
} as const;

export interface Stage {
  readonly server: RunningServer;
  readonly admin: Call;
  readonly idp: OidcProvider;
  /** Of ana@example.com, who signs in at acme, in a session of hers. */
  readonly ana: Call;
  readonly anaId: string;
  readonly destinationId: string;
  stop(): Promise<void>;
}

export const viewer = { email: 'viewer@example.com', password: 'a lantern in the harbour' } as const;

/** Ana is in `acme/platform`, which may view prod, and in `oncall`, which holds a grant with a second factor; `viewer` may see all of infra. */
export async function setStage(): Promise<Stage> {
  const server = await startServer();
  const admin = await server.admin();
  const idp = await startOidcProvider([`${server.url}/login/callback/acme`]);
  await admin(api.identityProviders.create, {
    body: {
      ...{ name: 'acme', kind: 'okta', issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret },
      emailDomains: ['example.com'],
    },
  });
  idp.people.set('ana', {
    email: 'ana@example.com',
    email_verified: true,
    groups: ['platform'],
    name: hostile.markup,
    realm_access: { roles: [hostile.ansi, hostile.turned, hostile.long] },
  });
  idp.signIn('ana');
  const { call: ana, session } = await loginByBrowser(server, 'acme');
  const { destinationId } = await enrolConnector(server, 'prod');
  const oncall = await admin(api.groups.create, { body: { name: 'oncall' } });
  await admin(api.groups.addMember, { params: { id: oncall.id }, body: { identity: 'ana@example.com' } });
  for (const [subject, role, resource, more] of [
    ['group:acme/platform', 'view', 'prod', {}],
    ['group:oncall', 'edit', 'prod.web', { mfaSeconds: 900 }],
    ['ana@example.com', 'admin', 'prod.shop', { reason: hostile.markup }],
    [viewer.email, 'view', 'infra', {}],
  ] as const) {
    if (subject === viewer.email) await newPerson(server, viewer.email, viewer.password);
    await admin(api.grants.create, { body: { subject, role, resource, ...more } });
  }
  return {
    ...{ server, admin, idp, ana, anaId: session.identity.id, destinationId },
    stop: async () => {
      await server.stop();
      await idp.stop();
    },
  };
}
