/** The list of passwords that attackers try first; the one door to the package that carries it. */
import { dictionary } from '@zxcvbn-ts/language-common';

let common: ReadonlySet<string> | undefined;

/** `lowerCase` in lower case, as the list is. */
export function isCommonPassword(lowerCase: string): boolean {
  common ??= new Set(dictionary['passwords-common'].map(String));
  return common.has(lowerCase);
}
