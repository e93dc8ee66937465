/** An endpoint is a value: what the server routes, the client calls and the OpenAPI document prints are read from the same one. */
import { z } from 'zod';

/**
 * Who may call, before any rule about the object itself:
 * `public` anybody · `session` a live session (its rules about whose object are the feature's policy) · `view`, `admin` a live grant of that
 * role on the resource `infra` (admin includes view) · `connector` a connector's signed assertion.
 */
export type Access = 'public' | 'session' | 'view' | 'admin' | 'connector';

export type HttpMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface Endpoint<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
  Who extends Access = Access,
> {
  /** Operation id, unique: `users.list`. */
  readonly name: string;
  readonly summary: string;
  readonly method: HttpMethod;
  /** `/api/v1/users/:id`; each `:part` is a key of `params`. */
  readonly path: string;
  readonly access: Who;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly result: Result;
  readonly status: 200 | 201 | 204;
  /** Server-sent events: `result` is the shape of one event's data. */
  readonly stream: boolean;
}

const nothing = z.strictObject({});
/** The body of a request without one. */
const noBody = z.undefined();
const noResult = z.undefined();

interface Definition<P, Q, B, R, A> {
  readonly name: string;
  readonly summary: string;
  readonly method: HttpMethod;
  readonly path: string;
  readonly access: A;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly result?: R;
  readonly status?: 200 | 201 | 204;
  readonly stream?: boolean;
}

export function endpoint<
  const A extends Access,
  P extends z.ZodType = typeof nothing,
  Q extends z.ZodType = typeof nothing,
  B extends z.ZodType = typeof noBody,
  R extends z.ZodType = typeof noResult,
>(definition: Definition<P, Q, B, R, A>): Endpoint<P, Q, B, R, A> {
  return {
    ...definition,
    // The defaults stand exactly where the type parameters fell back to them.
    params: definition.params ?? (nothing as unknown as P),
    query: definition.query ?? (nothing as unknown as Q),
    body: definition.body ?? (noBody as unknown as B),
    result: definition.result ?? (noResult as unknown as R),
    status: definition.status ?? (definition.result === undefined ? 204 : 200),
    stream: definition.stream ?? false,
  };
}

/** What a caller passes; absent parts may be left out. */
export type CallInput<E extends Endpoint> = Part<'params', z.input<E['params']>> &
  Part<'query', z.input<E['query']>> &
  Part<'body', z.input<E['body']>>;
// `Record<never, never>` asks whether an empty object would do, which is what "may be left out" means.
type Part<Key extends string, Value> = [Value] extends [undefined]
  ? { readonly [K in Key]?: undefined }
  : // eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type
    Record<never, never> extends Value
    ? { readonly [K in Key]?: Value }
    : { readonly [K in Key]: Value };

export type CallResult<E extends Endpoint> = z.output<E['result']>;
