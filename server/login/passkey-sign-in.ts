/**
 * A passkey as the whole of a login on our own pages (ADR 49). Nobody is named before: the browser offers what it has for this host, and what the
 * authenticator says whose it is decides. What is asked is a token of the one login in the browser, its hash the challenge; an answer uses it up,
 * whatever comes of it.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { AssertedCredential } from '../../shared/api/passkeys.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { anonymous } from '../audit/caller.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { Identity } from '../identity/identity-store.ts';
import type { Transact } from '../storage/transact.ts';
import { browserLoginSeconds } from './browser-login-store.ts';
import { refuseCounted } from './counted-refusal.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { GoalStores, LoginGoal } from './login-goal.ts';
import { checkPasskey } from './passkey-ceremony.ts';
import { noPasskeysAlone, whyNotAlone, wrongPasskeyAlone, type RefusedAlone } from './passkey-rules.ts';
import type { PasskeyStore } from './passkey-store.ts';
import type { PasswordStore } from './password-store.ts';
import { recordProven } from './second-factor-proof.ts';
import type { SecondFactorStore } from './second-factor-store.ts';
import { newSecret } from './secrets.ts';
import type { LoginTokenStore } from './token-store.ts';
import { relyingPartyOf, requestOptions, type Asked, type BrowserOptions } from './webauthn.ts';

interface Stores extends GoalStores {
  readonly passwords: Pick<PasswordStore, 'stateOf'>;
  readonly secondFactors: Pick<SecondFactorStore, 'markUsed'>;
  readonly passkeys: Pick<PasskeyStore, 'ofIdentity' | 'takeCount' | 'isAnyThere' | 'markDiscoverable'>;
  readonly loginTokens: Pick<LoginTokenStore, 'insert' | 'use'>;
}
export interface PasskeySignInOptions {
  readonly read: Pick<Stores, 'identities' | 'passkeys'>;
  readonly transact: Transact<Stores>;
  readonly attempts: Pick<LoginAttempts, 'count' | 'succeeded'>;
  readonly sealing: Sealing;
  readonly publicUrl: string;
  /** The setting `passkeyLogin`. */
  readonly isAllowed: boolean;
  readonly clock: Clock;
}
/** What a page asks the browser for, and the token that its answer comes with. */
export interface PasskeyQuestion {
  readonly step: string;
  readonly options: BrowserOptions;
}
export interface PasskeyAnswer {
  readonly step: string;
  readonly credential: AssertedCredential;
}
/** An answer to a question that was open, by a passkey that its owner has here. */
interface OwnedAnswer<Result> {
  readonly owner: Identity;
  readonly asked: Asked;
  readonly credential: AssertedCredential;
  readonly source: AuditSource;
  readonly goal: LoginGoal<Result>;
}

export type PasskeySignIn = ReturnType<typeof createPasskeySignIn>;

export function createPasskeySignIn(options: PasskeySignInOptions) {
  const { read, transact, attempts, publicUrl, isAllowed, clock } = options;
  const party = isAllowed ? relyingPartyOf(publicUrl) : undefined;
  const isOffered = async (): Promise<boolean> => party !== undefined && (await read.passkeys.isAnyThere());

  return {
    /** False: nobody could answer. */
    isOffered,

    /** For one login in the browser; undefined: it is not offered. */
    ask: async (loginId: string): Promise<PasskeyQuestion | undefined> => {
      if (party === undefined || !(await isOffered())) return undefined;
      const step = newSecret('passkey');
      const token = { kind: 'passkey', secret: step, subjectId: null, lifetimeSeconds: browserLoginSeconds } as const;
      await transact(async ({ loginTokens }) => loginTokens.insert({ ...token, now: clock.now(), loginId }));
      return { step, options: await requestOptions(party, [], challengeOf(step)) };
    },

    /** Throws `login.failed` and `login.rate-limited`. */
    prove: async <Result>({ step, credential }: PasskeyAnswer, source: AuditSource, goal: LoginGoal<Result>): Promise<Result> => {
      if (party === undefined) throw new DomainError('passkey.not-possible', noPasskeysAlone);
      const isOpen = await transact(async ({ loginTokens }) => loginTokens.use('passkey', step, clock.now(), goal.loginId));
      if (isOpen === undefined) return refuseNobody(options, source, 'no such question, or it was answered');
      const owner = await ownerOf(read, credential);
      if (owner === undefined) return refuseNobody(options, source, 'no passkey of whom it names');
      await demandFewAttempts(options, owner, source);
      const asked = { party, challenge: challengeOf(step).toString('base64url') };
      const outcome = await transact(async (stores) => {
        const taken = await take(options, stores, { owner, asked, credential, source, goal });
        if ('refusal' in taken) await recordRefusal(stores, options, { owner, source, reason: taken.refusal });
        return taken;
      });
      if ('refusal' in outcome) throw new DomainError('login.failed', outcome.sentence);
      await attempts.succeeded(bucketOf(owner), source.address);
      return outcome.result;
    },
  };
}

/** 256 bits that nobody knows who has not got this very page. */
const challengeOf = (step: string): Buffer => createHash('sha256').update(`passkey alone: ${step}`).digest();

/** With no account named, the authenticator has to say whose the passkey is (WebAuthn §7.2 step 6), and it is looked for among theirs alone. */
async function ownerOf(
  { identities, passkeys }: PasskeySignInOptions['read'],
  { id, response: { userHandle } }: AssertedCredential,
): Promise<Identity | undefined> {
  if (userHandle == null) return undefined;
  const identityId = Buffer.from(userHandle, 'base64url').toString('utf8');
  const isTheirs = (await passkeys.ofIdentity(identityId)).some(({ credentialId }) => credentialId === id);
  return isTheirs ? identities.find(identityId) : undefined;
}

async function take<Result>(
  { sealing, clock }: PasskeySignInOptions,
  stores: Stores,
  { owner, asked, credential, source, goal }: OwnedAnswer<Result>,
): Promise<{ readonly result: Result } | RefusedAlone> {
  const now = clock.now();
  const checked = await checkPasskey(sealing, stores, { identityId: owner.id, asked, credential, now });
  if ('refusal' in checked) return { ...checked, sentence: wrongPasskeyAlone };
  const { factorId, isTrustedAlone } = checked.result;
  const status = (await stores.identities.find(owner.id))?.status ?? 'disabled';
  const refused = whyNotAlone({ status, password: await stores.passwords.stateOf(owner.id), isTrustedAlone });
  if (refused !== undefined) return refused;
  await stores.passkeys.markDiscoverable(factorId);
  await recordProven(stores.audit, { identity: owner, source, sessionId: null, now }, 'passkey');
  const person = { identity: owner, source, now, mfaAt: now, passkeyId: factorId };
  return { result: await goal.reach(stores, person, wrongPasskeyAlone) };
}

/** Of its own, so that who guesses a person's password does not shut their passkey out; it takes a passkey's id, which nobody guesses, to fill it. */
const bucketOf = ({ id }: Identity): string => `passkey of ${id}`;

async function demandFewAttempts(options: PasskeySignInOptions, owner: Identity, source: AuditSource): Promise<void> {
  const limit = await options.attempts.count(bucketOf(owner), source.address, options.clock.now());
  if (limit === undefined) return;
  const reason = 'too many attempts; further ones are not recorded one by one';
  if (limit.isFirst) await options.transact(async (stores) => recordRefusal(stores, options, { owner, source, reason }));
  throw limit.error;
}

const recordRefusal = async (
  { audit }: Pick<Stores, 'audit'>,
  { clock }: Pick<PasskeySignInOptions, 'clock'>,
  { owner, source, reason }: { readonly owner: Identity; readonly source: AuditSource; readonly reason: string },
): Promise<void> =>
  audit.record({
    event: 'login.refused',
    act: { by: anonymous(source), now: clock.now() },
    outcome: 'refused',
    details: { attempted: owner.name, method: 'passkey', reason },
  });

const refuseNobody = async (options: PasskeySignInOptions, source: AuditSource, reason: string): Promise<never> =>
  refuseCounted(options, {
    countedAs: 'passkey of nobody',
    source,
    details: { method: 'passkey', reason },
    error: new DomainError('login.failed', wrongPasskeyAlone),
  });
