/** Calls about identity providers, and the audit events that each writes. */
import { api } from '../../shared/api/index.ts';
import { exchange, loginByBrowser, loginUrl, newBrowser, newCliSide } from '../support/browser.ts';
import { approve, askForCode, poll } from '../support/device-login.ts';
import { at, type AuditedChange, type Stage } from './audit-stage.ts';

const connect = async ({ admin, idp }: Stage, name: string) =>
  admin(api.identityProviders.create, {
    body: {
      ...{ name, kind: 'okta', issuer: idp.issuer, clientId: idp.clientId, clientSecret: idp.clientSecret },
      emailDomains: ['example.com'],
    },
  });
/** The one name that the provider knows a redirect for: whoever used it takes it away again. */
const connected = async (stage: Stage): Promise<{ readonly id: string; readonly remove: () => Promise<unknown> }> => {
  const { id } = await connect(stage, 'stage');
  stage.idp.people.set(stage.name, { email: `${stage.name}-okta@example.com`, email_verified: true, groups: ['crew'] });
  stage.idp.signIn(stage.name);
  return { id, remove: async () => stage.admin(api.identityProviders.remove, at(id)) };
};

const fedEvents = ['session.ended ADMIN NAME-okta@example.com', 'group.member-removed ADMIN stage/crew'];

export const auditedProviderChanges: Readonly<Record<string, AuditedChange>> = {
  'identityProviders.create': {
    arrange: async (stage) => async () => connect(stage, stage.name),
    writes: ['provider.added ADMIN NAME'],
  },
  'identityProviders.update': {
    arrange: async (stage) => {
      const { id } = await connect(stage, stage.name);
      return async () => stage.admin(api.identityProviders.update, { ...at(id), body: { createUsers: false } });
    },
    writes: ['provider.updated ADMIN NAME'],
  },
  'identityProviders.test': {
    arrange: async (stage) => {
      const { id } = await connect(stage, stage.name);
      return async () => stage.admin(api.identityProviders.test, at(id));
    },
    writes: [],
  },
  'providerLoginTests.begin': {
    arrange: async (stage) => {
      const { id } = await connect(stage, stage.name);
      return async () => stage.admin(api.providerLoginTests.begin, at(id));
    },
    writes: ['provider.login-test-begun ADMIN NAME'],
  },
  'identityProviders.sync': {
    arrange: async (stage) => {
      const { id, remove } = await connected(stage);
      await loginByBrowser(stage.server, 'stage');
      return async () => {
        await stage.admin(api.identityProviders.sync, at(id));
        stage.cleanUp.push(remove);
      };
    },
    writes: ['provider.sync-asked ADMIN stage'],
  },
  'identityProviders.disable': {
    arrange: async (stage) => {
      const { id, remove } = await connected(stage);
      await loginByBrowser(stage.server, 'stage');
      return async () => {
        await stage.admin(api.identityProviders.disable, at(id));
        stage.cleanUp.push(remove);
      };
    },
    writes: [...fedEvents, 'provider.disabled ADMIN stage'],
  },
  'identityProviders.enable': {
    arrange: async (stage) => {
      const { id } = await connect(stage, stage.name);
      await stage.admin(api.identityProviders.disable, at(id));
      return async () => stage.admin(api.identityProviders.enable, at(id));
    },
    writes: ['provider.enabled ADMIN NAME'],
  },
  'identityProviders.remove': {
    arrange: async (stage) => {
      const { remove } = await connected(stage);
      await loginByBrowser(stage.server, 'stage');
      return remove;
    },
    writes: [...fedEvents, 'group.removed ADMIN stage/crew', 'provider.removed ADMIN stage'],
  },
  'users.unlink': {
    arrange: async (stage) => {
      const { remove } = await connected(stage);
      const { session } = await loginByBrowser(stage.server, 'stage');
      stage.cleanUp.push(remove);
      return async () => stage.admin(api.users.unlink, { params: { id: session.identity.id, provider: 'stage' } });
    },
    writes: [...fedEvents, 'account.unlinked ADMIN NAME-okta@example.com'],
  },
  'users.relink': {
    arrange: async (stage) => {
      const { remove } = await connected(stage);
      const { session } = await loginByBrowser(stage.server, 'stage');
      const params = { id: session.identity.id as never, provider: 'stage' };
      await stage.admin(api.users.unlink, { params });
      stage.cleanUp.push(remove);
      return async () => stage.admin(api.users.relink, { params });
    },
    writes: ['account.relinked ADMIN NAME-okta@example.com'],
  },
  'scimTokens.create': {
    arrange: async (stage) => {
      const { id } = await connect(stage, stage.name);
      return async () => stage.admin(api.scimTokens.create, { ...at(id), body: {} });
    },
    writes: ['scim-token.added ADMIN NAME'],
  },
  'scimTokens.remove': {
    arrange: async (stage) => {
      const { id } = await connect(stage, stage.name);
      const { scimToken } = await stage.admin(api.scimTokens.create, { ...at(id), body: {} });
      return async () => stage.admin(api.scimTokens.remove, { params: { ...at(id).params, token: scimToken.id } });
    },
    writes: ['scim-token.removed ADMIN NAME'],
  },
  'login.device': {
    arrange:
      async ({ server }) =>
      async () =>
        askForCode(server),
    writes: ['device-login.asked anonymous '],
  },
  'login.deviceToken': {
    arrange: async (stage) => {
      const { remove } = await connected(stage);
      const asking = await askForCode(stage.server);
      await approve(stage.server, asking.begun.userCode, 'stage');
      stage.cleanUp.push(remove);
      return async () => poll(stage.server, asking);
    },
    writes: ['login.succeeded NAME-okta@example.com provider'],
  },
  'login.browser': {
    arrange: async (stage) => {
      const { remove } = await connected(stage);
      const cli = newCliSide();
      const { url } = await newBrowser(stage.server).walk(loginUrl(stage.server, cli, 'stage'));
      stage.cleanUp.push(remove);
      return async () => exchange(stage.server, url, cli);
    },
    writes: ['login.succeeded NAME-okta@example.com provider'],
  },
};
