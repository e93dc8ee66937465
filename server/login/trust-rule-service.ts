/** Trust rules: made and removed by admins; a rule goes with everything it opened. */
import { X509Certificate } from 'node:crypto';
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { Page, PageRequest } from '../../shared/api/pagination.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { TrustRule } from '../../shared/api/trust.ts';
import type { Change, TrustRuleId, WorkloadId } from '../../shared/api/values.ts';
import { splitPem } from '../../shared/node/fingerprint.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { authorOf, type Act, type Caller } from '../audit/caller.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import type { ChangeFeed } from '../storage/change-feed.ts';
import type { Transact } from '../storage/transact.ts';
import { readGivenKeys } from './given-keys.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import type { SessionEnd } from './session-end.ts';
import { ruleFault, type OwnNames } from './trust-rule-rules.ts';
import type { OwnedTrustRule, TrustRuleStore } from './trust-rule-store.ts';

interface Stores {
  readonly trustRules: TrustRuleStore;
  readonly identities: Pick<IdentityStore, 'find'>;
  readonly sessionEnd: SessionEnd;
  readonly audit: AuditLog;
  readonly feed: ChangeFeed;
}
export interface TrustRuleServiceOptions {
  readonly read: Pick<Stores, 'trustRules'>;
  readonly transact: Transact<Stores>;
  readonly keys: Pick<IssuerKeys, 'probe'>;
  readonly own: OwnNames;
  readonly clock: Clock;
}
export interface NewTrustRule {
  readonly workload: WorkloadId;
  readonly issuer: string;
  readonly audience?: string | undefined;
  readonly claims: Readonly<Record<string, string>>;
  readonly jwks?: string | undefined;
  readonly ca?: string | undefined;
  readonly sessionSeconds: number;
  readonly reusable: boolean;
}

export type TrustRuleService = ReturnType<typeof createTrustRuleService>;

export function createTrustRuleService({ read, transact, keys, own, clock }: TrustRuleServiceOptions) {
  return {
    list: async (filter: PageRequest & { readonly workload?: string | undefined }): Promise<Page<TrustRule>> => {
      const page = await read.trustRules.list(filter);
      return { items: page.items.map(describe), nextCursor: page.nextCursor };
    },
    get: async (id: TrustRuleId): Promise<TrustRule> => describe(await existingRule(read.trustRules, id)),

    create: async (input: NewTrustRule, caller: Caller): Promise<TrustRule> => {
      const { issuer, claims, sessionSeconds, reusable } = input;
      const audience = input.audience ?? own.publicUrl;
      const fault = ruleFault({ issuer, audience, claims }, own);
      if (fault !== undefined) throw new DomainError('trust-rule.invalid', fault);
      const source = { issuer, ...readSource(input) };
      if (source.jwks === null) await keys.probe(source);
      return transact(async (stores) => {
        const act: Act = { by: authorOf(caller), now: clock.now() };
        const workload = await stores.identities.find(input.workload);
        if (workload?.kind !== 'workload')
          throw new DomainError('identity.not-found', 'There is no such workload. See: infra workloads list');
        const rule: OwnedTrustRule = {
          // An id made with the prefix of trust rules is one.
          id: newId('trustRule', act.now) as TrustRuleId,
          workloadId: input.workload,
          workloadName: workload.name,
          ...source,
          audience,
          ...{ claims, sessionSeconds, reusable },
          createdAt: toTime(act.now),
          createdBy: caller.identity.name,
          lastUsedAt: null,
        };
        await stores.trustRules.insert(rule);
        const details = {
          trustRule: rule.id,
          workload: workloadOf(rule),
          issuer,
          audience,
          claims: { ...claims },
          sessionSeconds,
          reusable,
        };
        await stores.audit.record({ event: 'trust-rule.added', act, details });
        return describe(rule);
      });
    },

    remove: async (id: TrustRuleId, caller: Caller): Promise<{ sessionsEnded: number; leasesRevoked: number; change: Change }> =>
      transact(async (stores) => {
        const rule = await existingRule(stores.trustRules, id);
        const ended = await removeTrustRule(stores, rule, { by: authorOf(caller), now: clock.now() });
        return { ...ended, change: stores.feed.change() };
      }),
  };
}

/** Takes a rule away with the sessions it opened, and their leases. */
export async function removeTrustRule(
  stores: Pick<Stores, 'trustRules' | 'sessionEnd' | 'audit'>,
  rule: OwnedTrustRule,
  act: Act,
): Promise<{ sessionsEnded: number; leasesRevoked: number }> {
  const ended = await stores.sessionEnd.endAllOf({ trustRuleId: rule.id }, 'trust rule removed', act);
  await stores.trustRules.remove(rule.id);
  const details = { trustRule: rule.id, workload: workloadOf(rule), issuer: rule.issuer };
  await stores.audit.record({ event: 'trust-rule.removed', act, details });
  return ended;
}

function readSource({ jwks, ca }: NewTrustRule): { readonly jwks: string | null; readonly ca: string | null } {
  if (jwks !== undefined && ca !== undefined)
    throw new DomainError('trust-rule.invalid', 'With keys that are given the issuer is never asked: leave out its certificate authority.');
  if (ca !== undefined && !isPem(ca))
    throw new DomainError('trust-rule.invalid', 'The certificate authority is no PEM file of certificates.');
  return { jwks: jwks === undefined ? null : readGivenKeys(jwks), ca: ca ?? null };
}

function isPem(text: string): boolean {
  try {
    return splitPem(text).map((each) => new X509Certificate(each)).length > 0;
  } catch {
    return false;
  }
}

async function existingRule(trustRules: TrustRuleStore, id: TrustRuleId): Promise<OwnedTrustRule> {
  const rule = await trustRules.find(id);
  if (rule === undefined) throw new DomainError('trust-rule.not-found', 'There is no such trust rule. See: infra trust-rules list');
  return rule;
}

const workloadOf = ({ workloadId, workloadName }: OwnedTrustRule) => ({ id: workloadId, name: workloadName });

const describe = (rule: OwnedTrustRule): TrustRule => ({
  id: rule.id,
  workload: workloadOf(rule),
  issuer: rule.issuer,
  audience: rule.audience,
  claims: { ...rule.claims },
  keys: rule.jwks === null ? 'discovery' : 'given',
  ownAuthority: rule.ca !== null,
  sessionSeconds: rule.sessionSeconds,
  reusable: rule.reusable,
  createdAt: rule.createdAt,
  createdBy: rule.createdBy,
  lastUsedAt: rule.lastUsedAt,
});
