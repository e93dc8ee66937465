/** Calls about people, workloads, groups, keys and sessions, and the audit events that each writes. */
import { api } from '../../shared/api/index.ts';
import { plantResetLink } from '../support/mail-server.ts';
import { at, grantTo, lease, password, type AuditedChange, type Stage } from './audit-stage.ts';

const group = async ({ admin, name }: Stage) => admin(api.groups.create, { body: { name } });
const key = async ({ person, name }: Stage) => person.call(api.accessKeys.create, { body: { name } });

export const auditedIdentityChanges: Readonly<Record<string, AuditedChange>> = {
  'server.setup': {
    arrange:
      async ({ server }) =>
      async () =>
        server
          .client()(api.server.setup, { body: { token: 'x', email: 'x@example.com', password } })
          .catch(() => undefined),
    writes: ['login.refused anonymous x@example.com'],
  },
  'login.password': {
    arrange:
      async ({ server, person }) =>
      async () =>
        server.login(person.email, person.password),
    writes: ['login.succeeded PERSON password'],
  },
  'login.changePassword': {
    arrange: async ({ server, admin, name }) => {
      const { user, oneTimePassword } = await admin(api.users.create, { body: { email: `${name}-new@example.com` } });
      const opened = await server.client()(api.login.password, { body: { email: user.email, password: oneTimePassword ?? '' } });
      if (opened.status !== 'password-change-required') throw new Error('a one-time password must be changed first');
      return async () =>
        server.client()(api.login.changePassword, { body: { changeToken: opened.changeToken, newPassword: `${password} anew` } });
    },
    writes: ['password.changed NAME-new@example.com NAME-new@example.com', 'login.succeeded NAME-new@example.com password'],
  },
  'login.requestReset': {
    arrange:
      async ({ server, person }) =>
      async () =>
        server.client()(api.login.requestReset, { body: { email: person.email } }),
    writes: ['password.reset-asked anonymous PERSON'],
  },
  'login.resetPassword': {
    arrange: async ({ server, person }) => {
      const token = plantResetLink(server, person.id);
      return async () => server.client()(api.login.resetPassword, { body: { token, newPassword: `${password} anew` } });
    },
    writes: ['session.ended PERSON PERSON', 'password.reset PERSON PERSON'],
  },
  'login.accessKey': {
    arrange: async (stage) => {
      const { secret } = await key(stage);
      return async () => stage.server.client()(api.login.accessKey, { body: { key: secret } });
    },
    writes: ['login.succeeded PERSON access-key'],
  },
  'sessions.logout': {
    arrange:
      async ({ person }) =>
      async () =>
        person.call(api.sessions.logout, {}),
    writes: ['session.ended PERSON PERSON'],
  },
  'sessions.changeOwnPassword': {
    arrange:
      async ({ person }) =>
      async () =>
        person.call(api.sessions.changeOwnPassword, { body: { currentPassword: person.password, newPassword: `${password} anew` } }),
    writes: ['password.changed PERSON PERSON'],
  },
  'sessions.logoutAtProvider': {
    arrange: async ({ server, person }) => {
      const { call } = await server.login(person.email, person.password);
      return async () => call(api.sessions.logoutAtProvider, {});
    },
    writes: ['session.ended PERSON PERSON'],
  },
  'sessions.revokeOthers': {
    arrange: async ({ server, person }) => {
      const { call } = await server.login(person.email, person.password);
      return async () => call(api.sessions.revokeOthers, {});
    },
    writes: ['session.ended PERSON PERSON'],
  },
  'sessions.revoke': {
    arrange: async ({ admin, person }) => {
      const { session } = await person.call(api.sessions.current, {});
      return async () => admin(api.sessions.revoke, at(session.id));
    },
    writes: ['session.ended ADMIN PERSON'],
  },
  'users.create': {
    arrange:
      async ({ admin, name }) =>
      async () =>
        admin(api.users.create, { body: { email: `${name}-new@example.com` } }),
    writes: ['user.added ADMIN NAME-new@example.com'],
  },
  'users.disable': {
    arrange: async (stage) => {
      await grantTo(stage, stage.person.email);
      await lease(stage);
      return async () => stage.admin(api.users.disable, at(stage.person.id));
    },
    writes: ['session.ended ADMIN PERSON', 'lease.revoked ADMIN PERSON', 'user.disabled ADMIN PERSON'],
  },
  'users.enable': {
    arrange: async ({ admin, person }) => {
      await admin(api.users.disable, at(person.id));
      return async () => admin(api.users.enable, at(person.id));
    },
    writes: ['user.enabled ADMIN PERSON'],
  },
  'users.remove': {
    arrange: async (stage) => {
      await grantTo(stage, stage.person.email);
      await key(stage);
      return async () => stage.admin(api.users.remove, at(stage.person.id));
    },
    writes: ['session.ended ADMIN PERSON', 'grant.removed ADMIN PERSON', 'access-key.removed ADMIN NAME', 'user.removed ADMIN PERSON'],
  },
  'users.resetPassword': {
    arrange:
      async ({ admin, person }) =>
      async () =>
        admin(api.users.resetPassword, at(person.id)),
    writes: ['session.ended ADMIN PERSON', 'user.password-reset ADMIN PERSON'],
  },
  'users.mailPasswordReset': {
    arrange:
      async ({ admin, person }) =>
      async () =>
        admin(api.users.mailPasswordReset, at(person.id)),
    writes: ['session.ended ADMIN PERSON', 'user.password-reset ADMIN PERSON'],
  },
  'users.revoke': {
    arrange:
      async ({ admin, person }) =>
      async () =>
        admin(api.users.revoke, at(person.id)),
    writes: ['session.ended ADMIN PERSON', 'user.revoked ADMIN PERSON'],
  },
  'workloads.create': {
    arrange:
      async ({ admin, name }) =>
      async () =>
        admin(api.workloads.create, { body: { name } }),
    writes: ['workload.added ADMIN NAME'],
  },
  'groups.create': { arrange: async (stage) => async () => group(stage), writes: ['group.added ADMIN NAME'] },
  'groups.remove': {
    arrange: async (stage) => {
      const { id } = await group(stage);
      await grantTo(stage, `group:${stage.name}`);
      return async () => stage.admin(api.groups.remove, at(id));
    },
    writes: ['grant.removed ADMIN NAME', 'group.removed ADMIN NAME'],
  },
  'groups.addMember': {
    arrange: async (stage) => {
      const { id } = await group(stage);
      return async () => stage.admin(api.groups.addMember, { params: { id }, body: { identity: stage.person.email } });
    },
    writes: ['group.member-added ADMIN NAME'],
  },
  'groups.removeMember': {
    arrange: async (stage) => {
      const { id } = await group(stage);
      await stage.admin(api.groups.addMember, { params: { id }, body: { identity: stage.person.email } });
      return async () => stage.admin(api.groups.removeMember, { params: { id, identity: stage.person.id } });
    },
    writes: ['group.member-removed ADMIN NAME'],
  },
  'accessKeys.create': { arrange: async (stage) => async () => key(stage), writes: ['access-key.added PERSON NAME'] },
  'accessKeys.remove': {
    arrange: async (stage) => {
      const { accessKey } = await key(stage);
      return async () => stage.admin(api.accessKeys.remove, at(accessKey.id));
    },
    writes: ['access-key.removed ADMIN NAME'],
  },
};
