/** A large company written into a server's database by hand, while it does not run: as much as nobody would wait for over the API. */
import Sqlite from 'better-sqlite3';
import { newId } from '../../shared/id.ts';

export interface CompanySize {
  readonly users: number;
  readonly groups: number;
  readonly grants: number;
  readonly destinations: number;
  readonly auditEvents: number;
}
/** Ids in it, and cursors to rows far down. */
export interface Company {
  readonly user: string;
  readonly smallGroup: string;
  readonly everybody: string;
  readonly destination: string;
  readonly inAWeek: string;
  readonly deep: Readonly<Record<'user' | 'group' | 'destination' | 'grant' | 'auditEvent', string>>;
}

const now = Date.now();
const day = 86_400_000;
const timeAt = (offset: number): string => new Date(now + offset).toISOString();
const at = timeAt(0);
const cursor = (key: string, id: string): string => Buffer.from(JSON.stringify([key, id])).toString('base64url');
const namespaces = ['web', 'api', 'db', null, null];
const roles = ['view', 'edit', 'admin', 'cluster-admin', 'pod-reader'];
const verbs = ['get', 'list', 'watch', 'get', 'list', 'create', 'get', 'list', 'get', 'list'];

type Statement = Sqlite.Statement;
type Insert = (table: string, columns: string) => Statement;

export function fillCompany(databaseFile: string, size: CompanySize): Company {
  const sqlite = new Sqlite(databaseFile);
  sqlite.pragma('synchronous = OFF');
  const insert: Insert = (table, columns) =>
    sqlite.prepare(`INSERT INTO ${table} (${columns}) VALUES (${columns.replaceAll(/[^,]+/g, '?')})`);
  try {
    return sqlite.transaction(() => {
      const people = fillPeople(insert, size);
      const groups = fillGroups(insert, size, people);
      const places = fillDestinations(insert, size);
      const grants = fillGrants(insert, size, { people, groups, places });
      fillSessions(insert, people, places);
      const auditEvent = fillAudit(insert, size, people, places);
      return {
        user: people.ids[0] ?? '',
        smallGroup: groups.ids[0] ?? '',
        everybody: groups.everybody,
        destination: places.ids[0] ?? '',
        inAWeek: timeAt(7 * day),
        deep: {
          user: cursor('person-90000@example.com', ''),
          group: cursor('team-9000', ''),
          destination: cursor('cluster-450', ''),
          grant: cursor('', grants[Math.floor(grants.length * 0.9)] ?? ''),
          auditEvent,
        },
      };
    })();
  } finally {
    sqlite.close();
  }
}

interface Ids {
  readonly ids: readonly string[];
}

/** Every second has an account at Okta, every hundredth a password, every fiftieth is disabled. */
function fillPeople(insert: Insert, { users }: CompanySize): Ids {
  const identity = insert('identities', 'id,kind,name,name_key,status,created_at');
  const provider = newId('provider', now);
  insert(
    'identity_providers',
    'id,name,kind,issuer,client_id,sealed_client_secret,email_domains,scopes,create_users,link_users,trust_mfa,status,created_at,updated_at',
  ).run(provider, 'okta', 'okta', 'https://login.example.com', 'infra', 'x', '["example.com"]', '["openid"]', 1, 0, 0, 'active', at, at);
  const account = insert('accounts', 'id,provider_id,subject,identity_id,email,state,created_at,last_login_at');
  const password = insert('passwords', 'identity_id,hash,state,changed_at');
  const ids = Array.from({ length: users }, (_, index) => {
    const id = newId('user', now);
    const email = `person-${index}@example.com`;
    identity.run(id, 'user', email, email, index % 50 === 0 ? 'disabled' : 'active', at);
    if (index % 2 === 0) account.run(newId('account', now), provider, `sub-${index}`, id, email, 'active', at, at);
    if (index % 100 === 0) password.run(id, 'x', 'set', at);
    return id;
  });
  for (let index = 0; index < 2000; index++) identity.run(newId('workload', now), 'workload', `job-${index}`, `job-${index}`, 'active', at);
  return { ids };
}

/** Each team has ten; half of the teams are Okta's; one group has everybody. */
function fillGroups(insert: Insert, { groups }: CompanySize, people: Ids): Ids & { readonly everybody: string } {
  const group = insert('groups', 'id,provider,name,created_at');
  const member = insert('group_members', 'group_id,identity_id');
  const everybody = newId('group', now);
  group.run(everybody, '', 'everybody', at);
  for (const id of people.ids) member.run(everybody, id);
  const ids = Array.from({ length: groups }, (_, index) => {
    const id = newId('group', now);
    group.run(id, index % 2 === 0 ? '' : 'okta', `team-${index}`, at);
    for (let each = 0; each < 10; each++) member.run(id, people.ids[(index * 10 + each) % people.ids.length]);
    return id;
  });
  return { ids, everybody };
}

/** Each with one connector that found what a cluster has, and has acknowledged a day's changes. */
function fillDestinations(insert: Insert, { destinations }: CompanySize): Ids & { readonly connectors: readonly string[] } {
  const destination = insert(
    'destinations',
    'id,name,live_name,kind,address,created_at,staleness_limit_seconds,audit_mode,user_prefix,discovery',
  );
  const connector = insert(
    'connectors',
    'id,destination_id,public_key,key_thumbprint,version,enrolled_at,last_seen_at,report_sequence,report_replica',
  );
  const acknowledgement = insert('acknowledgements', 'connector_id,replica,kind,revision,epoch,sequence,at,streams_closed');
  const discovery = JSON.stringify({
    namespaces: Array.from({ length: 50 }, (_, index) => `namespace-${index}`),
    clusterRoles: Array.from({ length: 40 }, (_, index) => `role-${index}`),
    roles: Array.from({ length: 50 }, (_, index) => `namespace-${index}/deployer`),
    kubernetesVersion: 'v1.34.0',
  });
  const made = Array.from({ length: destinations }, (_, index) => {
    const [id, own] = [newId('destination', now), newId('connector', now)];
    const name = `cluster-${index}`;
    destination.run(id, name, name, 'kubernetes', `10.0.0.${index % 250}:6443`, at, 3600, 'required', 'infra:', discovery);
    connector.run(own, id, '{}', own, '0.1.0', at, timeAt(-60_000), 1, 'r');
    for (let revision = 1; revision <= 200; revision++)
      for (const kind of ['enforced', 'applied']) acknowledgement.run(own, 'r', kind, revision, 'first', revision, at, 0);
    return { id, own };
  });
  return { ids: made.map(({ id }) => id), connectors: made.map(({ own }) => own) };
}

interface GrantPlaces {
  readonly people: Ids;
  readonly groups: Ids;
  readonly places: Ids & { readonly connectors: readonly string[] };
}

/** Two thirds people's, one third groups'; every twentieth has an end; most are in place, a few could not be, a few were not told of. */
function fillGrants(insert: Insert, { grants }: CompanySize, { people, groups, places }: GrantPlaces): readonly string[] {
  const grant = insert('grants', 'id,subject_kind,subject_id,role,destination_id,namespace,until,created_at,created_by');
  const state = insert('grant_states', 'grant_id,connector_id,state,reason,at');
  return Array.from({ length: grants }, (_, index) => {
    const id = newId('grant', now);
    const isOfGroup = index % 3 === 0;
    const subjects = isOfGroup ? groups.ids : people.ids;
    const place = index % places.ids.length;
    const until = index % 20 === 0 ? timeAt(((index % 400) + 1) * (day / 4)) : null;
    grant.run(
      ...[id, isOfGroup ? 'group' : 'user', subjects[index % subjects.length], roles[index % roles.length], places.ids[place]],
      ...[namespaces[index % namespaces.length], until, at, 'admin@example.com'],
    );
    if (index % 1000 !== 1)
      state.run(
        id,
        places.connectors[place],
        index % 1000 === 2 ? 'failed' : 'applied',
        index % 1000 === 2 ? 'There is no such role.' : null,
        at,
      );
    return id;
  });
}

/** A tenth has a session, a tenth of those was used just now; each with two leases. */
function fillSessions(insert: Insert, people: Ids, places: Ids): void {
  const session = insert('sessions', 'id,secret_hash,identity_id,method,created_at,expires_at,last_used_at,source_address,user_agent');
  const lease = insert('leases', 'id,kind,state,identity_id,session_id,destination_id,serial,issued_at,expires_at,session_expires_at');
  people.ids.forEach((identity, index) => {
    if (index % 10 !== 0) return;
    const id = newId('session', now);
    session.run(id, id, identity, 'provider', at, timeAt(day / 2), timeAt(index % 100 === 0 ? -60_000 : -day / 12), '10.0.0.1', 'infra');
    for (let each = 0; each < 2; each++) {
      const [own, place] = [newId('lease', now), places.ids[(index + each) % places.ids.length]];
      lease.run(own, 'kubernetes', 'active', identity, id, place, own, at, timeAt(day / 24), timeAt(day / 2));
    }
  });
}

/** Of a month, most of them requests, every fiftieth refused; gives the cursor of one far down. */
function fillAudit(insert: Insert, { auditEvents }: CompanySize, people: Ids, places: Ids): string {
  const row = insert('audit_events', 'id,at,event,actor_id,actor_name,destination_id,outcome,body,verb,path');
  let deep = '';
  for (let index = 0; index < auditEvents; index++) {
    const [id, time] = [newId('auditEvent', now), timeAt(-((auditEvents - index) / auditEvents) * 30 * day)];
    const person = index % people.ids.length;
    const actor = { kind: 'user', id: people.ids[person] ?? '', name: `person-${person}@example.com` };
    const place = index % places.ids.length;
    const destination = { id: places.ids[place] ?? '', name: `cluster-${place}` };
    const isRefused = index % 50 === 0;
    const base = { id, at: time, actor, source: null, outcome: isRefused ? 'refused' : 'success', destination };
    const verb = index % 5000 === 7 ? 'delete' : (verbs[index % verbs.length] ?? 'get');
    const path = `/api/v1/namespaces/web/pods/web-${index % 997}`;
    const request = {
      ...{ phase: isRefused ? 'refused' : 'completed', identityId: actor.id, leaseId: null, impersonatedUser: `infra:${actor.name}` },
      ...{ impersonatedGroups: ['infra:view@web'], verb, path, apiGroup: '', resource: 'pods', subresource: '', namespace: 'web' },
      ...{ name: `web-${index % 997}`, status: isRefused ? 403 : 200, durationMilliseconds: 7, reason: '', sourceAddress: '10.1.2.3' },
      userAgent: 'kubectl/v1.34.0 (linux/amd64) kubernetes/abcdef',
    };
    const isGrant = index % 100 === 99;
    const event = isGrant ? 'group.added' : isRefused ? 'request.refused' : 'request.completed';
    const details = isGrant ? { group: { id: newId('group', now), name: `team-${index}` } } : request;
    const body = JSON.stringify({ ...base, event, details });
    row.run(...[id, time, event, actor.id, actor.name, destination.id, base.outcome, body], isGrant ? null : verb, isGrant ? null : path);
    if (index === Math.floor(auditEvents / 10)) deep = cursor(time, id);
  }
  return deep;
}
