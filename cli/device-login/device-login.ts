/**
 * The login by a code (RFC 8628), this machine's half: shows the code, and asks until the person has decided in whichever browser they like. What
 * is shown is worth nothing without the device code and the verifier, which never leave this process but for the server.
 */
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { api } from '../../shared/api/index.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import { ApiError, type Call } from '../../shared/client.ts';
import { formatDuration } from '../../shared/ttl.ts';
import type { Environment } from '../environment.ts';
import { asOurSentence, CliError } from '../failure.ts';
import type { OpenedSession } from '../login-methods.ts';
import type { Output } from '../output.ts';
import { interrupted } from '../prompt.ts';
import { afterRefusal, afterSilence } from './device-poll-rules.ts';

export interface DeviceLogin {
  readonly call: Call;
  readonly environment: Pick<Environment, 'onInterrupt'>;
  readonly output: Pick<Output, 'warn' | 'say'>;
  /** Origin that people reach the server at. */
  readonly server: string;
  readonly timeoutSeconds: number;
}
type Begun = CallResult<typeof api.login.device>;

export async function loginByDevice(login: DeviceLogin): Promise<OpenedSession> {
  const { call, environment, output, server, timeoutSeconds } = login;
  const codeVerifier = randomBytes(32).toString('base64url');
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
  const begun = await call(api.login.device, { body: { codeChallenge, host: ownName() } });
  const seconds = Math.min(begun.expiresInSeconds, timeoutSeconds);
  output.warn(`to log in to ${server}, open this address in a browser on any machine:`);
  output.warn(`  ${begun.verificationUri}`);
  output.warn('and type this code there:');
  output.warn(`  ${begun.userCode}`);
  output.say(`it holds for ${formatDuration(seconds)}; who types it lets this terminal in, so give it to nobody`);

  const ended = new AbortController();
  const forget = environment.onInterrupt(() => ended.abort(interrupted()));
  const timer = setTimeout(() => ended.abort(tooLate(seconds, server)), seconds * 1000);
  try {
    return await untilDecided(login, begun, codeVerifier, ended.signal);
  } catch (error) {
    // Whatever was under way then came to nothing because of it.
    throw ended.signal.aborted ? ended.signal.reason : error;
  } finally {
    clearTimeout(timer);
    forget();
  }
}

async function untilDecided(
  { call, output, server }: DeviceLogin,
  begun: Begun,
  codeVerifier: string,
  signal: AbortSignal,
): Promise<OpenedSession> {
  let pace = { intervalSeconds: begun.intervalSeconds, isSilent: false };
  for (;;) {
    await wait(pace.intervalSeconds * 1000, undefined, { signal });
    try {
      return await call(api.login.deviceToken, { body: { deviceCode: begun.deviceCode, codeVerifier } }, { signal });
    } catch (error) {
      const next = afterRefusal(pace, error) ?? afterSilence(pace, error);
      if (signal.aborted || next === undefined) throw isOver(error) ? overSaid(error, server) : error;
      if (next.isSilent && !pace.isSilent) output.say('the server does not answer; asking on');
      pace = next;
    }
  }
}

const tooLate = (seconds: number, server: string): CliError =>
  new CliError('failed', `nobody approved this login within ${formatDuration(seconds)}; run again: infra login ${server} --device`);

/** No mistake of whoever typed the command, as other answers with that status are. */
const isOver = (error: unknown): error is ApiError => error instanceof ApiError && error.problem.code === 'device-login.expired-token';
const overSaid = ({ problem }: ApiError, server: string): CliError =>
  new CliError('failed', `${asOurSentence(problem.detail)}; run again: infra login ${server} --device`);

/** As the server takes it; it is shown to whoever decides. */
const ownName = (): string | undefined =>
  hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 64) || undefined;
