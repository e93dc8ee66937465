/**
 * Mounts an endpoint: authenticates, authorizes by its `access`, parses the input, calls the handler, checks the result, answers.
 * A handler can neither forget the check nor widen it; what an object's owner may do is the feature's policy.
 */
import type { Request, Response, Router } from 'express';
export type { Router } from 'express';
import type { z } from 'zod';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { Access, Endpoint } from '../../shared/api/endpoint.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Caller } from '../audit/caller.ts';
import type { RequestBody } from './body.ts';
import type { SourceOf } from './source-address.ts';

/** A connector whose assertion held. */
export interface ConnectorCaller {
  readonly connectorId: string;
  readonly destination: { readonly id: string; readonly name: string };
  readonly source: AuditSource;
}

export interface RouteContext {
  /** Throws `session.*` when there is no live session. */
  authenticateSession(request: Request): Promise<Caller>;
  /** Throws `assertion.*` unless the connector's signed assertion holds for exactly this request. */
  authenticateConnector(request: Request, body: Buffer): Promise<ConnectorCaller>;
  readonly source: SourceOf;
  readBody(request: Request, maximumBytes: number): Promise<RequestBody>;
  /** A refusal for want of a role leaves an audit line. */
  recordRefusal(caller: Caller, endpoint: Endpoint): Promise<void>;
}

type CallerOf<A extends Access> = A extends 'public' ? undefined : A extends 'connector' ? ConnectorCaller : Caller;

export interface Call<E extends Endpoint> {
  readonly params: z.output<E['params']>;
  readonly query: z.output<E['query']>;
  readonly body: z.output<E['body']>;
  readonly caller: CallerOf<E['access']>;
  readonly source: AuditSource;
  /** For streams alone, which answer by themselves. */
  readonly response: Response;
}

type Handler<E extends Endpoint> = (
  call: Call<E>,
) => Promise<z.input<E['result']>> | (undefined extends z.input<E['result']> ? Promise<void> : never);

const register = { GET: 'get', POST: 'post', PATCH: 'patch', DELETE: 'delete' } as const;

export function route<E extends Endpoint>(router: Router, context: RouteContext, endpoint: E, handler: Handler<E>): void {
  router[register[endpoint.method]](endpoint.path, async (request, response) => {
    const body = await context.readBody(request, maximumBytes(endpoint.access));
    const caller = await authorize(context, endpoint, request, body.bytes);
    const call: Call<E> = {
      // What a schema parses is its output; the generic type loses that.
      params: parse(endpoint.params, request.params, 'path') as z.output<E['params']>,
      query: parse(endpoint.query, request.query, 'query') as z.output<E['query']>,
      body: parse(endpoint.body, body.value(), 'body') as z.output<E['body']>,
      // `authorize` returns what the endpoint's access promises.
      caller: caller as CallerOf<E['access']>,
      source: context.source(request),
      response,
    };
    const result: unknown = await handler(call);
    if (endpoint.stream) return;
    answer(response, endpoint, result);
  });
}

/** People's requests are small; a connector of a large cluster reports tens of thousands of names. */
const maximumBytes = (access: Access): number => (access === 'connector' ? 32 : 0.125) * 1024 * 1024;

async function authorize(
  context: RouteContext,
  endpoint: Endpoint,
  request: Request,
  body: Buffer,
): Promise<Caller | ConnectorCaller | undefined> {
  switch (endpoint.access) {
    case 'public':
      return undefined;
    case 'connector':
      return context.authenticateConnector(request, body);
    case 'session':
      return context.authenticateSession(request);
    case 'view':
    case 'admin': {
      const caller = await context.authenticateSession(request);
      if (caller.serverRoles.has(endpoint.access)) return caller;
      await context.recordRefusal(caller, endpoint);
      throw new DomainError(
        'access.role-missing',
        `${endpoint.summary}: this needs the role ${endpoint.access} on infra. Ask an admin for: infra grants add ${caller.identity.name} --role ${endpoint.access} infra`,
      );
    }
  }
}

function parse<Output>(schema: z.ZodType<Output>, value: unknown, place: string): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => ({ path: [place, ...issue.path].join('.'), message: issue.message }));
  throw new DomainError('request.invalid', fields.map(({ path, message }) => `${path}: ${message}`).join('; '), { fields });
}

function answer(response: Response, endpoint: Endpoint, result: unknown): void {
  response.setHeader('Cache-Control', 'no-store');
  if (endpoint.status === 204) {
    response.status(204).end();
    return;
  }
  // An invalid result is our bug: better a 500 than a field that was not meant to leave.
  response.status(endpoint.status).json(endpoint.result.parse(result));
}
