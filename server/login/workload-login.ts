/**
 * Logging in as a workload with a token that somebody else signed. Owns the order of the steps: what the token says by itself, who signed it,
 * which rules take it, and once. Until the signature holds nothing is told that the token does not say itself: an unknown issuer, a forged
 * signature and a claim that no rule wants are one answer. ADR 36 weighs the rest.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { Transact } from '../storage/transact.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { refuseCounted } from './counted-refusal.ts';
import type { LoginAttempts } from './login-attempts.ts';
import { openSession, type OpenedSession, type SessionSettings } from './open-session.ts';
import type { SessionStore } from './session-store.ts';
import { claimsMatch, type OwnNames } from './trust-rule-rules.ts';
import type { OwnedTrustRule, TrustRuleStore } from './trust-rule-store.ts';
import type { UsedTokenStore } from './used-token-store.ts';
import { endOf, fingerprintOf, readToken, type SentToken } from './workload-token.ts';
import { audienceOf, quoted, tokenFault, traceOf } from './workload-token-rules.ts';

interface Stores {
  readonly trustRules: TrustRuleStore;
  readonly usedTokens: UsedTokenStore;
  readonly identities: IdentityStore;
  readonly sessions: Pick<SessionStore, 'insert'>;
  readonly audit: AuditLog;
}
export interface WorkloadLoginOptions {
  readonly read: Pick<Stores, 'trustRules'>;
  readonly transact: Transact<Stores>;
  readonly keys: Pick<IssuerKeys, 'signed'>;
  readonly attempts: Pick<LoginAttempts, 'count'>;
  readonly own: OwnNames;
  readonly sessionSettings: SessionSettings;
  readonly clock: Clock;
}
/** What the caller is told, and what the audit says besides. */
interface Refused {
  readonly told: DomainError;
  readonly reason: string;
}
type Judged = { readonly rule: OwnedTrustRule } | Refused;

export type WorkloadLogin = ReturnType<typeof createWorkloadLogin>;

export function createWorkloadLogin(options: WorkloadLoginOptions) {
  const { transact, own, clock } = options;

  /** Only what is refused counts: a cluster behind one address may log in as often as it needs. */
  const refuse = async ({ told, reason }: Refused, token: SentToken | undefined, source: AuditSource): Promise<never> =>
    refuseCounted(options, {
      countedAs: 'workload-token',
      source,
      details: {
        ...{ method: 'workload-token', reason: reason.slice(0, 500) },
        ...(token === undefined ? {} : { token: traceOf(token) }),
      },
      error: told,
    });

  return {
    withToken: async (text: string, source: AuditSource): Promise<OpenedSession> => {
      const token = readToken(text);
      if (token === undefined) return refuse({ told: malformed(), reason: 'no signed JWT' }, undefined, source);
      const fault = tokenFault(token, own, clock.now() / 1000);
      const judged =
        fault === undefined
          ? await judge(options, token)
          : { told: new DomainError(fault.code, `${fault.sentence}.`), reason: fault.sentence };
      if (!('rule' in judged)) return refuse(judged, token, source);
      const opened = await transact(async (stores) => open(stores, options, { token, rule: judged.rule, source }));
      return 'told' in opened ? refuse(opened, token, source) : opened;
    },
  };
}

/** The one rule that takes a token, or why there is none. */
async function judge({ read, keys }: WorkloadLoginOptions, token: SentToken): Promise<Judged> {
  const rules = await read.trustRules.ofIssuer(String(token.claims['iss']));
  const { signed, failure } = await rulesOfItsSigner(keys, rules, token);
  const fitting = signed.filter(({ audience, claims }) => audience === audienceOf(token.claims) && claimsMatch(claims, token.claims));
  const workloads = new Map(fitting.map(({ workloadId, workloadName }) => [workloadId, workloadName]));
  if (workloads.size > 1) return notTrusted(token, `rules of several workloads take it: ${[...workloads.values()].join(', ')}`);
  // Several of one workload: the shortest session is what all of them allow.
  const [rule] = fitting.toSorted((left, right) => left.sessionSeconds - right.sessionSeconds);
  if (rule !== undefined) return { rule };
  if (failure !== undefined) return { told: failure, reason: failure.message };
  if (rules.length === 0) return notTrusted(token, 'no trust rule names its issuer');
  return notTrusted(
    token,
    signed.length === 0 ? 'its signature is by none of the issuer’s keys' : 'no trust rule of its issuer takes its claims',
  );
}

/** Rules of one issuer may have different keys: many clusters call themselves alike. `failure`: why some keys could not be had. */
async function rulesOfItsSigner(
  keys: WorkloadLoginOptions['keys'],
  rules: readonly OwnedTrustRule[],
  { text }: SentToken,
): Promise<{ signed: OwnedTrustRule[]; failure: DomainError | undefined }> {
  const signed: OwnedTrustRule[] = [];
  let failure: DomainError | undefined;
  for (const source of rules.filter((rule, at) => rules.findIndex((other) => haveSameKeys(rule, other)) === at)) {
    try {
      if (await keys.signed(source, text)) signed.push(...rules.filter((rule) => haveSameKeys(rule, source)));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      failure = error;
    }
  }
  return { signed, failure };
}

const haveSameKeys = (one: OwnedTrustRule, other: OwnedTrustRule): boolean => one.jwks === other.jwks && one.ca === other.ca;

async function open(
  stores: Stores,
  { sessionSettings, clock }: WorkloadLoginOptions,
  { token, rule, source }: { readonly token: SentToken; readonly rule: OwnedTrustRule; readonly source: AuditSource },
): Promise<OpenedSession | Refused> {
  const now = clock.now();
  // The rule may have been removed while its issuer was being asked.
  const identity = (await stores.trustRules.find(rule.id)) === undefined ? undefined : await stores.identities.find(rule.workloadId);
  if (identity === undefined) return notTrusted(token, 'its trust rule was removed meanwhile');
  if (!rule.reusable && !(await stores.usedTokens.use(fingerprintOf(token), endOf(token))))
    return { told: alreadyUsed(), reason: 'it was used already' };
  await stores.trustRules.touch(rule.id, toTime(now));
  return openSession(
    stores,
    { ...sessionSettings, lifetimeSeconds: Math.min(sessionSettings.lifetimeSeconds, rule.sessionSeconds) },
    { identity, method: 'workload-token', source, now, trusted: { ruleId: rule.id, token: traceOf(token) } },
    notTrusted(token, '').told.message,
  );
}

const malformed = (): DomainError =>
  new DomainError('workload-token.invalid', 'This is no signed JWT. Give the token as its issuer made it, whole and alone in its file.');

function notTrusted({ claims }: SentToken, reason: string): Refused {
  const { iss, sub, aud } = claims;
  const told = new DomainError(
    'workload-token.not-trusted',
    `No trust rule here takes this token. It says: issuer ${quoted(iss)}, subject ${quoted(sub)}, audience ${quoted(aud)}. The audit says why; an admin lets it in with: infra trust-rules add WORKLOAD --issuer URL --claim sub=SUBJECT`,
  );
  return { told, reason };
}

const alreadyUsed = (): DomainError =>
  new DomainError(
    'workload-token.used',
    'This token was used already, and counts once. Get a new one from its issuer; where that is too much to ask, an admin makes the rule with --reusable.',
  );
