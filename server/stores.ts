/** All stores on one handle, with what features ask of one another within a transaction. The only place that knows every table's owner. */
import type { Clock } from '../shared/clock.ts';
import { toTime } from '../shared/clock.ts';
import { newId } from '../shared/id.ts';
import type { GrantId } from '../shared/api/values.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { createAuditStore } from './audit/audit-store.ts';
import type { Act } from './audit/caller.ts';
import { createAuthorityStore } from './authority/authority-store.ts';
import { createAcknowledgementStore } from './destinations/acknowledgement-store.ts';
import type { GrantStates } from './destinations/connector-service.ts';
import { createConnectorStore } from './destinations/connector-store.ts';
import type { DestinationEffects } from './destinations/destination-service.ts';
import type { DesiredLeases } from './destinations/desired-state-service.ts';
import { createDestinationStore } from './destinations/destination-store.ts';
import { createAccessChanges, type AccessChanges } from './grants/access-changes.ts';
import { createDesiredIdentities } from './grants/desired-identities.ts';
import { endGrants } from './grants/grant-end.ts';
import { createGrantHolders } from './grants/grant-holder-store.ts';
import { createGrantStore } from './grants/grant-store.ts';
import type { AccessEffects } from './identity/access-effects.ts';
import { createAccountStore } from './identity/account-store.ts';
import { createDirectoryGroupStore } from './identity/directory-group-store.ts';
import { createGroupStore } from './identity/group-store.ts';
import { createIdentityStore } from './identity/identity-store.ts';
import type { AccessReach } from './identity/provider-impact.ts';
import { createProviderStore } from './identity/provider-store.ts';
import { createProvisionedGroupStore } from './identity/provisioned-group-store.ts';
import { createProvisionedUserStore } from './identity/provisioned-user-store.ts';
import { createLeaseNotices } from './leases/lease-notices.ts';
import { createLeaseRevocation } from './leases/lease-revocation.ts';
import { createLeaseStore } from './leases/lease-store.ts';
import { removeAccessKey } from './login/access-key-service.ts';
import { createAccessKeyStore } from './login/access-key-store.ts';
import { createBrowserLoginStore } from './login/browser-login-store.ts';
import { createDeviceLoginStore } from './login/device-login-store.ts';
import { createLoginAttemptStore } from './login/login-attempts-store.ts';
import { createPasskeyLinkStore } from './login/passkey-link-store.ts';
import { createPasskeyStore } from './login/passkey-store.ts';
import { createPasswordStore } from './login/password-store.ts';
import { createRecoveryCodeStore } from './login/recovery-code-store.ts';
import { createProviderLoginTestStore } from './login/provider-login-test-store.ts';
import { createProviderSessionStore } from './login/provider-session-store.ts';
import { createRefreshTokenStore } from './login/refresh-token-store.ts';
import { createSecondFactorReset } from './login/second-factor-reset.ts';
import { createSecondFactorStore } from './login/second-factor-store.ts';
import { createSessionEnd, type SessionEnd } from './login/session-end.ts';
import { createSessionProofs, type SessionProofs } from './login/session-proofs.ts';
import { isAccessKeyLive } from './login/session-rules.ts';
import { createSessionStore } from './login/session-store.ts';
import type { AdminGrants } from './login/setup-service.ts';
import { createLoginTokenStore } from './login/token-store.ts';
import { removeTrustRule } from './login/trust-rule-service.ts';
import { createTrustRuleStore } from './login/trust-rule-store.ts';
import { createUsedTokenStore } from './login/used-token-store.ts';
import { createOutgoingMailStore } from './mail/outgoing-mail-store.ts';
import { createScimTokenStore } from './scim/scim-token-store.ts';
import { createChangeFeed } from './storage/change-feed.ts';
import type { Handle } from './storage/database.ts';
import { createSettingsStore } from './storage/settings-store.ts';

export type Stores = ReturnType<typeof bindStores>;

export function bindStores(handle: Handle, clock: Clock) {
  const tables = bindTables(handle);
  const { grants, groups, feed, audit, leases, sessions } = tables;
  const leaseRevocation = createLeaseRevocation({ leases, feed, audit });
  const accessChanges = createAccessChanges({ grants, groups, feed }, clock);
  const sessionEnd = createSessionEnd({ sessions, leases: leaseRevocation, audit });
  const sessionProofs = createSessionProofs({ sessions, leaseNotices: createLeaseNotices({ leases, feed }) });
  const ending = { ...tables, accessChanges };
  const effects = bindEffects(ending, sessionEnd, sessionProofs);

  const reach: AccessReach = {
    openSessions: async (of) => (await sessions.openOf(of)).map(({ id }) => id),
    liveLeases: async (sessionIds) => (await leases.liveOf({ sessionIds }, toTime(clock.now()))).length,
    grantsOf: async (groupId) => (await grants.ofSubject(groupId)).length,
  };
  const destinationEffects: DestinationEffects = {
    destinationRemoved: async (destinationId, act) => {
      await endGrants(ending, await grants.atDestination(destinationId, toTime(act.now)), 'destination removed', act);
      await leaseRevocation.revokeOfDestination(destinationId, act);
    },
  };
  const desiredLeases: DesiredLeases = { at: async (destinationId, now, only) => leases.unendedAt(destinationId, toTime(now), only) };
  const grantStates: GrantStates = {
    replace: async (connectorId, destinationId, states, at) =>
      grants.replaceStates(
        connectorId,
        destinationId,
        states.map(({ id, state, reason }) => ({ grantId: id, state, reason })),
        at,
      ),
  };
  return {
    ...ending,
    leaseRevocation,
    sessionEnd,
    sessionProofs,
    effects,
    secondFactorReset: createSecondFactorReset({ ...tables, effects }),
    reach,
    destinationEffects,
    desiredIdentities: createDesiredIdentities(tables),
    desiredLeases,
    grantStates,
    adminGrants: bindAdminGrants(tables),
  };
}

type Ending = ReturnType<typeof bindTables> & { readonly accessChanges: AccessChanges };

function bindEffects(ending: Ending, sessionEnd: SessionEnd, sessionProofs: SessionProofs): AccessEffects {
  const { grants, accessKeys, trustRules, refreshTokens, loginTokens, browserLogins, passkeys, accessChanges, audit } = ending;
  return {
    identityChanged: accessChanges.identityChanged,
    membershipChanged: accessChanges.membershipChanged,
    groupChanged: accessChanges.groupChanged,
    adminRemainsWithout: async (identityId) => grants.hasLastingAdmin(identityId),
    administersAlone: async (identityId, act) => {
      const held = await grants.ofIdentity(identityId, toTime(act.now), null);
      return held.some(({ role }) => role === 'admin') && !(await grants.hasLastingAdmin(identityId));
    },
    assertAdminRemains: accessChanges.assertAdminRemains,
    forgetProofsFrom: sessionProofs.forgetAllFrom,
    endGrantsOf: async (subject, act) => endGrants(ending, await grants.ofSubject(subject.id), `${subject.kind} removed`, act),
    endProviderSessions: async (from, reason, act) => {
      await refreshTokens.removeOfProvider(from);
      await browserLogins.voidArrivals(from, toTime(act.now));
      return sessionEnd.endAllOf(from, reason, act);
    },
    endAccountSessions: async (accountId, reason, act) => {
      await refreshTokens.remove(accountId);
      await browserLogins.voidArrivals({ accountId }, toTime(act.now));
      return sessionEnd.endAllOf({ accountId }, reason, act);
    },
    revokeIdentity: async (identityId, reason, act) => {
      await refreshTokens.removeOfIdentity(identityId);
      await loginTokens.voidOf(identityId, act.now);
      await browserLogins.voidArrivals({ identityId }, toTime(act.now));
      await passkeys.distrustAlone(identityId);
      return sessionEnd.endAllOf({ identityId }, reason, act);
    },
    liveAccessKeys: async (identityId, act) =>
      (await accessKeys.ofIdentity(identityId)).filter((key) => isAccessKeyLive(key, act.now)).map(({ id, name }) => ({ id, name })),
    removeAccessKeys: async (identityId, act) => {
      for (const key of await accessKeys.ofIdentity(identityId)) await removeAccessKey({ accessKeys, sessionEnd, audit }, key, act);
    },
    removeTrustRules: async (identityId, act) => {
      for (const rule of await trustRules.ofWorkload(identityId)) await removeTrustRule({ trustRules, sessionEnd, audit }, rule, act);
    },
  };
}

function bindTables(handle: Handle) {
  const auditStore = createAuditStore(handle);
  return {
    settings: createSettingsStore(handle),
    feed: createChangeFeed(handle),
    auditStore,
    audit: createAuditLog(auditStore),
    authorities: createAuthorityStore(handle),
    identities: createIdentityStore(handle),
    groups: createGroupStore(handle),
    directoryGroups: createDirectoryGroupStore(handle),
    providers: createProviderStore(handle),
    accounts: createAccountStore(handle),
    provisionedUsers: createProvisionedUserStore(handle),
    provisionedGroups: createProvisionedGroupStore(handle),
    scimTokens: createScimTokenStore(handle),
    passwords: createPasswordStore(handle),
    secondFactors: createSecondFactorStore(handle),
    recoveryCodes: createRecoveryCodeStore(handle),
    passkeys: createPasskeyStore(handle),
    passkeyLinks: createPasskeyLinkStore(handle),
    sessions: createSessionStore(handle),
    accessKeys: createAccessKeyStore(handle),
    trustRules: createTrustRuleStore(handle),
    usedTokens: createUsedTokenStore(handle),
    loginTokens: createLoginTokenStore(handle),
    browserLogins: createBrowserLoginStore(handle),
    deviceLogins: createDeviceLoginStore(handle),
    providerLoginTests: createProviderLoginTestStore(handle),
    refreshTokens: createRefreshTokenStore(handle),
    providerSessions: createProviderSessionStore(handle),
    loginAttempts: createLoginAttemptStore(handle),
    outgoingMails: createOutgoingMailStore(handle),
    destinations: createDestinationStore(handle),
    connectors: createConnectorStore(handle),
    acknowledgements: createAcknowledgementStore(handle),
    grants: createGrantStore(handle),
    grantHolders: createGrantHolders(handle),
    leases: createLeaseStore(handle),
  };
}

/** Making an admin without a caller: the first one, and a recovered one. */
function bindAdminGrants({ grants, audit }: ReturnType<typeof bindTables>): AdminGrants {
  return {
    hasAdmin: async () => grants.hasLastingAdmin(),
    grantAdmin: async (identity, reason, act: Act) => {
      const held = await grants.ofIdentity(identity.id, toTime(act.now), null);
      if (held.some(({ role, until }) => role === 'admin' && until === null)) return;
      // An id made with the prefix of grants is one.
      const id = newId('grant', act.now) as GrantId;
      const subject = { kind: 'user', id: identity.id } as const;
      await grants.insert({
        id,
        subject,
        role: 'admin',
        destinationId: null,
        namespace: null,
        until: null,
        mfaSeconds: null,
        reason,
        createdAt: toTime(act.now),
        createdBy: act.by.actor.name,
      });
      await audit.record({
        event: 'grant.added',
        act,
        details: { grant: id, subject: { ...subject, name: identity.name }, role: 'admin', resource: 'infra', until: null, reason },
      });
    },
  };
}
