/** The only way into the API for CLI, connector and web: parses what comes back, turns problems into `ApiError`. */
import type { CallInput, CallResult, Endpoint } from './api/endpoint.ts';
import { problemSchema, type Problem } from './api/problem.ts';

export interface OutgoingRequest {
  readonly method: string;
  /** Path with query, as it goes on the wire. */
  readonly path: string;
  readonly body: string | undefined;
}

export interface ClientOptions {
  readonly baseUrl: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Headers that prove who calls; asked anew for every request. */
  readonly authorize?: (request: OutgoingRequest) => Record<string, string> | Promise<Record<string, string>>;
  readonly userAgent?: string;
}

export type Call = <E extends Endpoint>(endpoint: E, input: CallInput<E>, options?: CallOptions) => Promise<CallResult<E>>;
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** The server refused, with its reason. */
export class ApiError extends Error {
  readonly problem: Problem;
  readonly retryAfterSeconds: number | undefined;
  constructor(problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No answer, or none that an infra server would give. */
export class UnreachableError extends Error {
  constructor(sentence: string, options?: { cause?: unknown }) {
    super(sentence, options);
    this.name = 'UnreachableError';
  }
}

export function createClient(options: ClientOptions): Call {
  return async (endpoint, input, callOptions = {}) => {
    const response = await send(options, endpoint, input, callOptions);
    if (endpoint.status === 204) return undefined as CallResult<typeof endpoint>;
    const parsed = endpoint.result.safeParse(await readJson(response));
    if (!parsed.success)
      throw new UnreachableError(`the server's answer to ${endpoint.name} is not understood; are both of compatible versions?`, {
        cause: parsed.error,
      });
    return parsed.data as CallResult<typeof endpoint>;
  };
}

/** Opens a stream endpoint; the caller reads server-sent events from the response's body. */
export async function openStream<E extends Endpoint>(
  options: ClientOptions,
  endpoint: E,
  input: CallInput<E>,
  callOptions: CallOptions = {},
): Promise<Response> {
  return send(options, endpoint, input, callOptions);
}

async function send<E extends Endpoint>(
  options: ClientOptions,
  endpoint: E,
  input: CallInput<E>,
  callOptions: CallOptions,
): Promise<Response> {
  const request = outgoing(endpoint, input);
  const headers: Record<string, string> = {
    accept: endpoint.stream ? 'text/event-stream' : 'application/json',
    ...(await options.authorize?.(request)),
  };
  if (options.userAgent !== undefined) headers['user-agent'] = options.userAgent;
  if (request.body !== undefined) headers['content-type'] = 'application/json';
  const init: RequestInit = { method: request.method, headers, redirect: 'error' };
  if (request.body !== undefined) init.body = request.body;
  if (callOptions.signal !== undefined) init.signal = callOptions.signal;
  let response: Response;
  try {
    response = await options.fetch(new URL(request.path, options.baseUrl).href, init);
  } catch (cause) {
    throw new UnreachableError(`no answer from ${options.baseUrl}`, { cause });
  }
  if (response.ok) return response;
  throw await refusal(response, options.baseUrl);
}

/** The request of an endpoint and its input: path parameters filled in, query appended, body as JSON. */
export function outgoing<E extends Endpoint>(endpoint: E, input: CallInput<E>): OutgoingRequest {
  // Every endpoint's params and query are flat objects of strings and numbers; the generic type cannot say so.
  const params = (input.params ?? {}) as Readonly<Record<string, string>>;
  const query = (input.query ?? {}) as Readonly<Record<string, string | number | boolean | undefined>>;
  const path = endpoint.path.replace(/:([a-zA-Z]+)/g, (_, key: string) => encodeURIComponent(params[key] ?? ''));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const suffix = search.size > 0 ? `?${search.toString()}` : '';
  return { method: endpoint.method, path: path + suffix, body: input.body === undefined ? undefined : JSON.stringify(input.body) };
}

async function refusal(response: Response, baseUrl: string): Promise<Error> {
  const parsed = problemSchema.safeParse(await readJson(response).catch(() => undefined));
  if (!parsed.success) return new UnreachableError(`${baseUrl} answered ${response.status} but not as an infra server does`);
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ApiError(parsed.data, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw new UnreachableError('the answer is not JSON', { cause });
  }
}
