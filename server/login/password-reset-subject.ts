/** Reads what the rules of the reset need to know of an account. */
import { fromTime } from '../../shared/clock.ts';
import type { AccountStore } from '../identity/account-store.ts';
import type { Identity } from '../identity/identity-store.ts';
import type { ResetSubject } from './password-reset-rules.ts';
import type { PasswordStore } from './password-store.ts';

interface Stores {
  readonly passwords: Pick<PasswordStore, 'find'>;
  readonly accounts: Pick<AccountStore, 'ofIdentity'>;
}

export async function resetSubjectOf({ passwords, accounts }: Stores, identity: Identity | undefined): Promise<ResetSubject | undefined> {
  if (identity?.kind !== 'user') return undefined;
  const stored = await passwords.find(identity.id);
  return {
    status: identity.status,
    password:
      stored === undefined
        ? undefined
        : {
            state: stored.state,
            changedAt: fromTime(stored.changedAt),
            expiresAt: stored.expiresAt === null ? null : fromTime(stored.expiresAt),
          },
    hasAccounts: (await accounts.ofIdentity(identity.id)).length > 0,
  };
}
