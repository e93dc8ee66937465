/**
 * One's own passkeys, this side of the browser: links to ceremonies, and what becomes of them in the session that asked. Who may add one is as
 * ADR 34 says of every second factor; what a browser does behind a link is `passkey-ceremony.ts`.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { ProofPurpose } from '../../shared/api/passkeys.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { PasskeyLinkId, SecondFactorId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import { claimOf, describe, makeRecoveryCodes, named, refuseKeys, refuseOldLogin } from './own-second-factors.ts';
import { openNewPasskey } from './passkey-ceremony.ts';
import type { PasskeyLinkStore } from './passkey-link-store.ts';
import { linkSeconds, noPasskeysHere, passkeyLinkUrl, passkeysMaximum, signsInAlone, type LinkTask } from './passkey-rules.ts';
import type { PasskeyStore } from './passkey-store.ts';
import type { PasswordStore } from './password-store.ts';
import type { RecoveryCodeStore } from './recovery-code-store.ts';
import { factorPurpose, type SecondFactorProof } from './second-factor-proof.ts';
import type { SecondFactorRecord, SecondFactorStore } from './second-factor-store.ts';
import { newSecret } from './secrets.ts';
import type { SessionProofs } from './session-proofs.ts';
import { relyingPartyOf } from './webauthn.ts';

export interface PasskeyStores {
  readonly secondFactors: SecondFactorStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly passkeys: PasskeyStore;
  readonly passkeyLinks: PasskeyLinkStore;
  readonly passwords: Pick<PasswordStore, 'stateOf'>;
  readonly sessionProofs: SessionProofs;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface PasskeyServiceOptions {
  readonly read: Pick<PasskeyStores, 'passkeys' | 'passkeyLinks'>;
  readonly transact: Transact<PasskeyStores>;
  readonly proof: Pick<SecondFactorProof<PasskeyStores>, 'prove'>;
  readonly sealing: Sealing;
  readonly publicUrl: string;
  /** The setting of this name. */
  readonly passkeyLogin: boolean;
  readonly clock: Clock;
}

export type PasskeyService = ReturnType<typeof createPasskeyService>;

export function createPasskeyService({ read, transact, proof, sealing, publicUrl, passkeyLogin, clock }: PasskeyServiceOptions) {
  const demandName = (): void => {
    if (relyingPartyOf(publicUrl) === undefined) throw new DomainError('passkey.not-possible', noPasskeysHere);
  };

  const newLink = async (stores: PasskeyStores, task: LinkTask, caller: Caller, { now }: Act) => {
    const [token, proofSecret] = [newSecret('link'), newSecret('proof')];
    const link = {
      // An id made with the prefix of passkey links is one.
      id: newId('passkeyLink', now) as PasskeyLinkId,
      ...{ task, identityId: caller.identity.id, sessionId: caller.session.id },
      ...{ createdAt: toTime(now), expiresAt: toTime(now + linkSeconds * 1000) },
    };
    await stores.passkeyLinks.insert(link, { token, ...(task.kind === 'prove' ? { proof: proofSecret } : {}) });
    return { id: link.id, url: passkeyLinkUrl(publicUrl, task, token), expiresAt: link.expiresAt, proof: proofSecret };
  };

  return {
    begin: async (input: { readonly name: string; readonly code?: string | undefined }, caller: Caller) => {
      refuseKeys(caller);
      demandName();
      const work = async (stores: PasskeyStores, act: Act) => {
        const active = await stores.secondFactors.activeOf(caller.identity.id);
        if (active.length > 0 && input.code === undefined)
          throw new DomainError(
            'mfa.required',
            'You have a second factor: to add a passkey beside it, give a code of it, a recovery code, or a proof by a passkey.',
          );
        if (active.length === 0) refuseOldLogin(caller, act.now);
        if (active.length >= passkeysMaximum)
          throw new DomainError(
            'request.invalid',
            `You have ${active.length} second factors, and more are not kept. Remove one: infra mfa remove`,
          );
        const link = await newLink(stores, { kind: 'add', name: input.name, isFirst: active.length === 0 }, caller, act);
        const details = { user: named(caller), factor: link.id, kind: 'passkey' as const };
        await stores.audit.record({ event: 'second-factor.begun', act, details });
        return { id: link.id, url: link.url, expiresAt: link.expiresAt };
      };
      if (input.code === undefined) return transact(async (stores) => work(stores, { by: authorOf(caller), now: clock.now() }));
      return proof.prove(claimOf(caller, input.code, 'add'), async (stores, act) => {
        await stores.sessionProofs.set(caller.session.id, act);
        return work(stores, act);
      });
    },

    ask: async (purpose: ProofPurpose, caller: Caller) => {
      refuseKeys(caller);
      demandName();
      if ((await read.passkeys.ofIdentity(caller.identity.id)).length === 0)
        throw new DomainError('second-factor.not-found', 'You have no passkey yet. Add one: infra mfa add-passkey');
      return transact(async (stores) => newLink(stores, { kind: 'prove', purpose }, caller, { by: authorOf(caller), now: clock.now() }));
    },

    link: async (id: PasskeyLinkId, caller: Caller): Promise<{ isDone: boolean }> => {
      const found = await read.passkeyLinks.find(id, ofSession(caller), toTime(clock.now()));
      if (found === undefined) throw linkGone();
      return { isDone: found.doneAt !== null };
    },

    confirm: async (id: PasskeyLinkId, caller: Caller) => {
      refuseKeys(caller);
      return transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const taken = await stores.passkeyLinks.takeCredential(id, ofSession(caller), toTime(act.now));
        const before = await stores.secondFactors.activeOf(caller.identity.id);
        // Begun when there was none, and so without a proof: another that was added since is not joined by it.
        if (taken?.task.kind !== 'add' || (taken.task.isFirst && before.length > 0)) throw linkGone();
        const { publicKey, ...made } = openNewPasskey(sealing, id, taken.sealed);
        const factor = newFactor(caller, taken.task.name, act.now);
        const sealedSecret = sealing.seal(publicKey, factorPurpose(caller.identity.id, factor.id));
        await stores.secondFactors.add({ ...factor, sealedSecret }, caller.session.id);
        if (!(await stores.passkeys.insert({ factorId: factor.id, ...made })))
          throw new DomainError('passkey.duplicate', 'This passkey is registered here already. Add another one, or use it as it is.');
        await stores.sessionProofs.set(caller.session.id, act);
        const details = { user: named(caller), factor: factor.id, kind: factor.kind, replaced: false };
        await stores.audit.record({ event: 'second-factor.added', act, details });
        const recoveryCodes = before.length === 0 ? await makeRecoveryCodes(stores, caller, act) : [];
        const isPossible = passkeyLogin && (await stores.passwords.stateOf(caller.identity.id)) === 'set';
        const secondFactor = describe({ ...factor, sealedSecret }, signsInAlone(isPossible, { ...made, isTrustedAlone: true }));
        return { secondFactor, recoveryCodes, change: stores.feed.change() };
      });
    },
  };
}

const ofSession = ({ identity, session }: Caller) => ({ identityId: identity.id, sessionId: session.id });

const newFactor = (caller: Caller, name: string, now: number): Omit<SecondFactorRecord, 'sealedSecret'> & { readonly kind: 'passkey' } => ({
  // An id made with the prefix of second factors is one.
  id: newId('secondFactor', now) as SecondFactorId,
  ...{ identityId: caller.identity.id, kind: 'passkey', name, createdAt: toTime(now), lastUsedAt: null },
});

const linkGone = (): DomainError =>
  new DomainError(
    'second-factor.not-found',
    'This is over, was begun in another session, or the browser made nothing yet. Begin anew: infra mfa add-passkey',
  );
