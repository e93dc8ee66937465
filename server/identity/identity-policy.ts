/** Who may do what to an identity, beyond what an endpoint's `access` already demands. */
import { DomainError } from '../../shared/api/problem.ts';

interface Asker {
  readonly identity: { readonly id: string; readonly name: string };
  readonly serverRoles: ReadonlySet<'admin' | 'view'>;
}

/** Oneself, or with `admin` on infra. A stranger learns nothing about whether the id exists. */
export function mayRevokeUser(asker: Asker, userId: string): void {
  if (asker.identity.id === userId || asker.serverRoles.has('admin')) return;
  throw new DomainError('access.denied', `Only ${asker.identity.name}'s own sessions may be revoked without the role admin on infra.`);
}
