/** Defences of taking an account off a user: taken out of the built server one by one, each attack succeeds. */
import { api } from '../../shared/api/index.ts';
import type { UserId } from '../../shared/api/values.ts';
import { attempt, type FederationStage } from '../security/federation-stage.ts';
import { loginByBrowser } from '../support/browser.ts';
import { groupUrn, newScimClient, userUrn } from '../support/scim.ts';
import { adminEmail } from '../support/server.ts';
import { brokenIf, cutIn } from './defence.ts';
import { describeServerDefences, succeeds, type ServerDefence } from './describe-server-defences.ts';

const policy = cutIn('identity/identity-policy.js');

const inside = async ({ server }: FederationStage) => {
  const opened = await loginByBrowser(server, 'acme');
  // Of a user it is the id of one.
  return { ...opened, params: { id: opened.session.identity.id as string as UserId, provider: 'acme' } };
};

const defences: readonly ServerDefence[] = [
  {
    name: 'an account that was taken off stays out',
    row: 16,
    cut: cutIn('identity/account-rules.js')('known.isUnlinked === true', 'false'),
    attack: async (stage) => {
      const { params } = await inside(stage);
      await (
        await stage.server.admin()
      )(api.users.unlink, { params });
      return brokenIf((await attempt(stage.server)).answer.has('code'));
    },
  },
  {
    name: 'it stays out when its provider is closed and opened',
    row: 16,
    cut: cutIn('identity/account-store.js')(".set({ state: 'ended' }).where('state', '!=', 'unlinked')", ".set({ state: 'ended' })"),
    attack: async (stage) => {
      const { params } = await inside(stage);
      const admin = await stage.server.admin();
      await admin(api.users.unlink, { params });
      await admin(api.identityProviders.disable, { params: { id: stage.acme.id } });
      await admin(api.identityProviders.enable, { params: { id: stage.acme.id } });
      return brokenIf((await attempt(stage.server)).answer.has('code'));
    },
  },
  {
    name: 'its directory’s groups are none of who was taken off',
    row: 11,
    cut: cutIn('identity/provisioned-groups.js')('!unlinked.has(id)', 'true'),
    attack: async (stage) => {
      const { params } = await inside(stage);
      const admin = await stage.server.admin();
      const scim = await newScimClient(stage.server, stage.acme);
      const { person } = stage.evil;
      const given = await scim.post('/Users', { schemas: [userUrn], userName: person['email'], externalId: person['sub'] });
      await admin(api.users.unlink, { params });
      await scim.post('/Groups', { schemas: [groupUrn], displayName: 'pushed', members: [{ value: given.body.id }] });
      return brokenIf((await admin(api.users.get, { params: { id: params.id } })).groups.length > 0);
    },
  },
  {
    name: 'an admin who was taken off the only account is not who remains',
    row: 32,
    cut: cutIn('grants/lasting-admin-store.js')(
      "eb('id', 'not in', db.selectFrom('accounts').select('identity_id').where('state', '=', 'unlinked'))",
      "eb('id', '!=', '')",
    ),
    attack: async (stage) => {
      const { params, session } = await inside(stage);
      const admin = await stage.server.admin();
      await admin(api.grants.create, { body: { subject: session.identity.name, role: 'admin', resource: 'infra' } });
      await admin(api.users.unlink, { params });
      const { items } = await admin(api.users.list, { query: { email: adminEmail } });
      return succeeds(admin(api.users.disable, { params: { id: items[0]?.id ?? '' } }));
    },
  },
  {
    name: 'a key takes no account off its owner',
    row: 23,
    cut: policy("asker.session.method === 'access-key' || ", ''),
    attack: async (stage) => {
      const { call, params } = await inside(stage);
      const { secret } = await call(api.accessKeys.create, { body: { name: 'stolen' } });
      const opened = await stage.server.client()(api.login.accessKey, { body: { key: secret } });
      return succeeds(stage.server.client(opened.secret)(api.users.unlink, { params }));
    },
  },
];

describeServerDefences('taking an account off a user', defences);
