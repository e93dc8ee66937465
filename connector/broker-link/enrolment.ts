/** Binding this connector's key to its destination: once, with the join token; afterwards the record in the state directory speaks. */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { connectors } from '../../shared/api/connectors.ts';
import { connectorId, destinationId } from '../../shared/api/values.ts';
import { ApiError, createClient } from '../../shared/client.ts';
import { ConfigError } from '../../shared/node/load-config.ts';
import { parseJoinToken, type JoinToken } from '../../shared/node/join-token.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { SecretValue } from '../../shared/node/secret-value.ts';
import { pause } from '../pause.ts';
import { createBackoff } from './backoff.ts';
import { publicJwkOf } from './key-files.ts';
import { createServerFetch, type ProxyVariables } from './server-fetch.ts';
import { findServerTrust, rootsVouchedFor, UntrustedServerError, type ServerTrust } from './server-trust.ts';
import type { StateDirectory } from './state-directory.ts';

const recordSchema = z.object({
  connectorId,
  destination: z.object({ id: destinationId, name: z.string() }),
  trustDomain: z.string(),
  /** Infra roots, PEM: what people's certificates chain to, and the server's unless it is publicly trusted. */
  roots: z.string(),
  serverTrust: z.enum(['pinned', 'system']),
});
export type Enrolment = z.output<typeof recordSchema>;

export interface EnrolmentOptions {
  readonly serverUrl: string;
  readonly joinToken: SecretValue | undefined;
  /** PEM the server's TLS certificate is checked with, when the operator gave one. */
  readonly serverCa: string | undefined;
  readonly directory: StateDirectory;
  readonly key: KeyObject;
  readonly clusterUid: string | null;
  readonly version: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly proxyEnv: ProxyVariables;
}

const recordFile = 'enrolment.json';
const answerMilliseconds = 15_000;

/** The stored enrolment, or a new one; tries until the server answers. */
export async function enrol(options: EnrolmentOptions): Promise<Enrolment> {
  const token = readToken(options.joinToken);
  const stored = readEnrolment(options.directory);
  if (stored !== undefined) {
    if (token !== undefined && token.destinationId !== stored.destination.id)
      throw new ConfigError(
        `${options.directory.path} belongs to the destination ${stored.destination.name} (${stored.destination.id}), the join token to ${token.destinationId}; use another stateDir for it`,
      );
    return stored;
  }
  if (token === undefined || options.joinToken === undefined)
    throw new ConfigError('not enrolled yet: set tokenFile or INFRA_CONNECTOR_TOKEN to a join token from: infra destinations add NAME');
  const enrolment = await tryUntilAnswered(options, token, options.joinToken);
  storeEnrolment(options.directory, enrolment);
  options.logger.info({ destination: enrolment.destination, connector: enrolment.connectorId }, 'enrolled');
  return enrolment;
}

export function storeEnrolment(directory: StateDirectory, enrolment: Enrolment): void {
  directory.write(recordFile, `${JSON.stringify(enrolment)}\n`);
}

function readEnrolment(directory: StateDirectory): Enrolment | undefined {
  const text = directory.read(recordFile);
  return text === undefined ? undefined : recordSchema.parse(JSON.parse(text));
}

function readToken(secret: SecretValue | undefined): JoinToken | undefined {
  if (secret === undefined) return undefined;
  const token = parseJoinToken(secret.reveal());
  if (token === undefined) throw new ConfigError('the join token is not one: copy the whole word that starts with infra_join_');
  return token;
}

async function tryUntilAnswered(options: EnrolmentOptions, token: JoinToken, secret: SecretValue): Promise<Enrolment> {
  const backoff = createBackoff({ firstMilliseconds: 500, longestMilliseconds: 30_000 });
  for (;;) {
    try {
      return await enrolOnce(options, token, secret);
    } catch (error) {
      throwWhatTryingAgainCannotMend(error, options.signal);
      const wait = backoff.next();
      options.logger.warn({ err: error, retryInMilliseconds: wait }, 'enrolment: no answer from the server yet');
      await pause(wait, options.signal);
    }
  }
}

function throwWhatTryingAgainCannotMend(error: unknown, signal: AbortSignal): void {
  if (signal.aborted) throw new ConfigError('stopped before the enrolment was through');
  if (error instanceof UntrustedServerError) throw new ConfigError(error.message);
  if (!(error instanceof ApiError) || error.problem.status >= 500 || error.problem.status === 429) return;
  throw new ConfigError(
    `the server refused the join token: ${error.problem.detail} A new one comes from: infra destinations join-token NAME, or add the destination again`,
  );
}

async function enrolOnce(options: EnrolmentOptions, token: JoinToken, secret: SecretValue): Promise<Enrolment> {
  const trust: ServerTrust =
    options.serverCa === undefined ? await findServerTrust(options.serverUrl, token.rootFingerprint, options.proxyEnv) : { kind: 'system' };
  const transport = createServerFetch(options.serverCa ?? (trust.kind === 'pinned' ? trust.roots : undefined), options.proxyEnv);
  try {
    const call = createClient({ baseUrl: options.serverUrl, fetch: transport.fetch, userAgent: `infra-connector/${options.version}` });
    const answer = await call(
      connectors.enrol,
      {
        body: {
          joinToken: secret.reveal(),
          publicKey: publicJwkOf(options.key),
          clusterUid: options.clusterUid,
          version: options.version,
        },
      },
      { signal: AbortSignal.timeout(answerMilliseconds) },
    );
    const roots = rootsVouchedFor(answer.caCertificates, token.rootFingerprint);
    if (roots === undefined || answer.destination.id !== token.destinationId)
      throw new UntrustedServerError(
        'the server answered the enrolment with another certificate authority or destination than the join token names',
      );
    return {
      connectorId: answer.connectorId,
      destination: answer.destination,
      trustDomain: answer.trustDomain,
      roots,
      serverTrust: trust.kind,
    };
  } finally {
    transport.close();
  }
}
