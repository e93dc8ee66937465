/** Files that a person names in an option. */
import { readFileSync } from 'node:fs';
import { CliError, errorCode } from './failure.ts';

/** `what` begins the sentence when it cannot be read: `the issuer's keys`. */
export function readTextFile(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError('wrongUse', `${what} in ${file} cannot be read (${errorCode(cause) ?? 'unknown'}); check the path and its mode`, {
      cause,
    });
  }
}
