/** Calls about destinations, grants, leases and connectors, and the audit events that each writes. */
import { api } from '../../shared/api/index.ts';
import { enrolWithToken } from '../support/enrolled-connector.ts';
import { at, grantTo, lease, type AuditedChange } from './audit-stage.ts';

export const auditedAccessChanges: Readonly<Record<string, AuditedChange>> = {
  'destinations.create': {
    arrange:
      async ({ admin, name }) =>
      async () =>
        admin(api.destinations.create, { body: { name: `${name}-other` } }),
    writes: ['destination.added ADMIN NAME-other', 'destination.join-token-created ADMIN NAME-other'],
  },
  'destinations.update': {
    arrange:
      async ({ admin, destination }) =>
      async () =>
        admin(api.destinations.update, { params: { id: destination.id }, body: { auditMode: 'bestEffort' } }),
    writes: ['destination.updated ADMIN PROD'],
  },
  'destinations.createJoinToken': {
    arrange:
      async ({ admin, destination }) =>
      async () =>
        admin(api.destinations.createJoinToken, { params: { id: destination.id }, body: {} }),
    writes: ['destination.join-token-created ADMIN PROD'],
  },
  'destinations.remove': {
    arrange: async (stage) => {
      await grantTo(stage, stage.person.email);
      await lease(stage);
      return async () => stage.admin(api.destinations.remove, at(stage.destination.id));
    },
    writes: ['grant.removed ADMIN PERSON', 'lease.revoked ADMIN PERSON', 'destination.removed ADMIN PROD'],
  },
  'grants.create': { arrange: async (stage) => async () => grantTo(stage, stage.person.email), writes: ['grant.added ADMIN PERSON'] },
  'grants.remove': {
    arrange: async (stage) => {
      const { grant } = await grantTo(stage, stage.person.email);
      return async () => stage.admin(api.grants.remove, at(grant.id));
    },
    writes: ['grant.removed ADMIN PERSON'],
  },
  'grants.update': {
    arrange: async (stage) => {
      const { grant } = await grantTo(stage, stage.person.email);
      return async () =>
        stage.admin(api.grants.update, { ...at(grant.id), body: { until: '2099-01-01T00:00:00Z', reason: 'for a while' } });
    },
    writes: ['grant.changed ADMIN PERSON'],
  },
  'grants.removeMany': {
    arrange: async (stage) => {
      const { grant } = await grantTo(stage, stage.person.email);
      const other = await stage.admin(api.grants.create, {
        body: { subject: stage.person.email, role: 'edit', resource: stage.destination.name },
      });
      return async () => stage.admin(api.grants.removeMany, { body: { ids: [grant.id, other.grant.id] } });
    },
    writes: ['grant.removed ADMIN PERSON', 'grant.removed ADMIN PERSON'],
  },
  /** Asks, and changes nothing. */
  'grants.preview': {
    arrange:
      async ({ admin, person, destination }) =>
      async () =>
        admin(api.grants.preview, { body: { subject: person.email, role: 'view', resource: destination.name } }),
    writes: [],
  },
  'leases.create': {
    arrange: async (stage) => {
      await grantTo(stage, stage.person.email);
      return async () => lease(stage);
    },
    writes: ['lease.issued PERSON PROD'],
  },
  'leases.revoke': {
    arrange: async (stage) => {
      await grantTo(stage, stage.person.email);
      const issued = await lease(stage);
      return async () => stage.person.call(api.leases.revoke, at(issued.lease.id));
    },
    writes: ['lease.revoked PERSON PERSON'],
  },
  'connectors.enrol': {
    arrange:
      async ({ server, destination, joinToken }) =>
      async () =>
        enrolWithToken(server, { joinToken, destinationId: destination.id }),
    writes: ['connector.enrolled connector-of-PROD PROD'],
  },
};
