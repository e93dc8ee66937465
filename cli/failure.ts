/** What a command ends with when it does not end well. Knows no schema library: the credential plugin starts with this file. */

/** The exit codes that scripts rely on. */
export const exitCodes = { ok: 0, failed: 1, wrongUse: 2, notLoggedIn: 3, forbidden: 4, notFound: 5, unreachable: 6 } as const;
export type Failure = Exclude<keyof typeof exitCodes, 'ok'>;

/** One lower-case sentence for the person, ending with what to do next. Never holds a secret. */
export class CliError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure, sentence: string, options: { cause?: unknown } = {}) {
    super(sentence, options);
    this.name = 'CliError';
    this.failure = failure;
  }
}

/** How a refusal of the server ends the program, by its HTTP status. */
export function failureOfStatus(status: number): Failure {
  switch (status) {
    case 400:
      return 'wrongUse';
    case 401:
      return 'notLoggedIn';
    case 403:
      return 'forbidden';
    case 404:
      return 'notFound';
    case 502:
    case 503:
    case 504:
      return 'unreachable';
    default:
      return 'failed';
  }
}

/** The server's sentence in the manner of ours: lower-case beginning, no full stop. Abbreviations and names in capitals stay. */
export const asOurSentence = (detail: string): string =>
  detail.replace(/^[A-Z](?=[a-z]*[ ,])/, (letter) => letter.toLowerCase()).replace(/\.$/, '');

/** `ENOENT`, `ECONNREFUSED`: the system's code of an error, when it has one. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
