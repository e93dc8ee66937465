/**
 * Microsoft Entra ID and its Graph, as one server: two tenants, registered clients, ID tokens of version 2.0 with the claims the application asked
 * for, groups up to 200 and then a pointer. Written from learn.microsoft.com/entra/identity-platform.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { newCodeFlow } from './code-flow.ts';
import { clientIn, newSigningKeys, notFound, redirect, startDoubleServer, type Answer, type Asked } from './double-server.ts';
import { isCertified } from './entra-certificates.ts';
import { newEntraDirectory, type EntraDirectory, type EntraPerson } from './entra-directory.ts';
import { honestGraph, newGraph, type GraphScript } from './graph.ts';

export interface Entra extends EntraDirectory {
  readonly origin: string;
  readonly tenant: string;
  /** Another company's. */
  readonly otherTenant: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Uploaded for our client, as PEM. */
  readonly certificates: string[];
  readonly redirectUris: string[];
  readonly asked: string[];
  readonly graph: GraphScript;
  /** The application's token configuration. */
  readonly app: {
    optionalClaims: string[];
    groupMembershipClaims: boolean;
    overage: 'graph.windows.net' | 'graph.microsoft.com' | 'hasgroups';
  };
  signIn(person: EntraPerson): void;
  /** What an ID token says instead. */
  claims: (claims: JWTPayload) => JWTPayload;
  rotateKeys(): Promise<void>;
  honest(): void;
  stop(): Promise<void>;
}

const groupsInToken = 200;

export async function startEntra(): Promise<Entra> {
  const keys = await newSigningKeys();
  const directory = newEntraDirectory();
  const flow = newCodeFlow();
  const graph = honestGraph();
  const [tenant, otherTenant, clientId]: readonly [string, string, string] = [randomUUID(), randomUUID(), randomUUID()];
  let origin = '';
  let signedIn = '';
  const askGraph = newGraph({ origin: () => origin, tenant, directory, publicKey: keys.publicKey, script: graph });
  const issuerOf = (of: string): string => `${origin}/${of}/v2.0`;

  const idToken = async (of: string, subject: string, nonce: string): Promise<string> => {
    const person = directory.people.get(subject);
    if (person === undefined) throw new Error('nobody is signed in');
    const now = Math.floor(Date.now() / 1000);
    const honest = {
      ...{
        aud: clientId,
        iss: issuerOf(of),
        iat: now,
        nbf: now,
        exp: now + 3600,
        nonce,
        tid: of,
        ver: '2.0',
        uti: randomUUID(),
        rh: '0.x',
      },
      ...{
        oid: person.oid,
        sub: pairwise(person.oid, clientId),
        name: person.upn.split('@')[0],
        preferred_username: person.mail ?? person.upn,
      },
      ...optionalClaims(person, entra.app.optionalClaims),
      ...(person.home === undefined ? {} : { idp: person.home }),
      ...groupClaims(entra, person),
    };
    return keys.sign(entra.claims(honest));
  };

  const certificates: string[] = [];
  const used = new Set<string>();
  const token = async (asked: Asked, of: string): Promise<Answer> => {
    const client = clientIn(asked);
    if (client.id !== clientId) return failed(400, 'unauthorized_client', 'AADSTS700016');
    const audience = `${origin}/${of}/oauth2/v2.0/token`;
    const isKnown = client.secret === entra.clientSecret || (await isCertified(asked, { certificates, clientId, audience, used }));
    if (!isKnown) return failed(401, 'invalid_client', 'AADSTS7000215');
    if (asked.form.get('grant_type') === 'client_credentials') {
      if (asked.form.get('scope') !== `${origin}/.default`) return failed(400, 'invalid_scope', 'AADSTS1002012');
      const now = Math.floor(Date.now() / 1000);
      const claims = { aud: origin, iss: `https://sts.windows.net/${of}/`, iat: now, nbf: now, exp: now + 3599, appid: clientId, tid: of };
      return { json: { token_type: 'Bearer', expires_in: 3599, access_token: await keys.sign({ ...claims, roles: graph.roles }) } };
    }
    const ask = flow.redeem(asked.form);
    if (ask === undefined) return failed(400, 'invalid_grant', 'AADSTS70000');
    const answer = { token_type: 'Bearer', scope: 'openid email profile', expires_in: 3599, access_token: 'opaque to us' };
    return { json: { ...answer, id_token: await idToken(of, ask.subject, ask.nonce) } };
  };

  const server = await startDoubleServer(async (asked) => {
    const { pathname, searchParams } = asked.url;
    if (pathname.startsWith('/v1.0/')) return askGraph(asked);
    const [, of = '', ...rest] = pathname.split('/');
    const path = rest.join('/');
    if (path === 'v2.0/.well-known/openid-configuration') return discovery(origin, of, [tenant, otherTenant]);
    if (![tenant, otherTenant].includes(of)) return notFound;
    if (path === 'discovery/v2.0/keys') return { json: keys.jwks() };
    if (path === 'oauth2/v2.0/token') return token(asked, of);
    if (path !== 'oauth2/v2.0/authorize') return notFound;
    const back = flow.authorize(searchParams, { clientId, redirectUris: entra.redirectUris, subject: signedIn });
    return back === undefined ? failed(400, 'invalid_request', 'AADSTS900144') : redirect(back);
  });
  origin = server.origin;
  const entra: Entra = {
    ...directory,
    ...{ origin, tenant, otherTenant, issuer: issuerOf(tenant), clientId, clientSecret: 'Ab8Q~secret+of/Entra' },
    certificates,
    ...{ redirectUris: [], asked: server.asked, graph, rotateKeys: keys.rotate, stop: server.stop, claims: (claims) => claims },
    app: { optionalClaims: ['upn', 'email', 'xms_edov'], groupMembershipClaims: true, overage: 'graph.windows.net' },
    signIn: ({ oid }) => void (signedIn = oid),
    honest: () => {
      entra.claims = (claims) => claims;
      Object.assign(graph, honestGraph());
      Object.assign(entra.app, { optionalClaims: ['upn', 'email', 'xms_edov'], groupMembershipClaims: true, overage: 'graph.windows.net' });
      server.asked.length = 0;
    },
  };
  return entra;
}

const failed = (status: number, error: string, code: string): Answer => ({
  status,
  json: { error, error_description: `${code}: CANARY of Entra`, error_codes: [Number(code.slice(6))], correlation_id: 'x' },
});

/** Another one for each application. */
const pairwise = (oid: string, clientId: string): string =>
  createHash('sha256')
    .update(oid + clientId)
    .digest('base64url');

function optionalClaims(person: EntraPerson, wanted: readonly string[]): JWTPayload {
  const all: Record<string, unknown> = { upn: person.upn, email: person.mail, xms_edov: person.isMailVerified };
  const present = wanted.map((name): [string, unknown] => [name, all[name]]).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present);
}

/** Security groups, nested ones too; beyond the limit a pointer to where they are, in one of the forms it had over the years. */
function groupClaims({ app, tenant, transitiveGroups }: Entra, { oid }: EntraPerson): JWTPayload {
  const ids = transitiveGroups(oid)
    .filter(({ securityEnabled }) => securityEnabled)
    .map(({ id }) => id);
  if (!app.groupMembershipClaims || ids.length === 0) return {};
  if (ids.length <= groupsInToken) return { groups: ids };
  if (app.overage === 'hasgroups') return { hasgroups: true };
  const endpoint =
    app.overage === 'graph.windows.net'
      ? `https://graph.windows.net/${tenant}/users/${oid}/getMemberObjects`
      : `https://graph.microsoft.com/v1.0/users/${oid}/getMemberObjects`;
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint } } };
}

function discovery(origin: string, of: string, tenants: readonly string[]): Answer {
  const isTemplate = ['common', 'organizations'].includes(of);
  if (!isTemplate && !tenants.includes(of)) return failed(400, 'invalid_tenant', 'AADSTS90002');
  const at = `${origin}/${of}`;
  return {
    json: {
      issuer: `${origin}/${isTemplate ? '{tenantid}' : of}/v2.0`,
      authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
      token_endpoint: `${at}/oauth2/v2.0/token`,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      jwks_uri: `${at}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      request_uri_parameter_supported: false,
    },
  };
}
