/**
 * A passkey as the second step of a login on our own pages, in the browser that began it (ADR 44, 45). The challenge is made of the token between
 * the steps, which the same transaction uses up: each answer fits one login, once, and nothing more has to be kept.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { AssertedCredential } from '../../shared/api/passkeys.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { anonymous } from '../audit/caller.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { Transact } from '../storage/transact.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { LoginGoal } from './login-goal.ts';
import { checkPasskey } from './passkey-ceremony.ts';
import { noPasskeysHere, wrongPasskey } from './passkey-rules.ts';
import type { PasskeyStore } from './passkey-store.ts';
import type { ChangeRequired } from './password-change.ts';
import { goOnProven, refuseToken, type SecondFactorLoginStores } from './second-factor-login.ts';
import { recordProven, type SecondFactorProof } from './second-factor-proof.ts';
import { relyingPartyOf, requestOptions, type BrowserOptions } from './webauthn.ts';

export interface PasskeyLoginStores extends SecondFactorLoginStores {
  readonly passkeys: Pick<PasskeyStore, 'ofIdentity' | 'takeCount' | 'trustAlone'>;
}
export interface PasskeyLoginOptions {
  readonly read: Pick<PasskeyLoginStores, 'identities' | 'loginTokens' | 'passkeys'>;
  readonly transact: Transact<PasskeyLoginStores>;
  readonly proof: Pick<SecondFactorProof<PasskeyLoginStores>, 'attempt'>;
  readonly attempts: Pick<LoginAttempts, 'count'>;
  readonly sealing: Sealing;
  readonly publicUrl: string;
  readonly clock: Clock;
}

export interface GivenPasskey {
  readonly mfaToken: string;
  readonly credential: AssertedCredential;
}
export type PasskeyLogin = ReturnType<typeof createPasskeyLogin>;

export function createPasskeyLogin(options: PasskeyLoginOptions) {
  const { read, proof, sealing, publicUrl, clock } = options;
  return {
    /** What the page asks the browser for; undefined: this person has no passkey that would be taken here. */
    question: async (mfaToken: string, identityId: string): Promise<BrowserOptions | undefined> => {
      const party = relyingPartyOf(publicUrl);
      const own = await read.passkeys.ofIdentity(identityId);
      if (party === undefined || own.length === 0) return undefined;
      const allowed = own.map(({ credentialId: id, transports }) => ({ id, transports }));
      return requestOptions(party, allowed, challengeOf(mfaToken));
    },

    prove: async <Result>(
      { mfaToken, credential }: GivenPasskey,
      source: AuditSource,
      goal: LoginGoal<Result>,
    ): Promise<Result | ChangeRequired> => {
      const party = relyingPartyOf(publicUrl);
      if (party === undefined) throw new DomainError('passkey.not-possible', noPasskeysHere);
      const found = await read.loginTokens.peek('second-factor', mfaToken, clock.now(), goal.loginId);
      const identity = found?.subjectId == null ? undefined : await read.identities.find(found.subjectId);
      if (identity?.status !== 'active') return refuseToken(options, source);
      const asked = { party, challenge: challengeOf(mfaToken).toString('base64url') };
      return proof.attempt(
        { identity, by: anonymous(source), source },
        async (stores, { now }) => {
          const checked = await checkPasskey(sealing, stores, { identityId: identity.id, asked, credential, now });
          if ('refusal' in checked) return checked;
          await stores.passkeys.trustAlone(checked.result.factorId);
          await recordProven(stores.audit, { identity, source, sessionId: null, now }, 'passkey');
          return { result: await goOnProven(stores, { identity, mfaToken, source, now }, goal) };
        },
        wrongPasskey,
      );
    },
  };
}

/** 256 bits that nobody knows who has not got this very page. */
const challengeOf = (mfaToken: string): Buffer => createHash('sha256').update(`passkey of a login: ${mfaToken}`).digest();
