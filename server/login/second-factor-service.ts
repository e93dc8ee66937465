/**
 * One's own second factors: adding, removing, recovery codes, and proving one in a session. Whatever weakens them takes a code with the very
 * request, so that a session in the wrong hands, proven or not, changes nothing of them (ADR 34).
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { CallResult } from '../../shared/api/endpoint.ts';
import type { ProofPurpose } from '../../shared/api/passkeys.ts';
import type { SecondFactor, secondFactors } from '../../shared/api/second-factors.ts';
import type { Change, SecondFactorId, UserId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import { claimOf, describe, makeRecoveryCodes, named, refuseKeys, refuseOldLogin } from './own-second-factors.ts';
import type { PasskeyLinkStore } from './passkey-link-store.ts';
import { signsInAlone } from './passkey-rules.ts';
import type { PasskeyStore } from './passkey-store.ts';
import type { PasswordStore } from './password-store.ts';
import type { RecoveryCodeStore } from './recovery-code-store.ts';
import { factorPurpose, type SecondFactorProof } from './second-factor-proof.ts';
import { enrolmentSeconds } from './second-factor-rules.ts';
import type { SecondFactorReset } from './second-factor-reset.ts';
import type { PendingFactor, SecondFactorRecord, SecondFactorStore } from './second-factor-store.ts';
import type { SessionProofs } from './session-proofs.ts';
import { describeTotp, newTotpSecret } from './totp.ts';

export interface SecondFactorStores {
  readonly secondFactors: SecondFactorStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly passkeys: Pick<PasskeyStore, 'ofIdentity'>;
  readonly passkeyLinks: Pick<PasskeyLinkStore, 'takeProof'>;
  readonly passwords: Pick<PasswordStore, 'stateOf'>;
  readonly sessionProofs: SessionProofs;
  readonly secondFactorReset: SecondFactorReset;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface SecondFactorServiceOptions {
  readonly read: Pick<SecondFactorStores, 'secondFactors' | 'recoveryCodes' | 'passkeys' | 'passwords'>;
  readonly transact: Transact<SecondFactorStores>;
  readonly proof: SecondFactorProof<SecondFactorStores>;
  readonly sealing: Sealing;
  /** The name of the provider that a session came from, if its word on second factors counts. */
  readonly provingProviderOf: (sessionId: string) => Promise<string | undefined>;
  /** Tells the entries of an app apart: the trust domain of this installation. */
  readonly issuer: string;
  /** The setting `passkeyLogin`. */
  readonly passkeyLogin: boolean;
  readonly clock: Clock;
}

export type SecondFactorService = ReturnType<typeof createSecondFactorService>;

export function createSecondFactorService(options: SecondFactorServiceOptions) {
  const { read, transact, proof, sealing, provingProviderOf, issuer, clock } = options;
  const prove = async <Result>(
    { caller, code, purpose }: { readonly caller: Caller; readonly code: string; readonly purpose: ProofPurpose },
    work: (stores: SecondFactorStores, act: Act) => Promise<Result>,
  ) =>
    proof.prove(claimOf(caller, code, purpose), async (stores, act) => {
      await stores.sessionProofs.set(caller.session.id, act);
      return work(stores, act);
    });

  return {
    list: async ({ identity, session }: Caller): Promise<CallResult<typeof secondFactors.list>> => ({
      items: await describeAll(options, identity.id),
      recoveryCodesLeft: await read.recoveryCodes.countUnused(identity.id),
      atProvider: (await provingProviderOf(session.id)) ?? null,
    }),

    begin: async (input: { readonly code?: string | undefined }, caller: Caller) => {
      refuseKeys(caller);
      const secret = newTotpSecret();
      const store = async (stores: SecondFactorStores, act: Act): Promise<PendingFactor> => {
        const active = await stores.secondFactors.activeOf(caller.identity.id);
        if (active.length > 0 && input.code === undefined)
          throw new DomainError(
            'mfa.required',
            'You have a second factor: to add an app, or put another in its place, give a code of it, a recovery code, or a proof by a passkey.',
          );
        if (active.length === 0) refuseOldLogin(caller, act.now);
        const pending = newPending({ caller, replacesId: proven(active)?.id ?? null, now: act.now }, secret, sealing);
        await stores.secondFactors.begin(pending);
        await stores.audit.record({
          event: 'second-factor.begun',
          act,
          details: { user: named(caller), factor: pending.id, kind: pending.kind },
        });
        return pending;
      };
      const { id, expiresAt } =
        input.code === undefined
          ? await transact(async (stores) => store(stores, { by: authorOf(caller), now: clock.now() }))
          : await prove({ caller, code: input.code, purpose: 'add' }, store);
      return { id, expiresAt, ...describeTotp(secret, { issuer: `infra ${issuer}`, label: caller.identity.name }) };
    },

    confirm: async (id: SecondFactorId, code: string, caller: Caller) =>
      proof.proveNew(
        claimOf(caller, code, 'add'),
        async (stores, act) => {
          const found = await findPending(stores, id, caller, act.now);
          if (found === undefined)
            throw new DomainError('second-factor.not-found', 'This is over, or was begun in another session. Begin anew: infra mfa add');
          return found;
        },
        async (stores, act, step) => {
          const before = appOf(await stores.secondFactors.activeOf(caller.identity.id));
          if (before !== undefined) await stores.secondFactors.remove(before.id);
          await stores.secondFactors.activate(id, step, toTime(act.now));
          await stores.sessionProofs.forgetAllOf(caller.identity.id, act);
          await stores.sessionProofs.set(caller.session.id, act);
          const details = { user: named(caller), factor: id, kind: 'totp' as const, replaced: before !== undefined };
          await stores.audit.record({ event: 'second-factor.added', act, details });
          const recoveryCodes = await makeRecoveryCodes(stores, caller, act);
          const added = appOf(await stores.secondFactors.activeOf(caller.identity.id));
          if (added === undefined) throw new Error('what was activated is active');
          return { secondFactor: describe(added), recoveryCodes, change: stores.feed.change() };
        },
      ),

    remove: async (id: SecondFactorId, code: string, caller: Caller): Promise<{ change: Change }> =>
      prove({ caller, code, purpose: 'remove' }, async (stores, act) => {
        const active = await stores.secondFactors.activeOf(caller.identity.id);
        const factor = active.find((each) => each.id === id);
        if (factor === undefined) throw new DomainError('second-factor.not-found', 'You have no such second factor. See: infra mfa list');
        await stores.secondFactors.remove(id);
        if (active.length === 1) await stores.recoveryCodes.replace(caller.identity.id, []);
        await stores.sessionProofs.forgetAllOf(caller.identity.id, act);
        const details = { user: named(caller), factor: id, kind: factor.kind };
        await stores.audit.record({ event: 'second-factor.removed', act, details });
        return { change: stores.feed.change() };
      }),

    renewRecoveryCodes: async (code: string, caller: Caller): Promise<{ recoveryCodes: string[] }> =>
      prove({ caller, code, purpose: 'recovery-codes' }, async (stores, act) => ({
        recoveryCodes: await makeRecoveryCodes(stores, caller, act),
      })),

    /** Step-up. */
    prove: async (code: string, caller: Caller): Promise<{ mfaAt: string; change: Change }> => {
      refuseKeys(caller);
      if ((await read.secondFactors.activeOf(caller.identity.id)).length === 0) throw noFactor(await provingProviderOf(caller.session.id));
      return prove({ caller, code, purpose: 'verify' }, async (stores, act) => ({ mfaAt: toTime(act.now), change: stores.feed.change() }));
    },

    reset: async (id: UserId, caller: Caller) =>
      transact(async (stores) => {
        refuseOwnReset(id, caller);
        const ended = await stores.secondFactorReset.reset(id, 'second factors reset', { by: authorOf(caller), now: clock.now() });
        if (ended === undefined) throw new DomainError('identity.not-found', 'There is no such user. See: infra users list');
        return { ...ended, change: stores.feed.change() };
      }),
  };
}

async function describeAll(
  { read, passkeyLogin }: Pick<SecondFactorServiceOptions, 'read' | 'passkeyLogin'>,
  identityId: string,
): Promise<SecondFactor[]> {
  const isPossible = passkeyLogin && (await read.passwords.stateOf(identityId)) === 'set';
  const passkeys = new Map((await read.passkeys.ofIdentity(identityId)).map((passkey) => [passkey.factorId, passkey]));
  return (await read.secondFactors.activeOf(identityId)).map((factor) => {
    const passkey = passkeys.get(factor.id);
    return describe(factor, passkey === undefined ? false : signsInAlone(isPossible, passkey));
  });
}

const noFactor = (provider: string | undefined): DomainError =>
  new DomainError(
    'second-factor.not-found',
    provider === undefined
      ? 'You have no second factor yet. Add one: infra mfa add, or infra mfa add-passkey'
      : `You have no second factor here; ${provider} asks for yours. Sign in there anew: infra login --provider ${provider} --fresh`,
  );

/** What takes a code by the front door takes none by this one: not one's own. */
function refuseOwnReset(id: UserId, { identity }: Caller): void {
  if ((identity.id as string) !== id) return;
  throw new DomainError(
    'access.denied',
    'Your own second factor is removed with a code of it: infra mfa remove. Who has neither app nor recovery codes asks another admin, or runs on the server’s host: infra-server recover-admin',
  );
}

/** Of apps there is one at a time. */
const appOf = (factors: readonly SecondFactorRecord[]): SecondFactorRecord | undefined => factors.find(({ kind }) => kind === 'totp');
/** Which one stands for what was proven before another is begun. */
const proven = (factors: readonly SecondFactorRecord[]): SecondFactorRecord | undefined => appOf(factors) ?? factors[0];

interface NewFactor {
  readonly caller: Caller;
  readonly replacesId: string | null;
  readonly now: number;
}

function newPending({ caller, replacesId, now }: NewFactor, secret: Buffer, sealing: Sealing): PendingFactor {
  // An id made with the prefix of second factors is one.
  const id = newId('secondFactor', now) as SecondFactorId;
  const identityId = caller.identity.id;
  return {
    ...{ id, identityId, kind: 'totp', name: null, sealedSecret: sealing.seal(secret, factorPurpose(identityId, id)) },
    ...{ createdAt: toTime(now), lastUsedAt: null },
    ...{ sessionId: caller.session.id, replacesId, expiresAt: toTime(now + enrolmentSeconds * 1000) },
  };
}

/** Only beside, or in place of, what was proven when it was begun: another that was added since is not put out by it, nor joined. */
async function findPending(
  { secondFactors }: SecondFactorStores,
  id: SecondFactorId,
  { identity, session }: Caller,
  now: number,
): Promise<SecondFactorRecord | undefined> {
  const pending = await secondFactors.findPending(id, { identityId: identity.id, sessionId: session.id }, toTime(now));
  const active = await secondFactors.activeOf(identity.id);
  return pending?.replacesId === (proven(active)?.id ?? null) ? pending : undefined;
}
