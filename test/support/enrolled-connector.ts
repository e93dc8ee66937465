/** A connector without a program: a key that was enrolled, and assertions signed with it, right or tampered with. */
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { CompactSign, exportJWK } from 'jose';
import { assertionAlgorithm, assertionAudience, assertionType, type AssertionClaims } from '../../shared/api/connector-assertion.ts';
import { api } from '../../shared/api/index.ts';
import type { RunningServer } from './server.ts';

export interface AssertedRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

export interface Tampering {
  readonly claims?: Partial<Record<keyof AssertionClaims, unknown>>;
  readonly header?: Readonly<Record<string, string>>;
}

export interface EnrolledConnector {
  readonly id: string;
  readonly destinationId: string;
  /** The value of `Authorization` for this request. */
  sign(request: AssertedRequest, tampering?: Tampering): Promise<string>;
  /** Signs and sends. */
  send(request: AssertedRequest): Promise<Response>;
}

export async function enrolConnector(server: RunningServer, destinationName: string): Promise<EnrolledConnector> {
  const admin = await server.admin();
  const { destination, joinToken } = await admin(api.destinations.create, { body: { name: destinationName } });
  return enrolWithToken(server, { joinToken, destinationId: destination.id });
}

export async function enrolWithToken(
  server: RunningServer,
  { joinToken, destinationId }: { readonly joinToken: string; readonly destinationId: string },
): Promise<EnrolledConnector> {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { x = '', y = '' } = await exportJWK(keys.publicKey);
  const enrolled = await server.client()(api.connectors.enrol, {
    body: { joinToken, publicKey: { kty: 'EC', crv: 'P-256', x, y }, clusterUid: null, version: 'test' },
  });
  const sign: EnrolledConnector['sign'] = async (request, tampering = {}) => {
    const claims = {
      iss: enrolled.connectorId,
      aud: assertionAudience(enrolled.trustDomain),
      iat: Math.floor(Date.now() / 1000),
      jti: randomBytes(16).toString('base64url'),
      htm: request.method,
      htu: request.path,
      bdh: createHash('sha256')
        .update(request.body ?? '')
        .digest('base64url'),
      ...tampering.claims,
    };
    const header = { alg: assertionAlgorithm, typ: assertionType, ...tampering.header };
    const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader(header).sign(keys.privateKey);
    return `Connector ${token}`;
  };
  return {
    id: enrolled.connectorId,
    destinationId,
    sign,
    send: async (request) => sendAsserted(server, request, await sign(request)),
  };
}

export async function sendAsserted(
  server: RunningServer,
  { method, path, body }: AssertedRequest,
  authorization: string,
): Promise<Response> {
  return server.request(path, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  });
}
