/** What an audit event means to pages that are open: which topics changed, and for whom of those who hear of nothing but their own. Pure. */
import type { AuditEvent, AuditEventName } from '../../shared/api/audit.ts';
import type { Topic } from '../../shared/api/events.ts';

/** What a commit stirred up. */
export interface Stir {
  readonly topics: ReadonlySet<Topic>;
  /** Identities, with those of their own. */
  readonly people: ReadonlyMap<string, ReadonlySet<Topic>>;
  /** Groups whose rights, name or members changed. */
  readonly groups: ReadonlySet<string>;
}

type FamilyOf<Name extends string> = Name extends `${infer Family}.${string}` ? Family : never;
type Family = FamilyOf<AuditEventName>;

/** Beside `audit`, which every event is. */
const topicsOfFamily: Readonly<Record<Family, readonly Topic[]>> = {
  server: [],
  setup: ['users', 'grants', 'access'],
  login: ['sessions', 'users'],
  'device-login': [],
  session: ['sessions'],
  password: ['users'],
  'second-factor': ['users', 'sessions'],
  'recovery-codes': ['users'],
  mail: [],
  user: ['users', 'access'],
  workload: ['workloads', 'access'],
  group: ['groups', 'access'],
  provider: ['providers', 'groups', 'users', 'access'],
  account: ['users', 'groups', 'access'],
  'scim-token': ['scim-tokens'],
  'trust-rule': ['trust-rules', 'workloads'],
  'access-key': ['access-keys'],
  destination: ['destinations', 'access'],
  connector: ['destinations'],
  grant: ['grants', 'access'],
  lease: ['leases'],
  change: ['destinations', 'grants'],
  access: [],
  request: [],
  stream: [],
};

// Every name is a family, a dot and the rest; splitting text loses that.
const familyOf = ({ event }: AuditEvent): Family => event.slice(0, event.indexOf('.')) as Family;

/** `isHeardByConnectors`: the commit has something for them, of which perhaps no event tells: people's groups, as their provider names them now. */
export function stirOf(events: readonly AuditEvent[], isHeardByConnectors: boolean): Stir {
  const topics = new Set<Topic>(events.length > 0 ? ['audit'] : []);
  const people = new Map<string, Set<Topic>>();
  const groups = new Set<string>();
  const isUntold = isHeardByConnectors && events.length === 0;
  for (const topic of isUntold ? (['groups', 'access'] as const) : []) topics.add(topic);
  for (const event of events) {
    // What was refused changed nothing.
    if (event.outcome !== 'success') continue;
    const family = familyOf(event);
    for (const topic of topicsOfFamily[family]) topics.add(topic);
    // A provider names groups with each login.
    if (event.event === 'login.succeeded' && event.details.provider !== undefined) topics.add('groups').add('access');
    for (const id of concernedIn(event)) people.set(id, new Set([...(people.get(id) ?? []), ...ownTopics(family)]));
    for (const id of groupsIn(event)) groups.add(id);
  }
  return { topics, people, groups };
}

export const nothingStirred: Stir = { topics: new Set(), people: new Map(), groups: new Set() };

export function together(one: Stir, other: Stir): Stir {
  const people = new Map(one.people);
  for (const [id, topics] of other.people) people.set(id, new Set([...(people.get(id) ?? []), ...topics]));
  return { topics: new Set([...one.topics, ...other.topics]), people, groups: new Set([...one.groups, ...other.groups]) };
}

/** Whether somebody's session, rights or groups may be others now. */
export const mayChangeStanding = ({ topics }: Stir): boolean =>
  (['access', 'sessions', 'users', 'grants', 'groups'] as const).some((topic) => topics.has(topic));

function ownTopics(family: Family): readonly Topic[] {
  if (family === 'login' || family === 'session') return ['sessions', 'access'];
  return family === 'access-key' ? ['access-keys', 'access'] : ['access'];
}

/** Whose it is; not who did it, unless that is the same. */
function concernedIn(event: AuditEvent): readonly string[] {
  const { details, actor } = event;
  const ids: string[] = [];
  if ('owner' in details) ids.push(details.owner.id);
  if ('user' in details) ids.push(details.user.id);
  if ('workload' in details) ids.push(details.workload.id);
  if ('member' in details) ids.push(details.member.id);
  if ('subject' in details && typeof details.subject === 'object') ids.push(details.subject.id);
  if ((event.event === 'login.succeeded' || event.event === 'lease.issued') && actor.id !== null) ids.push(actor.id);
  return ids;
}

function groupsIn({ details }: AuditEvent): readonly string[] {
  const ids: string[] = [];
  if ('group' in details) ids.push(details.group.id);
  if ('subject' in details && typeof details.subject === 'object' && details.subject.kind === 'group') ids.push(details.subject.id);
  return ids;
}
