/** A provider's directory: speaks SCIM with a token of its own, over real TLS. */
import { api } from '../../shared/api/index.ts';
import type { RunningServer } from './server.ts';

export interface ScimAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ScimDocument;
}
/** What a test may look for in an answer; which of it is there depends on the answer. */
export interface ScimDocument {
  readonly id: string;
  readonly userName: string;
  readonly active: boolean;
  readonly meta: { readonly version: string };
  readonly totalResults: number;
  readonly itemsPerPage: number;
  readonly Resources: readonly { readonly id: string }[];
  readonly scimType: string;
  readonly detail: string;
}
export interface ScimWish {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface ScimClient {
  readonly secret: string;
  readonly tokenId: string;
  send(method: string, path: string, wish?: ScimWish): Promise<ScimAnswer>;
  get(path: string): Promise<ScimAnswer>;
  post(path: string, body: unknown): Promise<ScimAnswer>;
  put(path: string, body: unknown): Promise<ScimAnswer>;
  patch(path: string, ...operations: readonly object[]): Promise<ScimAnswer>;
  remove(path: string): Promise<ScimAnswer>;
  /** With this filter, all that match. */
  find(kind: 'Users' | 'Groups', filter: string): Promise<ScimAnswer>;
}

export const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export async function newScimClient(server: RunningServer, provider: { readonly id: string; readonly name: string }): Promise<ScimClient> {
  const admin = await server.admin();
  const { scimToken, secret } = await admin(api.scimTokens.create, { params: { id: provider.id }, body: {} });
  return scimClient(server, provider.name, secret, scimToken.id);
}

export function scimClient(server: RunningServer, providerName: string, secret: string, tokenId = ''): ScimClient {
  const send: ScimClient['send'] = async (method, path, { body, headers = {} } = {}) => {
    const response = await server.request(`/scim/v2/${providerName}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // An empty body has nothing of it.
    return { status: response.status, headers: response.headers, body: JSON.parse(text === '' ? '{}' : text) as ScimDocument };
  };
  return {
    secret,
    tokenId,
    send,
    get: async (path) => send('GET', path),
    post: async (path, body) => send('POST', path, { body }),
    put: async (path, body) => send('PUT', path, { body }),
    patch: async (path, ...operations) => send('PATCH', path, { body: { schemas: [patchUrn], Operations: operations } }),
    remove: async (path) => send('DELETE', path),
    find: async (kind, filter) => send('GET', `/${kind}?filter=${encodeURIComponent(filter)}`),
  };
}

export const scimUser = (userName: string, more: object = {}): object => ({ schemas: [userUrn], userName, active: true, ...more });
export const scimGroup = (displayName: string, members: readonly string[] = []): object => ({
  schemas: [groupUrn],
  displayName,
  members: members.map((value) => ({ value })),
});

/** Adds a user and answers with its id. */
export async function provision(scim: ScimClient, userName: string, more: object = {}): Promise<string> {
  const { status, body } = await scim.post('/Users', scimUser(userName, more));
  if (status !== 201) throw new Error(`${userName} was not provisioned: ${status} ${JSON.stringify(body)}`);
  return body.id;
}
