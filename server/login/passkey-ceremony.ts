/**
 * What a browser does behind a link: it is told what to ask its authenticator for, and brings what that answered. Its link is the only
 * credential here, and opens nothing by itself: a proof, or a new passkey, is taken by the session that asked for the link.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import type { AssertedCredential, NewCredential } from '../../shared/api/passkeys.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { SecondFactorId } from '../../shared/api/values.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { anonymous } from '../audit/caller.ts';
import type { Sealing } from '../authority/sealing.ts';
import type { Transact } from '../storage/transact.ts';
import { refuseCounted, type RefusalOptions } from './counted-refusal.ts';
import type { LoginAttempts } from './login-attempts.ts';
import type { PasskeyLink, PasskeyLinkStore } from './passkey-link-store.ts';
import { linkOver, noPasskeysHere, wrongPasskey } from './passkey-rules.ts';
import type { PasskeyStore } from './passkey-store.ts';
import { factorPurpose, type AttemptOutcome, type ProofStores, type SecondFactorProof } from './second-factor-proof.ts';
import type { SecondFactorStore } from './second-factor-store.ts';
import { whySessionEnded } from './session-rules.ts';
import type { OwnedSession, SessionStore } from './session-store.ts';
import {
  creationOptions,
  readAssertion,
  readNewPasskey,
  relyingPartyOf,
  requestOptions,
  type Asked,
  type NewPasskey,
  type RelyingParty,
} from './webauthn.ts';

export interface CeremonyStores extends ProofStores {
  readonly sessions: Pick<SessionStore, 'find'>;
  readonly secondFactors: SecondFactorStore;
  readonly passkeys: Pick<PasskeyStore, 'ofIdentity' | 'takeCount' | 'trustAlone'>;
  readonly passkeyLinks: PasskeyLinkStore;
  readonly audit: AuditLog;
}
export interface PasskeyCeremonyOptions {
  readonly read: Pick<CeremonyStores, 'sessions' | 'passkeys' | 'passkeyLinks'>;
  readonly transact: Transact<CeremonyStores>;
  readonly proof: Pick<SecondFactorProof<CeremonyStores>, 'attempt'>;
  readonly attempts: Pick<LoginAttempts, 'count'>;
  readonly sealing: Sealing;
  readonly publicUrl: string;
  readonly clock: Clock;
}
/** What a browser brought. */
interface Answer<Credential> {
  readonly asked: Asked;
  readonly credential: Credential;
  readonly now: number;
}
/** A link that holds, and the session that asked for it. */
interface FoundLink {
  readonly link: PasskeyLink;
  readonly session: OwnedSession;
  readonly party: RelyingParty;
}

export type PasskeyCeremony = ReturnType<typeof createPasskeyCeremony>;

export function createPasskeyCeremony(options: PasskeyCeremonyOptions) {
  const { read, transact, proof, sealing } = options;

  const begin = async ({ link, session, party }: FoundLink) => {
    const known = (await read.passkeys.ofIdentity(link.identityId)).map(({ credentialId: id, transports }) => ({ id, transports }));
    const { task } = link;
    return task.kind === 'add'
      ? { step: 'create' as const, options: await creationOptions(party, { id: link.identityId, name: session.owner.name }, known) }
      : { step: 'get' as const, options: await requestOptions(party, known) };
  };

  /** What holds is sealed with the link, until the session that began it confirms it. */
  const keep = async (stores: CeremonyStores, link: PasskeyLink, { asked, credential, now }: Answer<NewCredential>) => {
    const made = await readNewPasskey(asked, credential);
    if (made === undefined) return { refusal: 'the new passkey does not hold' };
    const sealedCredential = sealNewPasskey(sealing, link.id, made);
    return (await stores.passkeyLinks.finish(link.id, { sealedCredential }, toTime(now))) ? { result: undefined } : doneBefore;
  };

  const prove = async (stores: CeremonyStores, link: PasskeyLink, answer: Answer<AssertedCredential>) => {
    const checked = await checkPasskey(sealing, stores, { ...answer, identityId: link.identityId });
    if ('refusal' in checked) return checked;
    await stores.passkeys.trustAlone(checked.result.factorId);
    return (await stores.passkeyLinks.finish(link.id, checked.result, toTime(answer.now))) ? { result: undefined } : doneBefore;
  };

  return {
    open: async (token: string, source: AuditSource) => {
      const found = await findLink(options, token, source);
      const { link, session } = found;
      const begun = await begin(found);
      await transact(async (stores) => stores.passkeyLinks.setChallenge(link.id, begun.options.challenge));
      return {
        ...begun,
        account: session.owner.name,
        purpose: link.task.kind === 'prove' ? link.task.purpose : null,
        name: link.task.kind === 'add' ? link.task.name : null,
        askedBy: { loggedInAt: session.createdAt, sourceAddress: session.sourceAddress, userAgent: session.userAgent },
      };
    },

    finish: async (token: string, credential: NewCredential | AssertedCredential, source: AuditSource): Promise<void> => {
      const found = await findLink(options, token, source);
      const { link, session, party } = found;
      const attempted = { identity: { id: link.identityId, name: session.owner.name }, by: anonymous(source), source };
      await proof.attempt(
        attempted,
        async (stores, act) => {
          // Used up whatever comes of it: nothing that was answered once is looked at again.
          const { challenge } = link;
          if (challenge === null || !(await stores.passkeyLinks.takeChallenge(link.id, challenge)))
            return { refusal: 'no challenge is open' };
          const { response } = credential;
          const isNew = 'attestationObject' in response;
          if (isNew !== (link.task.kind === 'add')) return { refusal: 'this is not what the link is for' };
          const answer = { asked: { party, challenge }, now: act.now };
          return isNew
            ? keep(stores, link, { ...answer, credential: { ...credential, response } })
            : prove(stores, link, { ...answer, credential: { ...credential, response } });
        },
        wrongPasskey,
      );
    },
  };
}

const doneBefore = { refusal: 'the link was used by another browser at the same moment' };

interface CheckingStores {
  readonly passkeys: Pick<PasskeyStore, 'ofIdentity' | 'takeCount'>;
  readonly secondFactors: Pick<SecondFactorStore, 'markUsed'>;
}

/** One of this person's own passkeys, with a signature that counts further than all before it. Bound to a transaction. */
export async function checkPasskey(
  sealing: Sealing,
  { passkeys, secondFactors }: CheckingStores,
  { identityId, asked, credential, now }: Answer<AssertedCredential> & { readonly identityId: string },
): Promise<AttemptOutcome<{ readonly factorId: SecondFactorId; readonly isTrustedAlone: boolean }>> {
  const passkey = (await passkeys.ofIdentity(identityId)).find(({ credentialId }) => credentialId === credential.id);
  if (passkey === undefined) return { refusal: 'no passkey of this person' };
  const publicKey = sealing.open(passkey.sealedKey, factorPurpose(identityId, passkey.factorId));
  const held = await readAssertion(asked, { ...passkey, publicKey }, credential);
  if (held === undefined) return { refusal: 'the passkey does not hold' };
  if (!(await passkeys.takeCount(passkey.factorId, held)))
    return { refusal: 'the passkey counts backwards: there may be a copy of it; its owner should remove it' };
  await secondFactors.markUsed(passkey.factorId, toTime(now));
  return { result: { factorId: passkey.factorId, isTrustedAlone: passkey.isTrustedAlone } };
}

/** Ends with its session: whoever was logged out, disabled or reset finishes nothing. */
async function findLink(options: PasskeyCeremonyOptions, token: string, source: AuditSource): Promise<FoundLink> {
  const { read, publicUrl, clock } = options;
  const now = clock.now();
  const link = await read.passkeyLinks.findByToken(token, toTime(now));
  const session = link === undefined ? undefined : await read.sessions.find(link.sessionId);
  if (link === undefined || session === undefined || whySessionEnded(session, now) !== undefined || session.owner.status !== 'active')
    return refuseLink(options, source);
  const party = relyingPartyOf(publicUrl);
  if (party === undefined) throw new DomainError('passkey.not-possible', noPasskeysHere);
  return { link, session, party };
}

/** Nobody finds a link by trying; whoever tries all the same does not fill the audit. */
const refuseLink = async (options: RefusalOptions, source: AuditSource): Promise<never> =>
  refuseCounted(options, {
    countedAs: 'link for a passkey',
    source,
    details: { method: 'second-factor', reason: 'no such link for a passkey' },
    error: new DomainError('token.invalid', linkOver),
  });

const linkPurpose = (linkId: string): string => `passkey-link:${linkId}`;

const sealNewPasskey = (sealing: Sealing, linkId: string, { publicKey, ...rest }: NewPasskey): string =>
  sealing.seal(Buffer.from(JSON.stringify({ ...rest, publicKey: publicKey.toString('base64') })), linkPurpose(linkId));

/** What was made behind a link. What we sealed is what we open. */
export function openNewPasskey(sealing: Sealing, linkId: string, sealed: string): NewPasskey {
  const { publicKey, ...rest } = JSON.parse(sealing.open(sealed, linkPurpose(linkId)).toString('utf8')) as Omit<NewPasskey, 'publicKey'> & {
    readonly publicKey: string;
  };
  return { ...rest, publicKey: Buffer.from(publicKey, 'base64') };
}
