/** What adding, proving and removing one's own second factors have in common, of whatever kind they are. */
import { DomainError } from '../../shared/api/problem.ts';
import type { ProofPurpose } from '../../shared/api/passkeys.ts';
import type { SecondFactor } from '../../shared/api/second-factors.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { RecoveryCodeStore } from './recovery-code-store.ts';
import { newRecoveryCode } from './secrets.ts';
import type { Claim } from './second-factor-proof.ts';
import { recoveryCodeCount, whyNoFirstFactor, whyNoSecondFactor } from './second-factor-rules.ts';
import type { SecondFactorRecord } from './second-factor-store.ts';

export const claimOf = (caller: Caller, code: string, purpose: ProofPurpose): Claim => {
  refuseKeys(caller);
  return { identity: caller.identity, code, purpose, by: authorOf(caller), source: caller.source, sessionId: caller.session.id };
};

export function refuseKeys({ identity, session }: Caller): void {
  const refused = whyNoSecondFactor({ kind: identity.kind, method: session.method });
  if (refused !== undefined) throw new DomainError(refused.code, refused.sentence);
}

export function refuseOldLogin({ session }: Caller, now: number): void {
  const refused = whyNoFirstFactor({ loggedInAt: session.createdAt, now });
  if (refused !== undefined) throw new DomainError(refused.code, refused.sentence);
}

export async function makeRecoveryCodes(
  stores: { readonly recoveryCodes: RecoveryCodeStore; readonly audit: AuditLog },
  caller: Caller,
  act: Act,
): Promise<string[]> {
  const codes = Array.from({ length: recoveryCodeCount }, newRecoveryCode);
  await stores.recoveryCodes.replace(caller.identity.id, codes);
  await stores.audit.record({ event: 'recovery-codes.made', act, details: { user: named(caller), count: codes.length } });
  return codes;
}

export const named = ({ identity }: Caller): { id: string; name: string } => ({ id: identity.id, name: identity.name });

export const describe = (
  { id, kind, name, createdAt, lastUsedAt }: SecondFactorRecord,
  signsIn: SecondFactor['signsInAlone'] = false,
): SecondFactor => ({ id, kind, name, createdAt, lastUsedAt, signsInAlone: signsIn });
