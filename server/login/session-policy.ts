/** Whose sessions and keys one may see and end: one's own; others' with `view`, or `admin` to end them. */
import { DomainError } from '../../shared/api/problem.ts';
import type { SessionMethod } from '../../shared/api/sessions.ts';

interface Asker {
  readonly identity: { readonly id: string; readonly name: string };
  readonly session: { readonly method: SessionMethod };
  readonly serverRoles: ReadonlySet<'admin' | 'view'>;
}

/** The identity whose things are listed; undefined: everyone's. */
export function listScope(
  asker: Asker,
  wanted: { readonly identity?: string | undefined; readonly all?: string | undefined },
  what: string,
): string | undefined {
  const own = wanted.all !== 'true' && (wanted.identity === undefined || wanted.identity === asker.identity.id);
  if (own) return asker.identity.id;
  if (!asker.serverRoles.has('view')) {
    throw new DomainError(
      'access.denied',
      `To see other people's ${what} you need the role view on infra. Ask an admin for: infra grants add ${asker.identity.name} --role view infra`,
    );
  }
  return wanted.all === 'true' ? undefined : wanted.identity;
}

/** Whether one may end what belongs to `ownerId`. Others' things look like missing ones to those who may not. */
export const mayEnd = (asker: Asker, ownerId: string): boolean => asker.identity.id === ownerId || asker.serverRoles.has('admin');

/** A leaked key must not make its own successor, nor one for somebody else; nor may a token of minutes make one for months. */
export function mayCreateAccessKey(asker: Asker, ownerId: string): void {
  if (asker.session.method === 'access-key')
    throw new DomainError('access-key.not-from-key', 'An access key cannot make access keys. Log in as a person: infra login');
  if (asker.session.method === 'workload-token')
    throw new DomainError(
      'access-key.not-from-key',
      'A session by the token of a workload cannot make access keys, which would outlive it. Log in as a person: infra login',
    );
  if (!mayEnd(asker, ownerId)) throw new DomainError('access.denied', 'Access keys for others need the role admin on infra.');
}
