/** Passwords before they are stored: checked for strength, or made for one use, and hashed. */
import { toTime } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { PasswordPreparation } from '../identity/user-service.ts';
import { isCommonPassword } from './common-passwords.ts';
import { hashPassword } from './password-hash.ts';
import { passwordWeakness } from './password-strength-rules.ts';
import { newOneTimePassword } from './secrets.ts';

/** A one-time password that nobody used in a week is dead. */
const oneTimeMilliseconds = 7 * 86_400_000;

export const passwordPreparation: PasswordPreparation = {
  chosen: async (password, email) => {
    const weakness = passwordWeakness(password, email, isCommonPassword);
    if (weakness !== undefined) throw new DomainError('password.too-weak', weakness);
    return { hash: await hashPassword(password), state: 'set', expiresAt: null };
  },
  oneTime: async (now) => {
    const password = newOneTimePassword();
    return { password, prepared: { hash: await hashPassword(password), state: 'one-time', expiresAt: toTime(now + oneTimeMilliseconds) } };
  },
};
