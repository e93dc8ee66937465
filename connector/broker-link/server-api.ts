/** Signed calls to the server, for everything after enrolment. Learns the server's clock from every answer. */
import { ApiError, createClient, openStream, type Call, type ClientOptions } from '../../shared/client.ts';
import { connectors } from '../../shared/api/connectors.ts';
import type { OutgoingRequest } from '../../shared/client.ts';
import { signAssertion, type AssertionSigner } from './assertion.ts';
import type { ServerClock } from './server-clock.ts';
import type { ServerFetch } from './server-fetch.ts';

export interface ServerApi {
  /** Rejects after `answerMilliseconds` without an answer. */
  readonly call: Call;
  /** The change stream's response; lives until its signal is aborted. */
  openChanges(signal: AbortSignal): Promise<Response>;
}

export interface ServerApiOptions {
  readonly serverUrl: string;
  readonly transport: ServerFetch;
  readonly signer: Omit<AssertionSigner, 'clock'>;
  readonly clock: ServerClock;
  readonly version: string;
}

const answerMilliseconds = 15_000;

export function createServerApi(options: ServerApiOptions): ServerApi {
  const { clock } = options;
  const clientOptions: ClientOptions = {
    baseUrl: options.serverUrl,
    userAgent: `infra-connector/${options.version}`,
    fetch: async (url, init) => {
      const response = await options.transport.fetch(url, init);
      clock.learnFromDateHeader(response.headers.get('date'));
      return response;
    },
    authorize: (request: OutgoingRequest) => signAssertion({ ...options.signer, clock }, request),
  };
  const callOnce = createClient(clientOptions);

  return {
    call: async (endpoint, input, callOptions = {}) => {
      const attempt = () => callOnce(endpoint, input, { signal: callOptions.signal ?? AbortSignal.timeout(answerMilliseconds) });
      const offset = clock.offset();
      try {
        return await attempt();
      } catch (error) {
        // The refusal itself told how late it is there: sign again with that.
        if (isAssertionRefused(error) && clock.offset() !== offset) return attempt();
        throw error;
      }
    },
    openChanges: (signal) => openStream(clientOptions, connectors.changes, {}, { signal }),
  };
}

const isAssertionRefused = (error: unknown): boolean => error instanceof ApiError && error.problem.code.startsWith('assertion.');

/** The server said, with words, that there is no such connector or destination any more. */
export const isDismissal = (error: unknown): boolean =>
  error instanceof ApiError && (error.problem.code === 'connector.not-found' || error.problem.code === 'destination.not-found');
