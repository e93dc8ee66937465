/** One-time links that make an admin: printed at the first start, or by `infra-server recover-admin` on the server's host. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous, system, type Act } from '../audit/caller.ts';
import type { AccessEffects } from '../identity/access-effects.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import { named, newUser, type PasswordPreparation, type PreparedPassword } from '../identity/user-service.ts';
import type { Transact } from '../storage/transact.ts';
import type { PasswordStore } from './password-store.ts';
import type { SecondFactorReset } from './second-factor-reset.ts';
import { newSecret } from './secrets.ts';
import type { LoginTokenStore } from './token-store.ts';

/** What setting up needs of grants. */
export interface AdminGrants {
  /** Grants `admin` on infra without end, unless it is held already. */
  grantAdmin(identity: { readonly id: string; readonly name: string }, reason: string, act: Act): Promise<void>;
  hasAdmin(): Promise<boolean>;
}

interface Stores {
  readonly identities: IdentityStore;
  readonly passwords: PasswordStore;
  readonly loginTokens: LoginTokenStore;
  readonly adminGrants: AdminGrants;
  readonly effects: Pick<AccessEffects, 'identityChanged'>;
  readonly secondFactorReset: SecondFactorReset;
  readonly audit: AuditLog;
}
export interface SetupServiceOptions {
  readonly read: Pick<Stores, 'loginTokens' | 'adminGrants'>;
  readonly transact: Transact<Stores>;
  readonly preparation: PasswordPreparation;
  readonly clock: Clock;
}

/** Checked and hashed before the installation is made. */
export interface FirstAdmin {
  readonly email: string;
  readonly password: PreparedPassword;
}

const linkSeconds = 24 * 3600;

export type SetupService = ReturnType<typeof createSetupService>;

export function createSetupService({ read, transact, preparation, clock }: SetupServiceOptions) {
  return {
    isPending: async (): Promise<boolean> => !(await read.adminGrants.hasAdmin()),

    /** A new link's token; older links are void. */
    createLink: async (purpose: 'first-admin' | 'recover-admin'): Promise<string> => {
      const secret = newSecret('setup');
      await transact(async (stores) => {
        const act: Act = { by: system, now: clock.now() };
        await stores.loginTokens.voidAll('setup', act.now);
        await stores.loginTokens.insert({ kind: 'setup', secret, subjectId: null, now: act.now, lifetimeSeconds: linkSeconds });
        await stores.audit.record({ event: 'setup.link-created', act, details: { purpose } });
      });
      return secret;
    },

    /** The link's holder becomes an admin: a new user, or an existing one whose password is replaced and who is let in again. */
    use: async (
      input: { readonly token: string; readonly email: string; readonly password: string },
      source: AuditSource,
    ): Promise<void> => {
      const found = await read.loginTokens.peek('setup', input.token, clock.now());
      if (found === undefined) {
        await transact(async ({ audit }) =>
          audit.record({
            event: 'login.refused',
            act: { by: anonymous(source), now: clock.now() },
            outcome: 'refused',
            details: { attempted: input.email, method: 'setup', reason: 'no such link' },
          }),
        );
        throw new DomainError(
          'token.invalid',
          'This link does not hold: it was used, is older than a day, or was replaced. On the server’s host, run: infra-server recover-admin',
        );
      }
      const prepared = await preparation.chosen(input.password, input.email);
      await transact(async (stores) => {
        const act: Act = { by: anonymous(source), now: clock.now() };
        const used = await stores.loginTokens.use('setup', input.token, act.now);
        if (used === undefined) throw new DomainError('token.invalid', 'This link was used already.');
        const user = await admitUser(stores, input.email, act);
        await stores.passwords.write(user.id, prepared, toTime(act.now));
        await stores.adminGrants.grantAdmin(user, 'one-time link', act);
        await stores.audit.record({ event: 'setup.used', act, details: { user: named(user) } });
      });
    },

    /** The first admin from settings, at the first start. */
    createFirstAdmin: async ({ email, password }: FirstAdmin): Promise<void> => {
      await transact(async (stores) => {
        const act: Act = { by: system, now: clock.now() };
        const user = await admitUser(stores, email, act);
        await stores.passwords.write(user.id, password, toTime(act.now));
        await stores.adminGrants.grantAdmin(user, 'first start', act);
      });
    },
  };
}

async function admitUser(stores: Stores, email: string, act: Act): Promise<Identity> {
  const existing = await stores.identities.findByName('user', email);
  if (existing !== undefined) {
    await stores.identities.setStatus(existing.id, 'active');
    // Whoever knew the old password may still be inside. Who was locked out may have lost the second factor too, and the host's word is enough.
    await stores.secondFactorReset.reset(existing.id, 'recovered by one-time link', act);
    await stores.effects.identityChanged(existing.id, act);
    return existing;
  }
  const user = newUser(email, act.now);
  await stores.identities.insert(user);
  await stores.audit.record({ event: 'user.added', act, details: { user: named(user) } });
  return user;
}
