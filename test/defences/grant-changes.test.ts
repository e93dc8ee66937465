/** Defences of changing grants and of what overviews tell: taken out of the built server one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import type { GrantId } from '../../shared/api/values.ts';
import { loginByBrowser } from '../support/browser.ts';
import { adminEmail, newPerson } from '../support/server.ts';
import { brokenIf, cutIn } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const changes = cutIn('grants/grant-change-service.js');

const adminGrant = async (admin: Call): Promise<GrantId> => {
  const { items } = await admin(api.grants.list, { query: { subject: adminEmail, role: 'admin', resource: 'infra' } });
  return items[0]!.id;
};
const tomorrow = (): string => new Date(Date.now() + 86_400_000).toISOString();

const defences: readonly ServerDefence[] = [
  {
    name: 'the last admin’s grant gets no end',
    row: 32,
    cut: changes('after.until !== null && before.until === null && isAdminRight(after)', 'false'),
    attack: async ({ server }) => {
      const admin = await server.admin();
      return succeeds(admin(api.grants.update, { params: { id: await adminGrant(admin) }, body: { until: tomorrow() } }));
    },
  },
  {
    name: 'the last admin’s grant does not go among others',
    row: 32,
    cut: changes('await stores.accessChanges.assertAdminRemains();\n            return { removed', 'return { removed'),
    attack: async ({ server }) => {
      const admin = await server.admin();
      return succeeds(admin(api.grants.removeMany, { body: { ids: [await adminGrant(admin)] } }));
    },
  },
  {
    name: 'a grant is changed by the rules of making one',
    row: 11,
    cut: changes('if (fault !== undefined)\n        throw invalid(fault);', ''),
    attack: async ({ server }) => {
      const admin = await server.admin();
      await admin(api.destinations.create, { body: { name: 'prod' } });
      await admin(api.workloads.create, { body: { name: 'robot' } });
      const { grant } = await admin(api.grants.create, { body: { subject: 'workload:robot', role: 'view', resource: 'prod' } });
      return succeeds(admin(api.grants.update, { params: { id: grant.id }, body: { mfaSeconds: 900 } }));
    },
  },
  {
    name: 'a provider’s word of a person is not for who may only look',
    row: 23,
    cut: cutIn('grants/why.js')("serverRoles.has('admin') ? why : withoutClaims(why)", 'why'),
    attack: async ({ server }) => {
      const { session } = await loginByBrowser(server, 'acme');
      const viewer = await newPerson(server, 'viewer@example.com');
      const admin = await server.admin();
      await admin(api.grants.create, { body: { subject: 'viewer@example.com', role: 'view', resource: 'infra' } });
      // Of a user it is the id of one.
      const { accounts } = await viewer.call(api.users.why, { params: { id: session.identity.id } });
      return brokenIf(accounts.some(({ claims }) => claims !== null));
    },
  },
  {
    name: 'what ends with others is not for strangers',
    row: 23,
    cut: cutIn('leases/revocation-impact.js')("identity.id === ownerId || serverRoles.has('view')", 'true'),
    attack: async ({ server }) => {
      const owner = await newPerson(server, 'owner@example.com');
      const stranger = await newPerson(server, 'stranger@example.com');
      return succeeds(stranger.call(api.revocations.impact, { query: { user: owner.id } }));
    },
  },
];

describeServerDefences('changed grants and overviews', defences);
