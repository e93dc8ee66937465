/** Who may do what to an identity, beyond what an endpoint's `access` already demands. */
import { DomainError } from '../../shared/api/problem.ts';

interface Asker {
  readonly identity: { readonly id: string; readonly name: string };
  readonly serverRoles: ReadonlySet<'admin' | 'view'>;
}

interface LoggedInAsker extends Asker {
  readonly session: { readonly method: string; readonly createdAt: number };
}
const youngLoginMilliseconds = 600_000;

/**
 * With `admin` on infra; oneself by a login of the last ten minutes, and not by a key: a session that was stolen is older, and must not shut its
 * owner out.
 */
export function mayUnlink(asker: LoggedInAsker, userId: string, now: number): void {
  if (asker.serverRoles.has('admin')) return;
  if (asker.identity.id !== userId)
    throw new DomainError('access.denied', `Only ${asker.identity.name}'s own accounts may be taken off without the role admin on infra.`);
  if (asker.session.method === 'access-key' || now - asker.session.createdAt > youngLoginMilliseconds)
    throw new DomainError(
      'account.login-too-old',
      'To take an account off yourself the login must be of the last ten minutes, and not by a key. Run: infra login, then the command again.',
    );
}

/** Oneself, or with `admin` on infra. A stranger learns nothing about whether the id exists. */
export function mayRevokeUser(asker: Asker, userId: string): void {
  if (asker.identity.id === userId || asker.serverRoles.has('admin')) return;
  throw new DomainError('access.denied', `Only ${asker.identity.name}'s own sessions may be revoked without the role admin on infra.`);
}
