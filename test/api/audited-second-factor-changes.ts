/** Calls about second factors, and the audit events that each writes. */
import { api } from '../../shared/api/index.ts';
import { addSecondFactor, newCodeApp } from '../support/second-factor.ts';
import { at, type AuditedChange, type Stage } from './audit-stage.ts';

const added = async ({ person }: Stage) => addSecondFactor(person.call);

export const auditedSecondFactorChanges: Readonly<Record<string, AuditedChange>> = {
  'login.secondFactor': {
    arrange: async (stage) => {
      const { app } = await added(stage);
      const { email, password } = stage.person;
      const first = await stage.server.client()(api.login.password, { body: { email, password } });
      if (first.status !== 'mfa-required') throw new Error('a second factor is asked for');
      return async () => stage.server.client()(api.login.secondFactor, { body: { mfaToken: first.mfaToken, code: app.next() } });
    },
    writes: ['second-factor.proven PERSON PERSON', 'login.succeeded PERSON password'],
  },
  'secondFactors.begin': {
    arrange:
      async ({ person }) =>
      async () =>
        person.call(api.secondFactors.begin, { body: { kind: 'totp' } }),
    writes: ['second-factor.begun PERSON PERSON'],
  },
  'secondFactors.confirm': {
    arrange: async ({ person }) => {
      const { id, secret } = await person.call(api.secondFactors.begin, { body: { kind: 'totp' } });
      return async () => person.call(api.secondFactors.confirm, { ...at(id), body: { code: newCodeApp(secret).next() } });
    },
    writes: ['second-factor.added PERSON PERSON', 'recovery-codes.made PERSON PERSON'],
  },
  'secondFactors.remove': {
    arrange: async (stage) => {
      const { id, app } = await added(stage);
      return async () => stage.person.call(api.secondFactors.remove, { ...at(id), body: { code: app.next() } });
    },
    writes: ['second-factor.proven PERSON PERSON', 'second-factor.removed PERSON PERSON'],
  },
  'secondFactors.renewRecoveryCodes': {
    arrange: async (stage) => {
      const { app } = await added(stage);
      return async () => stage.person.call(api.secondFactors.renewRecoveryCodes, { body: { code: app.next() } });
    },
    writes: ['second-factor.proven PERSON PERSON', 'recovery-codes.made PERSON PERSON'],
  },
  'secondFactors.prove': {
    arrange: async (stage) => {
      const { app } = await added(stage);
      return async () => stage.person.call(api.secondFactors.prove, { body: { code: app.next() } });
    },
    writes: ['second-factor.proven PERSON PERSON'],
  },
  'secondFactors.reset': {
    arrange: async (stage) => {
      await added(stage);
      return async () => stage.admin(api.secondFactors.reset, at(stage.person.id));
    },
    writes: ['session.ended ADMIN PERSON', 'second-factor.reset ADMIN PERSON'],
  },
};
