/** Why a subject may do something, or may not: what connectors are told of it, link by link, and what counts now. Changes nothing. */
import { toTime, type Clock } from '../../shared/clock.ts';
import { clusterGroupOf, clusterUserOf } from '../../shared/cluster-names.ts';
import type { Chain, Explanation } from '../../shared/api/explanations.ts';
import type { Grant } from '../../shared/api/grants.ts';
import { DomainError } from '../../shared/api/problem.ts';
import { emailKey, formatSubjectName } from '../../shared/resource-name.ts';
import type { Caller } from '../audit/caller.ts';
import type { DestinationStore } from '../destinations/destination-store.ts';
import { hasWayIn } from '../identity/account-rules.ts';
import type { Account } from '../identity/account-store.ts';
import type { Group, GroupStore } from '../identity/group-store.ts';
import type { Identity, IdentityStore } from '../identity/identity-store.ts';
import { placeOf, type Place } from './explain-place.ts';
import { gives, secondFactorCondition, type Prover } from './explain-rules.ts';
import { explainInWords, isAllowed } from './explain-words.ts';
import { describeGrants, findSubject, resourceOf } from './grant-description.ts';
import type { GrantRecord, GrantStore } from './grant-store.ts';

interface Stores {
  readonly grants: GrantStore;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
  readonly passwords: { stateOf(identityId: string): Promise<'set' | 'one-time' | 'none'> };
  readonly accounts: { ofIdentity(identityId: string): Promise<Account[]> };
  readonly sessions: { lastMfaAt(identityId: string, liveAt: string): Promise<string | null> };
}
export interface Question {
  readonly subject: string;
  readonly role?: string | undefined;
  readonly resource: string;
}

export type ExplainService = ReturnType<typeof createExplainService>;

const endedShown = 5;

export function createExplainService({ read, clock }: { readonly read: Stores; readonly clock: Clock }) {
  return {
    explain: async (question: Question, caller: Caller): Promise<Explanation> => {
      refuseCuriosity(question, caller);
      const subject = await findSubject(read, question.subject);
      const place = await placeOf(read.destinations, question);
      const now = toTime(clock.now());
      const identity = subject.kind === 'group' ? undefined : await read.identities.find(subject.id);
      const groups = identity === undefined ? [] : await read.groups.groupsOf(identity.id);
      const holders = [subject.id, ...groups.map(({ id }) => id)];
      const held = (await heldAt(read.grants, { holders, place, now })).filter((grant) => gives(grant, place.asked) !== undefined);
      const conditions = identity === undefined ? [] : await conditionsOf(read, identity);
      const prover: Prover = { kind: subject.kind, now, mfaAt: await mfaAtOf(read, identity, caller, now) };
      const described = await describeGrants(read, held);
      const chains = held.map((record, index) => chainOf({ record, described: described[index], groups, conditions, prover, place }));
      const ended = await read.grants.lastEnded(holders, place.destination?.id ?? null, now);
      return {
        subject,
        role: question.role ?? null,
        resource: question.resource,
        allowed: isAllowed(chains),
        sentence: explainInWords({ name: formatSubjectName(subject), role: question.role, resource: question.resource, chains }),
        clusterUser:
          place.destination === null || identity === undefined ? null : clusterUserOf(identity, place.destination.settings.userPrefix),
        chains,
        ended: ended
          .filter((grant) => gives(grant, place.asked) !== undefined)
          .slice(0, endedShown)
          .map(({ because, ...grant }) => ({
            ...{ id: grant.id, role: grant.role, resource: resourceOf(grant, place.destination) },
            ...{ endedAt: grant.endedAt, reason: because },
          })),
      };
    },
  };
}

/** One's own rights are one's own to see; of others even whether they are there is for those with `view`. */
function refuseCuriosity({ subject }: Question, { identity, serverRoles }: Caller): void {
  const own = formatSubjectName(identity);
  if (serverRoles.has('view') || emailKey(subject) === emailKey(own)) return;
  throw new DomainError(
    'access.denied',
    `To see why others may do what they may you need the role view on infra. Ask an admin for: infra grants add ${own} --role view infra`,
  );
}

async function heldAt(
  grants: GrantStore,
  { holders, place, now }: { readonly holders: readonly string[]; readonly place: Place; readonly now: string },
): Promise<GrantRecord[]> {
  if (place.destination !== null) return grants.ofSubjects(place.destination.id, holders, now);
  const all = await Promise.all(holders.map(async (id) => grants.ofSubject(id)));
  return all.flat().filter(({ destinationId, until }) => destinationId === null && (until === null || until > now));
}

interface Link {
  readonly record: GrantRecord;
  readonly described: Grant | undefined;
  readonly groups: readonly Group[];
  readonly conditions: Chain['conditions'];
  readonly prover: Prover;
  readonly place: Place;
}

function chainOf({ record, described, groups, conditions, prover, place }: Link): Chain {
  if (described === undefined) throw new Error('each grant has its description');
  const { id, role, resource, until, mfaSeconds, reason, createdAt, createdBy, state } = described;
  const group = groups.find((each) => each.id === record.subject.id);
  const all: Chain['conditions'] = [
    ...conditions,
    ...(until === null ? [] : [{ condition: 'until', holds: true, detail: `holds until ${until}` } as const]),
    ...(mfaSeconds === null ? [] : [secondFactorCondition(mfaSeconds, prover)]),
  ];
  return {
    grant: { id, role, resource, until, mfaSeconds, reason, createdAt, createdBy },
    group: group === undefined ? null : { name: group.name, provider: group.provider },
    gives: gives(record, place.asked) ?? 'part',
    conditions: all,
    counts: all.every(({ holds }) => holds),
    clusterGroup:
      place.destination === null ? null : (clusterGroupOf({ role, namespace: record.namespace, group: group?.name ?? null }) ?? null),
    state,
  };
}

/** One's own by this session, which is what counts; another's by the latest of their sessions. */
async function mfaAtOf({ sessions }: Stores, identity: Identity | undefined, caller: Caller, now: string): Promise<string | null> {
  if (identity?.kind !== 'user') return null;
  return identity.id === caller.identity.id ? caller.session.mfaAt : sessions.lastMfaAt(identity.id, now);
}

async function conditionsOf({ passwords, accounts }: Stores, { id, kind, name, status }: Identity): Promise<Chain['conditions']> {
  const isActive = status === 'active';
  const active = {
    condition: 'active',
    holds: isActive,
    detail: isActive ? 'is active' : `is disabled; an admin may: infra users enable ${name}`,
  } as const;
  if (kind === 'workload') return [active];
  const ways = await accounts.ofIdentity(id);
  // Who has not come in in any way yet may do so for the first time.
  const holds = ways.length === 0 || hasWayIn(await passwords.stateOf(id), ways);
  const isTakenOff = ways.every(({ state }) => state === 'unlinked');
  const closed = isTakenOff
    ? `its account at an identity provider was taken off; an admin may give a password, infra users reset-password ${name}, or see infra users relink`
    : 'its identity provider has closed its account; a login there opens it again';
  const detail = holds ? 'may log in' : closed;
  return [active, { condition: 'way-in', holds, detail }];
}
