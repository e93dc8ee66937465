/**
 * What a provider's directory says of people becomes users here, and their end. It binds by the rules of a first login (ADR 21), touches what came
 * through its own provider, and asks nobody whether an admin remains: the company has said so (ADR 25). Bound to a transaction.
 */
import { toTime } from '../../shared/clock.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act } from '../audit/caller.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { AccessEffects } from './access-effects.ts';
import { providersOf } from './account-admission.ts';
import { hasWayIn } from './account-rules.ts';
import type { AccountStore } from './account-store.ts';
import type { GroupStore } from './group-store.ts';
import type { Identity, IdentityStore } from './identity-store.ts';
import { leave } from './provider-groups.ts';
import type { Provider } from './provider-store.ts';
import type { Person, ProvisionedUser, ProvisionedUserStore } from './provisioned-user-store.ts';
import { adoptionFault } from './provisioning-rules.ts';
import { named, newUser, removeIdentity, type PasswordRecords } from './user-service.ts';

export interface ProvisioningStores {
  readonly identities: IdentityStore;
  readonly accounts: AccountStore;
  readonly groups: GroupStore;
  readonly passwords: Pick<PasswordRecords, 'stateOf' | 'remove'>;
  readonly provisionedUsers: ProvisionedUserStore;
  readonly effects: AccessEffects;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
type Stores = ProvisioningStores;

/** Throws `provisioning.duplicate` when the person is somebody here whom the provider may not speak for. */
export async function provisionUser(stores: Stores, provider: Provider, person: Person, act: Act): Promise<ProvisionedUser> {
  const found = await whoIs(stores, provider, person);
  const user = found ?? newUser(person.email, act.now);
  if (found === undefined) {
    await stores.identities.insert(user);
    await stores.audit.record({ event: 'user.added', act, details: { user: named(user) } });
  }
  const at = toTime(act.now);
  const provisioned = { ...person, providerId: provider.id, identityId: user.id, version: 1, createdAt: at, updatedAt: at };
  await stores.provisionedUsers.insert(provisioned);
  const { externalId, active } = person;
  await stores.audit.record({
    event: 'account.provisioned',
    act,
    details: { user: named(user), provider: named(provider), externalId, active },
  });
  if (!active) await deactivate(stores, provider, user, act);
  return provisioned;
}

/** A person of the provider's own, by subject or, as it alone wrote that, by the address of their last login; else whoever has the address. */
async function whoIs(stores: Stores, provider: Provider, person: Person): Promise<Identity | undefined> {
  const bySubject = person.externalId === null ? undefined : await stores.accounts.findBySubject(provider.id, person.externalId);
  const own = bySubject === undefined ? await stores.accounts.withEmail(provider.id, person.email) : [bySubject];
  const [ownerId, ...others] = new Set(own.map(({ identityId }) => identityId));
  if (others.length > 0) throw duplicate('Several people have logged in with this email. Give their subject as externalId.');
  if (ownerId !== undefined) {
    if ((await stores.provisionedUsers.find(provider.id, ownerId)) !== undefined) throw duplicate('This user was provisioned already.');
    return stores.identities.find(ownerId);
  }
  const namesake = await stores.identities.findByName('user', person.email);
  if (namesake === undefined) return undefined;
  const fault = adoptionFault(
    {
      status: namesake.status,
      hasPassword: (await stores.passwords.stateOf(namesake.id)) === 'set',
      providers: await providersOf(stores, namesake.id),
    },
    provider,
  );
  if (fault !== undefined) throw duplicate(fault);
  return namesake;
}

const duplicate = (sentence: string): DomainError => new DomainError('provisioning.duplicate', sentence);

/** What the directory says now, of somebody it gave before. */
export async function updateUser(
  stores: Stores,
  provider: Provider,
  { before, person }: { readonly before: ProvisionedUser; readonly person: Person },
  act: Act,
): Promise<ProvisionedUser> {
  const changed = changesBetween(before, person);
  if (changed.length === 0) return before;
  const user = await ownerOf(stores, before);
  const after = { ...before, ...person, version: before.version + 1, updatedAt: toTime(act.now) };
  await stores.provisionedUsers.update(after);
  const told = changed.filter((name) => name !== 'active');
  const details = { user: named(user), provider: named(provider) };
  if (told.length > 0) await stores.audit.record({ event: 'account.updated', act, details: { ...details, changed: told } });
  if (before.active && !after.active) await deactivate(stores, provider, user, act);
  // The next login opens the account; nothing that ended comes back by itself.
  if (!before.active && after.active) await stores.audit.record({ event: 'account.activated', act, details });
  return after;
}

function changesBetween(before: Person, after: Person): string[] {
  const flat = ({ userName, externalId, active, attributes }: Person): Record<string, unknown> => ({
    userName,
    externalId,
    active,
    ...attributes,
  });
  const [one, other] = [flat(before), flat(after)];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter(
    (key) => JSON.stringify(one[key]) !== JSON.stringify(other[key]),
  );
}

/** The person stays out of this provider's way in, at once; of others only as far as nothing else lets them in. */
async function deactivate(stores: Stores, provider: Provider, user: Identity, act: Act): Promise<void> {
  const ended = await closeAccount(stores, provider, { user, reason: `deactivated by ${provider.name}` }, act);
  const revision = stores.feed.change()?.revision ?? null;
  await stores.audit.record({
    event: 'account.deactivated',
    act,
    details: { user: named(user), provider: named(provider), ...ended, revision },
  });
}

async function closeAccount(
  stores: Stores,
  provider: Provider,
  { user, reason }: { readonly user: Identity; readonly reason: string },
  act: Act,
): Promise<{ readonly sessionsEnded: number; readonly leasesRevoked: number }> {
  const own = await stores.effects.endProviderSessions({ providerId: provider.id, identityId: user.id }, reason, act);
  await stores.accounts.endAt(provider.id, user.id);
  await stores.effects.identityChanged(user.id, act);
  if (await hasOtherWayIn(stores, provider, user)) {
    // What the provider's groups gave must not be held by another way in.
    await leaveGroups(stores, provider, user, act);
    return own;
  }
  // An invitation that was never used would let them in past their provider.
  await stores.passwords.remove(user.id);
  const rest = await stores.effects.revokeIdentity(user.id, reason, act);
  return { sessionsEnded: own.sessionsEnded + rest.sessionsEnded, leasesRevoked: own.leasesRevoked + rest.leasesRevoked };
}

async function leaveGroups(stores: Stores, provider: Provider, user: Identity, act: Act): Promise<void> {
  for (const group of await stores.groups.groupsOf(user.id)) if (group.provider === provider.name) await leave(stores, group, user, act);
}

/** A one-time password that was never used is none: who was given by a directory comes by its provider. */
async function hasOtherWayIn(stores: Stores, provider: Provider, user: Identity): Promise<boolean> {
  const elsewhere = (await stores.accounts.ofIdentity(user.id)).filter(({ providerId }) => providerId !== provider.id);
  const password = await stores.passwords.stateOf(user.id);
  return hasWayIn(password === 'set' ? 'set' : 'none', elsewhere);
}

/**
 * The directory knows the person no more. Who has no other way in is forgotten with grants, memberships and keys, so that whoever gets the address
 * next begins with nothing; the last who could administer is kept, shut out, with the right at rest (`infra-server recover-admin`).
 */
export async function deprovisionUser(stores: Stores, provider: Provider, before: ProvisionedUser, act: Act): Promise<void> {
  const user = await ownerOf(stores, before);
  const ended = await closeAccount(stores, provider, { user, reason: `removed by ${provider.name}` }, act);
  await leaveGroups(stores, provider, user, act);
  await stores.accounts.removeAt(provider.id, user.id);
  await stores.provisionedUsers.remove(provider.id, user.id);
  const kept = await keepOrForget(stores, provider, user, act);
  const details = { user: named(user), provider: named(provider), kept, ...ended, revision: stores.feed.change()?.revision ?? null };
  await stores.audit.record({ event: 'account.deprovisioned', act, details });
}

async function keepOrForget(stores: Stores, provider: Provider, user: Identity, act: Act): Promise<boolean> {
  if (await hasOtherWayIn(stores, provider, user)) return true;
  if ((await providersOf(stores, user.id)).length > 0) return true;
  if (!(await stores.effects.adminRemainsWithout(user.id))) {
    await stores.identities.setStatus(user.id, 'disabled');
    await stores.audit.record({ event: 'user.disabled', act, details: { user: named(user) } });
    return true;
  }
  await removeIdentity(stores, user, act);
  await stores.audit.record({ event: 'user.removed', act, details: { user: named(user) } });
  return false;
}

async function ownerOf(stores: Pick<Stores, 'identities'>, { identityId }: ProvisionedUser): Promise<Identity> {
  const user = await stores.identities.find(identityId);
  if (user === undefined) throw new Error('a provisioned user without a user');
  return user;
}
