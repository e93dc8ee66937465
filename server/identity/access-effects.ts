/**
 * What has to follow, in the same transaction, when an identity or a group changes. Identity knows nothing of grants, sessions and leases; it
 * states what it needs of them here, and compose.ts passes the real thing.
 */
import type { AccessKeyId } from '../../shared/api/values.ts';
import type { Act } from '../audit/caller.ts';

export interface LiveAccessKey {
  readonly id: AccessKeyId;
  readonly name: string;
}

export interface AccessEffects {
  /** Tells every destination where this identity holds something. */
  identityChanged(identityId: string, act: Act): Promise<void>;
  /** Tells every destination where this group holds something that this member's rights changed. */
  membershipChanged(groupId: string, identityId: string, act: Act): Promise<void>;
  /** Tells every destination where this group holds something, for all its members. */
  groupChanged(groupId: string, act: Act): Promise<void>;
  /** Ends grants of an identity or a group that is being removed. */
  endGrantsOf(subject: { readonly kind: 'user' | 'group' | 'workload'; readonly id: string }, act: Act): Promise<void>;
  /** Ends sessions and revokes leases. */
  revokeIdentity(identityId: string, reason: string, act: Act): Promise<{ sessionsEnded: number; leasesRevoked: number }>;
  /** Ends sessions that came from accounts at a provider, everybody's or one user's, and revokes their leases. */
  endProviderSessions(
    from: { readonly providerId: string; readonly identityId?: string },
    reason: string,
    act: Act,
  ): Promise<{ sessionsEnded: number; leasesRevoked: number }>;
  /** Of one account. */
  endAccountSessions(accountId: string, reason: string, act: Act): Promise<{ sessionsEnded: number; leasesRevoked: number }>;
  /** Second factors count as proven no more in sessions that came from accounts at a provider. */
  forgetProofsFrom(providerId: string, act: Act): Promise<void>;
  /** That may open sessions still, whatever else ended. */
  liveAccessKeys(identityId: string, act: Act): Promise<LiveAccessKey[]>;
  removeAccessKeys(identityId: string, act: Act): Promise<void>;
  /** Of a workload. */
  removeTrustRules(identityId: string, act: Act): Promise<void>;
  /** Throws `admin.last` when nobody is left who could administer, with time to spare. Called after the change, before the commit. */
  assertAdminRemains(): Promise<void>;
  /** Whether somebody else than this identity could administer. */
  adminRemainsWithout(identityId: string): Promise<boolean>;
  /** Whether this identity may administer, and nobody else could. */
  administersAlone(identityId: string, act: Act): Promise<boolean>;
}
