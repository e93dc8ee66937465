/** The typed client over the pinned connection, and the words for what goes wrong on it. */
import { ApiError, createClient, UnreachableError, type Call } from '../shared/client.ts';
import { systemClock } from '../shared/clock.ts';
import type { SecretValue } from '../shared/node/secret-value.ts';
import { asOurSentence, CliError, failureOfStatus } from './failure.ts';
import { createSend, describeFailedRequest, type Trust } from './https-request.ts';
import type { Output } from './output.ts';

export interface ConnectionOptions {
  readonly server: string;
  readonly trust: Trust;
  /** Asked for when something is sent. Absent: only public endpoints. */
  readonly secret?: (() => SecretValue) | undefined;
  readonly userAgent: string;
  readonly output: Pick<Output, 'trace'>;
}

export function connect({ server, trust, secret, userAgent, output }: ConnectionOptions): Call {
  const send = createSend(trust);
  return createClient({
    baseUrl: server,
    userAgent,
    authorize: () => (secret === undefined ? {} : { authorization: `Bearer ${secret().reveal()}` }),
    fetch: async (url, init) => {
      const startedAt = systemClock.now();
      const answer = await send({
        method: init.method ?? 'GET',
        url,
        // The client hands over a plain record and, if any, a string.
        headers: init.headers as Record<string, string>,
        body: init.body as string | undefined,
        signal: init.signal ?? undefined,
      });
      output.trace(`${init.method ?? 'GET'} ${url} → ${answer.status} in ${systemClock.now() - startedAt} ms`);
      const isEmpty = answer.status === 204 || answer.status === 205;
      return new Response(isEmpty ? null : new Uint8Array(answer.body), { status: answer.status, headers: answer.headers });
    },
  });
}

/** What a thrown error means to the person: sentence and exit code. Errors that are ours to mend come back undefined. */
export function explain(error: unknown, server: string | undefined): CliError | undefined {
  if (error instanceof CliError) return error;
  if (error instanceof ApiError)
    return new CliError(failureOfStatus(error.problem.status), refusalSentence(error, server), { cause: error });
  if (!(error instanceof UnreachableError)) return undefined;
  const isSilence = error.message.startsWith('no answer from') && server !== undefined;
  return new CliError('unreachable', isSilence ? describeFailedRequest(error.cause, server) : error.message, { cause: error });
}

function refusalSentence({ problem, retryAfterSeconds }: ApiError, server: string | undefined): string {
  const login = server === undefined ? 'infra login SERVER' : `infra login ${server}`;
  if (problem.code.startsWith('session.') && problem.status === 401)
    return `not logged in: ${asOurSentence(problem.detail)}; run: ${login}`;
  const fields = (problem.fields ?? []).map((field) => `${field.path} ${field.message}`).join('; ');
  const retry = retryAfterSeconds === undefined ? '' : `; try again in ${retryAfterSeconds} s`;
  return `${asOurSentence(problem.detail)}${fields === '' ? '' : ` (${fields})`}${retry}`;
}
