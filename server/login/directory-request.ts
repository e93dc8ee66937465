/**
 * The one client for the directories of providers (Microsoft Graph, Google's): bounded in time, size and tries, follows nothing. What a
 * directory writes is read for codes alone and shown to nobody.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { directorySeconds, isNotNow, triesMaximum, waitMilliseconds } from './directory-rules.ts';
import { boundedFetch, requestSeconds, whyUnreachable } from './openid-fetch.ts';

/** Why there is no answer, as one sentence for admins. */
export class DirectoryError extends Error {
  readonly kind: 'away' | 'refused' | 'unknown';
  /** @param kind `unknown`: the directory answers that it has no such person. */
  constructor(kind: DirectoryError['kind'], sentence: string) {
    super(sentence);
    this.kind = kind;
  }
}

export interface DirectoryQuestion {
  readonly url: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Directory {
  /** In words: `Microsoft Graph`. */
  readonly name: string;
  /** What to switch on when a question is refused; a sentence. */
  readonly remedy: (reason: string | undefined) => string;
}
/** The JSON of an answer; throws `DirectoryError`. */
export type AskDirectory = (question: DirectoryQuestion) => Promise<unknown>;

/** For all the questions of one login. */
export function askDirectory(directory: Directory, now: () => number): AskDirectory {
  const until = now() + directorySeconds * 1000;
  return async (question) => {
    for (let tries = 1; ; tries += 1) {
      const response = await send(directory, question, until - now());
      const body = await readJson(response);
      if (response.status === 200 && body !== undefined) return body;
      const reason = reasonIn(body);
      if (!isNotNow(response.status, reason)) throw refusal(directory, response.status, reason);
      const pause = waitMilliseconds(response.headers.get('retry-after'), tries, now(), Math.random());
      if (tries >= triesMaximum || now() + pause >= until)
        throw new DirectoryError('away', `${directory.name} is asked too much, or is out of order (status ${response.status}).`);
      await wait(pause);
    }
  };
}

async function send({ name }: Directory, { url, token, headers }: DirectoryQuestion, leftMilliseconds: number): Promise<Response> {
  if (leftMilliseconds <= 0) throw new DirectoryError('away', `${name} took too long.`);
  try {
    return await boundedFetch(url, {
      method: 'GET',
      headers: { accept: 'application/json', authorization: `Bearer ${token}`, ...headers },
      body: undefined,
      redirect: 'manual',
      signal: AbortSignal.timeout(Math.min(requestSeconds * 1000, leftMilliseconds)),
    });
  } catch (cause) {
    throw new DirectoryError('away', `${name} cannot be reached: ${whyUnreachable(cause) ?? 'what it answered does not hold'}.`);
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** The code of an error: Microsoft's `error.code`, Google's `error.errors[].reason` or `error.status`. */
function reasonIn(body: unknown): string | undefined {
  const error = field(body, 'error');
  const [first] = [field(error, 'errors')].flat();
  return [field(first, 'reason'), field(error, 'status'), field(error, 'code')].find((text) => typeof text === 'string');
}
const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

function refusal({ name, remedy }: Directory, status: number, reason: string | undefined): DirectoryError {
  if (status === 404) return new DirectoryError('unknown', `${name} does not know this person.`);
  const code = /^[A-Za-z_]{1,60}$/.test(reason ?? '') ? `, ${reason ?? ''}` : '';
  return new DirectoryError('refused', `${name} refuses to tell groups (status ${status}${code}). ${remedy(reason)}`);
}
