/** What a chosen password must be: long, and not one that everybody tries (NIST SP 800-63B §5.1.1.2: length and a blocklist, no composition rules). */

export const minimumPasswordLength = 12;
export const maximumPasswordLength = 500;

/** A sentence on what is wrong, or undefined. `isCommon` gets the password in lower case. */
export function passwordWeakness(password: string, email: string, isCommon: (lowerCase: string) => boolean): string | undefined {
  const length = Array.from(password).length;
  if (length < minimumPasswordLength)
    return `A password needs at least ${minimumPasswordLength} characters; a few words in a row are good.`;
  if (length > maximumPasswordLength) return `A password may have at most ${maximumPasswordLength} characters.`;
  const lower = password.toLowerCase();
  if (isCommon(lower) || isCommon(lower.replace(/[^a-z]+$/u, '')))
    return 'This password is on the lists that attackers try first. Choose another.';
  if (new Set(lower).size < 5) return 'This password repeats too few characters. Choose another.';
  const [account = ''] = email.toLowerCase().split('@');
  if (lower.includes(email.toLowerCase()) || (account.length >= 4 && lower.includes(account)))
    return 'A password may not contain the email it belongs to.';
  return undefined;
}
