/** Audit events as sentences. A part that somebody chose is told apart from our own words, so that it can be drawn as such. */
import type { AuditEvent, AuditEventName } from '../../../../shared/api/audit.ts';
import { formatDuration } from '../../../../shared/ttl.ts';

export type Phrase = string | { readonly name: string } | { readonly at: string };

type RequestEventName = Extract<AuditEventName, `request.${string}` | `stream.${string}`>;
type RequestEvent = Extract<AuditEvent, { event: RequestEventName }>;

/** `{key}` stands for the detail of that name, `[…]` is left out where a detail in it is not there. */
const templates: Readonly<Record<Exclude<AuditEventName, RequestEventName>, string>> = {
  'server.started': 'The server started, version {version}',
  'server.restored': 'The server was restored from a backup',
  'server.backed-up': 'The server’s database was backed up',
  'setup.link-created': 'A one-time link was made: {purpose}',
  'setup.used': 'A one-time link made {user} an admin',
  'login.succeeded': '{actor} logged in by {method}[ at {provider}]',
  'login.refused': 'A login[ as {attempted}] by {method}[ at {provider}] was refused[: {reason}]',
  'device-login.asked': 'A login by a code was asked for[ by {host}]',
  'device-login.approved': '{actor} approved a login by a code[ of {host}]',
  'device-login.denied': '{actor} denied a login by a code[ of {host}]',
  'session.ended': 'A session of {owner} ended[: {reason}]',
  'password.changed': '{actor} changed the password of {user}',
  'second-factor.begun': '{actor} began to add a second factor: {kind}',
  'second-factor.added': '{actor} added a second factor: {kind}',
  'second-factor.removed': '{actor} removed a second factor: {kind}',
  'second-factor.reset': '{actor} took away the second factors of {user}',
  'second-factor.proven': '{user} proved a second factor by {by}',
  'second-factor.refused': 'A second factor of {user} was refused[: {reason}]',
  'recovery-codes.made': '{user} got {count} new recovery codes',
  'password.reset-asked': 'A mail to reset the password of {attempted} was asked for',
  'password.reset-refused': 'A mail to reset the password of {attempted} was refused[: {reason}]',
  'password.reset': '{user} chose a new password by a mailed link',
  'mail.sent': 'A mail went to {user}: {mail}',
  'mail.failed': 'A mail to {user} could not be sent: {mail}[: {reason}]',
  'user.added': '{actor} added {user}',
  'user.disabled': '{actor} disabled {user}',
  'user.enabled': '{actor} enabled {user}',
  'user.removed': '{actor} removed {user}',
  'user.password-reset': '{actor} gave {user} a one-time password',
  'user.revoked': '{actor} revoked {user}: {sessionsEnded} sessions and {leasesRevoked} credentials ended',
  'workload.added': '{actor} added the workload {workload}',
  'workload.removed': '{actor} removed the workload {workload}',
  'group.added': '{actor} added the group {group}',
  'group.removed': '{actor} removed the group {group}',
  'group.renamed': '{actor} renamed the group {before} to {group}',
  'group.member-added': '{actor} added {member} to the group {group}',
  'group.member-removed': '{actor} took {member} out of the group {group}',
  'provider.added': '{actor} connected the identity provider {provider}',
  'provider.updated': '{actor} changed the identity provider {provider}[: {changed}]',
  'provider.disabled': '{actor} disabled the identity provider {provider}',
  'provider.enabled': '{actor} enabled the identity provider {provider}',
  'provider.login-test-begun': '{actor} began to try a login at {provider}',
  'provider.login-tested': 'A login at {provider} was tried for {begunBy}[; it would be refused: {refusal}]',
  'provider.sync-asked': '{actor} had {provider} asked anew about {accounts} people',
  'provider.logout-refused': 'A logout told by an identity provider[, {provider},] was refused[: {reason}]',
  'provider.removed': '{actor} removed the identity provider {provider}',
  'account.groups-left-out': '{count} groups of {user} at {provider} were left out[: {examples}]',
  'account.ended': 'The account of {user} at {provider} ended[: {reason}]',
  'account.unlinked': '{actor} took the account at {provider} off {user}',
  'account.relinked': '{actor} linked the account at {provider} to {user} again',
  'account.groups-kept': 'Groups of {user} at {provider} were kept[: {reason}]',
  'account.linked': '{user} has an account at {provider} from now on',
  'account.provisioned': '{provider} told of {user}',
  'account.updated': '{provider} changed {user}[: {changed}]',
  'account.deactivated': '{provider} deactivated {user}',
  'account.activated': '{provider} activated {user} again',
  'account.deprovisioned': '{provider} removed {user}',
  'scim-token.added': '{actor} made a SCIM token for {provider}, until {expiresAt}',
  'scim-token.removed': '{actor} removed a SCIM token of {provider}',
  'trust-rule.added': '{actor} had the workload {workload} trusted by tokens of {issuer}',
  'trust-rule.removed': '{actor} removed the trust in {issuer} for the workload {workload}',
  'access-key.added': '{actor} made the access key {accessKey} of {owner}, until {expiresAt}',
  'access-key.removed': '{actor} removed the access key {accessKey} of {owner}',
  'destination.added': '{actor} added the destination {destination}',
  'destination.updated': '{actor} changed the destination {destination}[: {changed}]',
  'destination.removed': '{actor} removed the destination {destination}',
  'destination.join-token-created': '{actor} made a join token for {destination}, until {expiresAt}',
  'connector.enrolled': 'A connector of {destination} enrolled',
  'connector.refused': 'A connector[ of {destination}] was refused[: {reason}]',
  'connector.tunnel-opened': 'The connector of {destination} opened a tunnel',
  'connector.tunnel-closed': 'A tunnel of the connector of {destination} closed[: {reason}]',
  'connector.certificate-issued': 'The connector of {destination} got a certificate, until {expiresAt}',
  'grant.added': '{actor} granted {subject} {role} on {resource}[ until {until}][: {reason}]',
  'grant.changed': '{actor} changed the grant of {role} on {resource} to {subject}',
  'grant.removed': '{actor} removed the grant of {role} on {resource} to {subject}[: {reason}]',
  'grant.expired': 'The grant of {role} on {resource} to {subject} ended',
  'lease.issued': '{actor} got a credential for {destination}, until {expiresAt}',
  'lease.refused': '{actor} got no credential[ for {destination}][: {reason}]',
  'lease.revoked': 'A credential of {owner}[ for {destination}] was revoked[: {reason}]',
  'change.enforced': 'The connector of {destination} enforced change {revision}; {streamsClosed} streams closed',
  'access.refused': '{actor} was refused {endpoint}[: {reason}]',
};

const isRequest = (event: AuditEvent): event is RequestEvent => event.event.startsWith('request.') || event.event.startsWith('stream.');

export const sentenceOf = (event: AuditEvent): readonly Phrase[] => (isRequest(event) ? requestSentence(event) : filled(event));

function filled(event: Exclude<AuditEvent, RequestEvent>): readonly Phrase[] {
  return templates[event.event].split(/(\[[^\]]*\])/u).flatMap((part) => {
    if (!part.startsWith('[')) return fill(part, event).map((phrase) => phrase ?? '–');
    const phrases = fill(part.slice(1, -1), event);
    return phrases.includes(undefined) ? [] : phrases.map((phrase) => phrase ?? '');
  });
}

const fill = (template: string, event: AuditEvent): (Phrase | undefined)[] =>
  template.split(/\{(\w+)\}/u).map((part, index) => (index % 2 === 0 ? part : detailOf(part, event)));

function detailOf(key: string, { actor, destination, details }: AuditEvent): Phrase | undefined {
  if (key === 'actor') return { name: actor.name };
  if (key === 'destination') return destination === null ? undefined : { name: destination.name };
  const value = (details as Readonly<Record<string, unknown>>)[key];
  if (value === null || value === undefined || value === '') return undefined;
  if (key === 'until' || key === 'expiresAt') return { at: textOf(value) };
  const text = textOf(value);
  return text === '' ? undefined : { name: text };
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  if (typeof value === 'object' && value !== null && 'name' in value) return textOf(value.name);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface Doing {
  readonly did: string;
  readonly toDo: string;
}
const verbs: Readonly<Record<string, Doing>> = {
  get: { did: 'read', toDo: 'read' },
  list: { did: 'listed', toDo: 'list' },
  watch: { did: 'watched', toDo: 'watch' },
  create: { did: 'created', toDo: 'create' },
  update: { did: 'replaced', toDo: 'replace' },
  patch: { did: 'changed', toDo: 'change' },
  delete: { did: 'deleted', toDo: 'delete' },
  deletecollection: { did: 'deleted all', toDo: 'delete all' },
};
const subresources: Readonly<Record<string, Doing>> = {
  exec: { did: 'ran a command in', toDo: 'run a command in' },
  attach: { did: 'attached to', toDo: 'attach to' },
  portforward: { did: 'forwarded ports of', toDo: 'forward ports of' },
  log: { did: 'read the log of', toDo: 'read the log of' },
};

/** "ana@example.com listed pods in web at prod: 200". */
function requestSentence(event: RequestEvent): readonly Phrase[] {
  const { actor, details } = event;
  const { status, durationMilliseconds, reason } = details;
  const who = { name: actor.name };
  const { did, toDo } = doingOf(details);
  const what = objectOf(event);
  const why: readonly Phrase[] = reason === '' ? [] : [': ', { name: reason }];
  switch (event.event) {
    case 'request.completed':
      return [who, ` ${did} `, ...what, status === 0 ? ': the connection broke' : `: ${status}`];
    case 'request.refused':
      return [who, ` was refused to ${toDo} `, ...what, `: ${status}`, ...why];
    case 'stream.opened':
      return [who, ` opened a stream to ${toDo} `, ...what];
    case 'stream.closed':
      return ['The stream of ', who, ` to ${toDo} `, ...what, ` closed after ${formatDuration(durationMilliseconds / 1000)}`, ...why];
  }
}

function doingOf({ verb, subresource }: RequestEvent['details']): Doing {
  const known = subresources[subresource] ?? verbs[verb];
  if (known !== undefined) return known;
  return { did: `did “${verb}” on`, toDo: `“${verb}”` };
}

function objectOf({ destination, details }: RequestEvent): readonly Phrase[] {
  const { resource, subresource, name, namespace, path, asked } = details;
  const isSaid = subresource === '' || subresource in subresources;
  const thing = [resource, name, isSaid ? '' : subresource].filter((part) => part !== '').join('/');
  return [
    { name: thing === '' ? path : thing },
    ...(namespace === '' ? [] : [' in ', { name: namespace }]),
    ...(destination === null ? [] : [' at ', { name: destination.name }]),
    ...(asked === undefined ? [] : [', acting as ', { name: [asked.user, ...asked.groups].join(', ') }]),
  ];
}
