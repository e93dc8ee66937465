/** Calls about second factors, and the audit events that each writes. */
import { api } from '../../shared/api/index.ts';
import { addPasskey, finishLink, openLink, tokenIn, useLink } from '../support/passkeys.ts';
import { addSecondFactor, newCodeApp } from '../support/second-factor.ts';
import { softwareAuthenticator } from '../support/software-authenticator.ts';
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
  'passkeys.begin': {
    arrange:
      async ({ person }) =>
      async () =>
        person.call(api.passkeys.begin, { body: {} }),
    writes: ['second-factor.begun PERSON PERSON'],
  },
  // What a link leads to is on record once its session takes what came of it.
  'passkeys.open': {
    arrange: async ({ server, person }) => {
      const { url } = await person.call(api.passkeys.begin, { body: {} });
      return async () => server.client()(api.passkeys.open, { body: { token: tokenIn(url) } });
    },
    writes: [],
  },
  'passkeys.finish': {
    arrange: async ({ server, person }) => {
      const { url } = await person.call(api.passkeys.begin, { body: {} });
      const made = softwareAuthenticator().create((await openLink(server, url)).options, server.url);
      return async () => finishLink(server, url, made);
    },
    writes: [],
  },
  'passkeys.confirm': {
    arrange: async ({ server, person }) => {
      const { id, url } = await person.call(api.passkeys.begin, { body: {} });
      await useLink(server, url, softwareAuthenticator());
      return async () => person.call(api.passkeys.confirm, at(id));
    },
    writes: ['second-factor.added PERSON PERSON', 'recovery-codes.made PERSON PERSON'],
  },
  'passkeys.ask': {
    arrange: async ({ server, person }) => {
      await addPasskey(server, person.call);
      return async () => person.call(api.passkeys.ask, { body: { purpose: 'verify' } });
    },
    writes: [],
  },
};
