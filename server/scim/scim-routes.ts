/**
 * SCIM 2.0 at `/scim/v2/PROVIDER` (RFC 7644): a protocol of its own beside the API, told by its own discovery documents. Its paths are matched here
 * as they came, undecoded: our ids need no escapes, and what looks like another path is none.
 */
import type { Request, Response, Router } from 'express';
import { api } from '../../shared/api/index.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Logger } from '../../shared/node/logger.ts';
import { scimSecret } from '../http/authenticate.ts';
import { route, type RouteContext } from '../http/route.ts';
import { resourceTypes, schemaDocuments, serviceProviderConfig } from './scim-discovery-rules.ts';
import { badRequest, errorDocument, ScimError } from './scim-error-rules.ts';
import { createProjection } from './scim-projection-rules.ts';
import { listResponse, readQuery, readSearch, type Found, type Query } from './scim-query.ts';
import { isNamedTag } from './scim-resource-rules.ts';
import type { Directory, ScimTokenService } from './scim-token-service.ts';
import type { ScimResources, Target } from './scim-user-service.ts';
import { isObject, type Values } from './scim-value-rules.ts';

export interface ScimServices {
  readonly tokens: ScimTokenService;
  readonly users: ScimResources;
  readonly groups: ScimResources;
  readonly logger: Logger;
}

const scimPath = '/scim/v2';
export const scimBaseUrlOf =
  (publicUrl: string) =>
  (providerName: string): string =>
    `${publicUrl}${scimPath}/${providerName}`;

const address = /^\/scim\/v2\/([a-z0-9-]{1,40})((?:\/[\w.:-]{1,100}){0,3})$/;
const largestBody = 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly body?: Values;
  readonly headers?: Readonly<Record<string, string>>;
}
interface Call {
  readonly directory: Directory;
  readonly method: string;
  readonly query: Values;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  body(): Promise<unknown>;
}

export function scimRoutes(router: Router, context: RouteContext, { tokens, users, groups, logger }: ScimServices): void {
  route(router, context, api.scimTokens.list, async ({ params }) => tokens.list(params.id));
  route(router, context, api.scimTokens.create, async ({ params, body, caller }) => tokens.create(params.id, body, caller));
  route(router, context, api.scimTokens.remove, async ({ params, caller }) => tokens.remove(params.id, params.token, caller));

  router.all(new RegExp(`^${scimPath}/`), async (request, response) => {
    try {
      const [, providerName = '', rest = ''] = address.exec(request.path) ?? [];
      // First of all: what there is, is nobody's business without a token.
      const directory = await tokens.authenticate(scimSecret(request), providerName, context.source(request));
      send(response, await answer(callOf(request, context, directory), rest, { users, groups }));
    } catch (error) {
      sendError(response, toScimError(error, request, logger), error);
    }
  });
}

function callOf(request: Request, context: RouteContext, directory: Directory): Call {
  return {
    directory,
    method: request.method,
    query: request.query,
    ifMatch: request.headers['if-match'],
    ifNoneMatch: request.headers['if-none-match'],
    body: async () => readJson(request, (await context.readBody(request, largestBody)).bytes),
  };
}

function readJson(request: Request, bytes: Buffer): unknown {
  if (!/^application\/(?:scim\+)?json(?:\s*;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new ScimError(415, 'Send the body as JSON, with Content-Type: application/scim+json.');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw badRequest('invalidSyntax', 'The body is not JSON.');
  }
}

type Services = Pick<ScimServices, 'users' | 'groups'>;

async function answer(call: Call, path: string, services: Services): Promise<Answer> {
  const [, kind = '', id, ...more] = path.split('/');
  const resources = new Map([
    ['Users', services.users],
    ['Groups', services.groups],
  ]).get(kind);
  if (more.length > 0) throw nothingHere();
  if (resources === undefined) return kind === '.search' && id === undefined ? searchAll(call, services) : discover(call, kind, id);
  if (id === undefined) return ofCollection(call, resources);
  if (id === '.search') {
    allow(call, 'POST');
    const query = readSearch(await call.body());
    return { status: 200, body: listResponse(await resources.search(call.directory, query), query) };
  }
  return ofResource(call, resources, { id, ifMatch: call.ifMatch });
}

async function ofCollection(call: Call, resources: ScimResources): Promise<Answer> {
  allow(call, 'GET', 'POST');
  if (call.method === 'GET') {
    const query = readQuery(call.query);
    return { status: 200, body: listResponse(await resources.search(call.directory, query), query) };
  }
  return shown(call, 201, await resources.create(call.directory, await call.body()));
}

async function ofResource(call: Call, resources: ScimResources, target: Target): Promise<Answer> {
  allow(call, 'GET', 'PUT', 'PATCH', 'DELETE');
  const { directory } = call;
  const projection = createProjection(readQuery(call.query));
  switch (call.method) {
    case 'GET': {
      const { resource, etag } = await resources.get(directory, target.id, projection);
      const isKnown = call.ifNoneMatch !== undefined && isNamedTag(call.ifNoneMatch, etag);
      return isKnown ? { status: 304, headers: { ETag: etag } } : { status: 200, body: resource, headers: { ETag: etag } };
    }
    case 'PUT':
      return shown(call, 200, await resources.replace(directory, target, await call.body()));
    case 'PATCH': {
      const { resource, etag } = await resources.patch(directory, target, await call.body());
      if (resource !== undefined) return shown(call, 200, { resource, etag });
      const isAsked = call.query['attributes'] !== undefined || call.query['excludedAttributes'] !== undefined;
      // Who names attributes gets them (RFC 7644 §3.5.2).
      return isAsked ? shown(call, 200, await resources.get(directory, target.id, projection)) : { status: 204, headers: { ETag: etag } };
    }
    default:
      await resources.remove(directory, target);
      return { status: 204 };
  }
}

function shown(call: Call, status: number, { resource, etag }: { readonly resource: Values; readonly etag: string }): Answer {
  const { meta } = resource;
  const location = isObject(meta) && typeof meta['location'] === 'string' ? { Location: meta['location'] } : {};
  return { status, body: createProjection(readQuery(call.query)).of(resource), headers: { ETag: etag, ...location } };
}

/** Over all resources (RFC 7644 §3.4.3): users first, then groups. */
async function searchAll(call: Call, { users, groups }: Services): Promise<Answer> {
  allow(call, 'POST');
  const query = readSearch(await call.body());
  const first = await searchOne(call, users, query);
  const rest: Query = {
    ...query,
    startIndex: Math.max(1, query.startIndex - first.total),
    count: query.count - first.resources.length,
  };
  const second = await searchOne(call, groups, rest);
  if (first === none && second === none)
    throw badRequest('invalidFilter', 'The filter names an attribute that neither users nor groups have.');
  const both: Found = { total: first.total + second.total, resources: [...first.resources, ...second.resources] };
  return { status: 200, body: listResponse(both, query) };
}

const none: Found = { total: 0, resources: [] };

/** Resources without an attribute that is asked about do not match (RFC 7644 §3.4.2.1). */
async function searchOne({ directory }: Call, resources: ScimResources, query: Query): Promise<Found> {
  try {
    return await resources.search(directory, query);
  } catch (error) {
    if (error instanceof ScimError && error.scimType === 'invalidFilter') return none;
    throw error;
  }
}

function discover(call: Call, kind: string, id: string | undefined): Answer {
  const { baseUrl } = call.directory;
  const documents = new Map([
    ['ResourceTypes', resourceTypes],
    ['Schemas', schemaDocuments],
  ]).get(kind);
  if (kind === 'ServiceProviderConfig' && id === undefined) {
    allow(call, 'GET');
    return { status: 200, body: serviceProviderConfig(baseUrl) };
  }
  if (documents === undefined) throw nothingHere();
  allow(call, 'GET');
  // RFC 7644 §4: to filter here is forbidden.
  if (call.query['filter'] !== undefined) throw new ScimError(403, 'These documents take no filter.');
  const all = documents(baseUrl);
  if (id === undefined) return { status: 200, body: listResponse({ total: all.length, resources: all }, readQuery({})) };
  const found = all.find((document) => document['id'] === id);
  if (found === undefined) throw nothingHere();
  return { status: 200, body: found };
}

const nothingHere = (): ScimError => new ScimError(404, 'Resource not found: there is nothing at this address.');

class MethodError extends ScimError {
  readonly allowed: string;
  constructor(allowed: string) {
    super(405, `This address takes ${allowed}.`);
    this.allowed = allowed;
  }
}
function allow({ method }: Call, ...methods: readonly string[]): void {
  if (!methods.includes(method)) throw new MethodError(methods.join(', '));
}

function toScimError(error: unknown, request: Request, logger: Logger): ScimError {
  if (error instanceof ScimError) return error;
  if (error instanceof DomainError && error.code !== 'server.failed') {
    if (error.status === 409 && error.code !== 'provider.disabled') return new ScimError(409, error.message, 'uniqueness');
    return new ScimError(
      error.code === 'provider.disabled' ? 403 : error.status,
      error.message,
      error.status === 400 ? 'invalidValue' : undefined,
    );
  }
  logger.error({ err: error, method: request.method, path: request.path }, 'a SCIM request failed');
  return new ScimError(500, 'The server failed. Its log says more; try again, and tell its operator if it stays.');
}

function sendError(response: Response, known: ScimError, error: unknown): void {
  if (known.status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="scim"');
  if (known instanceof MethodError) response.setHeader('Allow', known.allowed);
  if (error instanceof DomainError && error.retryAfterSeconds !== undefined)
    response.setHeader('Retry-After', String(error.retryAfterSeconds));
  send(response, { status: known.status, body: errorDocument(known) });
}

function send(response: Response, { status, body, headers = {} }: Answer): void {
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.status(status);
  if (body === undefined) response.end();
  else response.type('application/scim+json').send(JSON.stringify(body));
}
