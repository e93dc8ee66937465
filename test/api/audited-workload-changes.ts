/** Calls about trust rules and tokens of workloads, and the audit events that each writes. */
import { generateKeyPair, exportJWK } from 'jose';
import { api } from '../../shared/api/index.ts';
import { githubClaims } from '../support/doubles/token-issuer.ts';
import { sign } from '../support/scripted-provider.ts';
import { at, type AuditedChange, type Stage } from './audit-stage.ts';

const issuer = 'https://ci.example.com';

/** A workload with a rule, and a token that it takes. */
async function trusted({ admin, server, name }: Stage) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = JSON.stringify({ keys: [await exportJWK(publicKey)] });
  const workload = await admin(api.workloads.create, { body: { name } });
  const add = async () =>
    admin(api.trustRules.create, { body: { workload: workload.id, issuer: `${issuer}/${name}`, claims: { repository_id: '74' }, jwks } });
  const login = async () => {
    const token = await sign(githubClaims(`${issuer}/${name}`, server.url), privateKey, { alg: 'ES256' });
    return server.client()(api.login.workload, { body: { token } });
  };
  return { add, login, workload };
}

export const auditedWorkloadChanges: Readonly<Record<string, AuditedChange>> = {
  'login.workload': {
    arrange: async (stage) => {
      const { add, login } = await trusted(stage);
      await add();
      return login;
    },
    writes: ['login.succeeded NAME workload-token'],
  },
  'trustRules.create': { arrange: async (stage) => (await trusted(stage)).add, writes: ['trust-rule.added ADMIN NAME'] },
  'trustRules.remove': {
    arrange: async (stage) => {
      const { add, login } = await trusted(stage);
      const { id } = await add();
      await login();
      return async () => stage.admin(api.trustRules.remove, at(id));
    },
    writes: ['session.ended ADMIN NAME', 'trust-rule.removed ADMIN NAME'],
  },
  'workloads.remove': {
    arrange: async (stage) => {
      const { add, login, workload } = await trusted(stage);
      await add();
      await login();
      return async () => stage.admin(api.workloads.remove, at(workload.id));
    },
    writes: ['session.ended ADMIN NAME', 'trust-rule.removed ADMIN NAME', 'workload.removed ADMIN NAME'],
  },
};
