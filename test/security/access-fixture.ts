/** People of every kind, and things that belong to one of them, for trying them as somebody else. */
import { generateKeyPairSync } from 'node:crypto';
import { api } from '../../shared/api/index.ts';
import type { Call } from '../../shared/client.ts';
import { createCertificateRequest } from '../../shared/node/certificate-request.ts';
import { adminEmail, adminPassword, newPerson, type RunningServer } from '../support/server.ts';

export interface LoggedIn {
  readonly call: Call;
  readonly secret: string;
}

export interface People {
  readonly adminSecret: string;
  /** Owns what `foreignThings` makes. */
  readonly owner: LoggedIn & { readonly id: string };
  /** A person without any right; logs in again when a test ended the session. */
  stranger(): Promise<LoggedIn>;
  viewer(): Promise<LoggedIn>;
}

export interface ForeignThings {
  readonly userId: string;
  readonly userEmail: string;
  readonly strangerEmail: string;
  readonly sessionId: string;
  readonly accessKeyId: string;
  readonly secondFactorId: string;
  readonly passkeyLinkId: string;
  readonly workloadId: string;
  readonly trustRuleId: string;
  readonly groupId: string;
  readonly providerId: string;
  readonly loginTestId: string;
  readonly scimTokenId: string;
  readonly destinationId: string;
  readonly grantId: string;
  readonly leaseId: string;
  readonly revision: number;
  readonly auditEventId: string;
  readonly csr: string;
}

const ownerEmail = 'owner@example.com';
export const strangerEmail = 'stranger@example.com';

export async function people(server: RunningServer): Promise<People> {
  const admin = await server.admin();
  const owner = await newPerson(server, ownerEmail);
  const first = { stranger: await newPerson(server, strangerEmail), viewer: await newPerson(server, 'viewer@example.com') };
  await admin(api.grants.create, { body: { subject: 'viewer@example.com', role: 'view', resource: 'infra' } });
  const again = (person: LoggedIn & { readonly password: string }, email: string) => {
    let current: LoggedIn = person;
    return async (): Promise<LoggedIn> => {
      const isLive = await current.call(api.sessions.current, {}).then(
        () => true,
        () => false,
      );
      if (!isLive) current = await server.login(email, person.password);
      return current;
    };
  };
  return {
    adminSecret: (await server.login(adminEmail, adminPassword)).secret,
    owner,
    stranger: again(first.stranger, strangerEmail),
    viewer: again(first.viewer, 'viewer@example.com'),
  };
}

export async function foreignThings(server: RunningServer, { owner }: People, issuer: string): Promise<ForeignThings> {
  const admin = await server.admin();
  const { session } = await owner.call(api.sessions.current, {});
  const { accessKey } = await owner.call(api.accessKeys.create, { body: { name: 'own' } });
  const secondFactor = await owner.call(api.secondFactors.begin, { body: { kind: 'totp' } });
  const passkeyLink = await owner.call(api.passkeys.begin, { body: {} });
  const workload = await admin(api.workloads.create, { body: { name: 'deploy' } });
  const keys = [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })];
  const rule = await admin(api.trustRules.create, {
    body: { workload: workload.id, issuer: 'https://ci.example.com', claims: { sub: 'x' }, jwks: JSON.stringify({ keys }) },
  });
  const provider = await admin(api.identityProviders.create, {
    body: { name: 'acme', kind: 'oidc', issuer, clientId: 'infra', clientSecret: 'x', emailDomains: ['example.com'] },
  });
  const loginTest = await admin(api.providerLoginTests.begin, { params: { id: provider.id } });
  const { scimToken } = await admin(api.scimTokens.create, { params: { id: provider.id }, body: {} });
  const group = await admin(api.groups.create, { body: { name: 'platform' } });
  await admin(api.groups.addMember, { params: { id: group.id }, body: { identity: ownerEmail } });
  const { destination } = await admin(api.destinations.create, { body: { name: 'prod' } });
  const { grant, change } = await admin(api.grants.create, { body: { subject: ownerEmail, role: 'view', resource: 'prod' } });
  const csr = createCertificateRequest(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const { lease } = await owner.call(api.leases.create, { body: { destination: destination.id, csr } });
  const [event] = (await admin(api.audit.list, { query: { event: 'lease.issued' } })).items;
  return {
    userId: owner.id,
    userEmail: ownerEmail,
    strangerEmail,
    sessionId: session.id,
    accessKeyId: accessKey.id,
    secondFactorId: secondFactor.id,
    passkeyLinkId: passkeyLink.id,
    workloadId: workload.id,
    trustRuleId: rule.id,
    groupId: group.id,
    providerId: provider.id,
    loginTestId: loginTest.id,
    scimTokenId: scimToken.id,
    destinationId: destination.id,
    grantId: grant.id,
    leaseId: lease.id,
    revision: change?.revision ?? 0,
    auditEventId: event?.id ?? '',
    csr,
  };
}
