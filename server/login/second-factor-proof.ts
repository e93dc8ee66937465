/**
 * Proving a second factor, whoever asks for it. Owns the order: count the attempt, take the code, and in the same transaction do what it was
 * typed for. A code is taken once, by a conditional update; what is said of a wrong one does not depend on why (rows 27, 28).
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource, MfaProof } from '../../shared/api/audit.ts';
import type { ProofPurpose } from '../../shared/api/passkeys.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Act, Author } from '../audit/caller.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { Transact } from '../storage/transact.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { PasskeyLinkStore } from './passkey-link-store.ts';
import type { RecoveryCodeStore } from './recovery-code-store.ts';
import { readCode, wrongCode } from './second-factor-rules.ts';
import type { SecondFactorRecord, SecondFactorStore } from './second-factor-store.ts';
import { totpStep } from './totp.ts';

export interface ProofStores {
  readonly secondFactors: SecondFactorStore;
  readonly recoveryCodes: RecoveryCodeStore;
  readonly passkeyLinks: Pick<PasskeyLinkStore, 'takeProof'>;
  readonly audit: AuditLog;
}
/** Whose second factor somebody tries to prove. */
export interface Attempt {
  readonly identity: { readonly id: string; readonly name: string };
  readonly by: Author;
  readonly source: AuditSource;
}
export interface Claim extends Attempt {
  /** As it was typed. */
  readonly code: string;
  /** Null: a login is under way. */
  readonly sessionId: string | null;
  /** What the proof of a passkey has to be for; absent: none is taken here. */
  readonly purpose?: ProofPurpose;
}
/** What came of an attempt: `refusal` says why for the audit, and to nobody else. */
export type AttemptOutcome<Result> = { readonly result: Result } | { readonly refusal: string };
export interface SecondFactorProofOptions<Stores extends ProofStores> {
  readonly transact: Transact<Stores>;
  readonly attempts: Pick<LoginAttempts, 'countCode' | 'codeHeld'>;
  readonly sealing: Sealing;
  readonly clock: Clock;
}

export interface SecondFactorProof<Stores extends ProofStores> {
  /** The order alone: counts, and puts a refusal on record. @param sentence what is said of one that does not hold. */
  attempt<Result>(
    attempted: Attempt,
    work: (stores: Stores, act: Act) => Promise<AttemptOutcome<Result>>,
    sentence?: string,
  ): Promise<Result>;
  /** Throws `mfa.failed` and `login.rate-limited`; what `work` throws leaves the code unused. */
  prove<Result>(claim: Claim, work: (stores: Stores, act: Act) => Promise<Result>): Promise<Result>;
  /** The same with a factor that is not active yet, which `find` gives. */
  proveNew<Result>(
    claim: Claim,
    find: (stores: Stores, act: Act) => Promise<SecondFactorRecord>,
    work: (stores: Stores, act: Act, step: number) => Promise<Result>,
  ): Promise<Result>;
}

/** Bound to the person too: a sealed secret that is moved to another's row does not open. */
export const factorPurpose = (identityId: string, factorId: string): string => `second-factor:${identityId}:${factorId}`;

export function createSecondFactorProof<Stores extends ProofStores>(options: SecondFactorProofOptions<Stores>): SecondFactorProof<Stores> {
  const { transact, attempts, clock } = options;

  const attempt = async <Result>(
    attempted: Attempt,
    work: (stores: Stores, act: Act) => Promise<AttemptOutcome<Result>>,
    sentence = wrongCode,
  ): Promise<Result> => {
    const { identity, source } = attempted;
    const limit = await attempts.countCode(identity.id, source.address, clock.now());
    if (limit !== undefined) {
      if (limit.isFirst)
        await transact(async ({ audit }) =>
          recordRefusal(audit, attempted, clock.now(), 'too many attempts; further ones are not recorded one by one'),
        );
      throw limit.error;
    }
    const done = await transact(async (stores) => {
      const act: Act = { by: attempted.by, now: clock.now() };
      const outcome = await work(stores, act);
      if ('refusal' in outcome) await recordRefusal(stores.audit, attempted, act.now, outcome.refusal);
      return outcome;
    });
    if ('refusal' in done) throw new DomainError('mfa.failed', sentence);
    await attempts.codeHeld(identity.id, source.address);
    return done.result;
  };

  return {
    attempt,
    prove: async (claim, work) =>
      attempt(claim, async (stores, act) => {
        const by = await take(options, stores, claim, act.now);
        if (by === undefined) return wrong;
        await recordProven(stores.audit, { ...claim, now: act.now }, by);
        return { result: await work(stores, act) };
      }),
    proveNew: async (claim, find, work) =>
      attempt(claim, async (stores, act) => {
        const step = stepOf(options, await find(stores, act), claim.code, act.now);
        return step === undefined ? wrong : { result: await work(stores, act, step) };
      }),
  };
}

const wrong = { refusal: 'the code does not hold' } as const;

/** Uses the code up; undefined when there is nothing that it holds for. */
async function take(
  options: { readonly sealing: Sealing },
  { secondFactors, recoveryCodes, passkeyLinks }: ProofStores,
  { identity, code, sessionId, purpose }: Claim,
  now: number,
): Promise<MfaProof | undefined> {
  const factors = await secondFactors.activeOf(identity.id);
  const typed = readCode(code);
  if (factors.length === 0 || typed === undefined) return undefined;
  if (typed.kind === 'recovery-code') return (await recoveryCodes.use(identity.id, typed.code, toTime(now))) ? 'recovery-code' : undefined;
  if (typed.kind === 'passkey-proof') {
    if (sessionId === null || purpose === undefined) return undefined;
    const factorId = await passkeyLinks.takeProof(typed.secret, { identityId: identity.id, sessionId, purpose }, toTime(now));
    // Of a passkey that was removed since, it proves nothing.
    return factors.some(({ id }) => (id as string) === factorId) ? 'passkey' : undefined;
  }
  for (const factor of factors) {
    const step = stepOf(options, factor, code, now);
    if (step !== undefined && (await secondFactors.takeStep(factor.id, step, toTime(now)))) return 'totp';
  }
  return undefined;
}

function stepOf({ sealing }: { readonly sealing: Sealing }, factor: SecondFactorRecord, code: string, now: number): number | undefined {
  const typed = readCode(code);
  // The public key of a passkey is no secret that codes could be made of.
  if (typed?.kind !== 'totp' || factor.kind !== 'totp') return undefined;
  return totpStep(sealing.open(factor.sealedSecret, factorPurpose(factor.identityId, factor.id)), typed.digits, now);
}

/** Whoever it was until now: with the password, or a session, and a second factor it is this person. */
export async function recordProven(
  audit: AuditLog,
  { identity, source, sessionId, now }: Pick<Claim, 'identity' | 'source' | 'sessionId'> & { readonly now: number },
  by: MfaProof,
): Promise<void> {
  const user = { id: identity.id, name: identity.name };
  const act: Act = { by: { actor: { kind: 'user', ...user }, source }, now };
  await audit.record({ event: 'second-factor.proven', act, details: { user, session: sessionId, by } });
}

const recordRefusal = async (audit: AuditLog, { identity, by }: Attempt, now: number, reason: string): Promise<void> =>
  audit.record({
    event: 'second-factor.refused',
    act: { by, now },
    outcome: 'refused',
    details: { user: { id: identity.id, name: identity.name }, reason },
  });
