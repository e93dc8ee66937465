/** One line a request, two a stream, on their way into the server's audit. What cannot be recorded is not let through where the destination demands it. */
import { auditEventId, identityId, leaseId } from '../../shared/api/values.ts';
import type { AccessEvent } from '../../shared/api/connectors.ts';
import { toTime, type Clock } from '../../shared/clock.ts';
import { newId } from '../../shared/id.ts';
import type { AskedIdentity } from './asked-rules.ts';
import type { Impersonation } from './impersonation.ts';
import { createRefusalLines, type RefusalLines } from './refusal-lines.ts';
import type { RequestInfo } from './request-info.ts';
import type { Peer } from './peer-certificate.ts';

/** Where lines go: the spool. */
export interface AccessSink {
  canTake(): boolean;
  append(event: AccessEvent): void;
}

export interface AccessLog {
  /** False: the destination demands a record and none can be made. */
  canRecord(): boolean;
  start(source: RequestSource): RequestRecord;
  /** Says in the audit that lines were lost. */
  droppedEvent(count: number): AccessEvent;
  /** Nothing of what was refused stays unsaid. */
  stop(): void;
}

export interface RequestSource {
  readonly method: string;
  readonly target: string;
  readonly address: string;
  readonly userAgent: string;
  readonly peer: Peer | undefined;
  readonly info: RequestInfo | undefined;
}

/** Of bodies and streams; what is here when a line is written stands in it. */
export interface ByteCounts {
  /** From the client. */
  received: number;
  /** To the client. */
  sent: number;
}

export interface RequestRecord {
  /** Names the request in the cluster's audit log too. */
  readonly id: string;
  readonly bytes: ByteCounts;
  /** To act as somebody else, whether or not it is allowed then. */
  asked(asked: AskedIdentity): void;
  impersonated(impersonation: Impersonation): void;
  /** It goes on after its answer has begun; a second line tells the end. */
  streamOpened(status: number): void;
  /** The end, whichever it is; later calls are ignored. */
  ended(status: number, reason?: string): void;
  refused(status: number, reason: string): void;
}

export interface AccessLogOptions {
  readonly sink: AccessSink;
  readonly clock: Clock;
  readonly isRequired: () => boolean;
}

/** Refusals recorded one by one: neither strangers nor somebody at a limit must be able to fill the spool. */
const linesPerSecond = { strangers: 10, atLimit: 5 };

export function createAccessLog(options: AccessLogOptions): AccessLog {
  const lines = createRefusalLines((cause, count) => options.sink.append(untoldEvent(options.clock.now(), cause, count)));
  return {
    canRecord: () => !options.isRequired() || options.sink.canTake(),
    start: (source) => new Record(options, source, lines),
    droppedEvent: (count) => ({
      ...emptyEvent(options.clock.now()),
      phase: 'refused',
      verb: 'audit',
      reason: `${count} access log lines were dropped because the connector's spool was full`,
    }),
    stop: () => lines.stop(),
  };
}

const emptyEvent = (now: number): AccessEvent => ({
  id: auditEventId.parse(newId('auditEvent', now)),
  at: toTime(now),
  phase: 'completed',
  identityId: null,
  leaseId: null,
  impersonatedUser: '',
  impersonatedGroups: [],
  verb: '',
  path: '',
  apiGroup: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  status: 0,
  durationMilliseconds: 0,
  bytesReceived: 0,
  bytesSent: 0,
  reason: '',
  sourceAddress: '',
  userAgent: '',
});

/** @param cause an identity's id, or empty for strangers. */
const untoldEvent = (now: number, cause: string, count: number): AccessEvent => ({
  ...emptyEvent(now),
  phase: 'refused',
  ...(cause === ''
    ? { status: 401, reason: `${count} more requests without a valid certificate were refused` }
    : { identityId: identityId.parse(cause), status: 429, reason: `${count} more requests were refused at a limit` }),
});

class Record implements RequestRecord {
  readonly id: string;
  readonly bytes: ByteCounts = { received: 0, sent: 0 };
  readonly #options: AccessLogOptions;
  readonly #source: RequestSource;
  readonly #lines: RefusalLines;
  readonly #startedAt = performance.now();
  #asked: AskedIdentity | undefined;
  #impersonation: Impersonation | undefined;
  #isStream = false;
  #isOver = false;

  constructor(options: AccessLogOptions, source: RequestSource, lines: RefusalLines) {
    this.#options = options;
    this.#source = source;
    this.#lines = lines;
    this.id = newId('auditEvent', options.clock.now());
  }

  asked(asked: AskedIdentity): void {
    this.#asked = asked;
  }

  impersonated(impersonation: Impersonation): void {
    this.#impersonation = impersonation;
  }

  streamOpened(status: number): void {
    this.#isStream = true;
    this.#append('stream-opened', status, '', this.id);
  }

  ended(status: number, reason = ''): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const id = this.#isStream ? newId('auditEvent', this.#options.clock.now()) : this.id;
    this.#append(this.#isStream ? 'stream-closed' : 'completed', status, reason, id);
  }

  refused(status: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#mayWriteRefusal(status)) this.#append('refused', status, reason, this.id);
  }

  #mayWriteRefusal(status: number): boolean {
    const { peer } = this.#source;
    if (peer === undefined) return this.#lines.mayWrite('', linesPerSecond.strangers);
    return status !== 429 || this.#lines.mayWrite(peer.identityId, linesPerSecond.atLimit);
  }

  #append(phase: AccessEvent['phase'], status: number, reason: string, id: string): void {
    const { peer, info, method, target, address, userAgent } = this.#source;
    // Never the query, whose values may be secrets.
    const path = info?.path ?? target.replace(/[?#].*$/s, '');
    this.#options.sink.append({
      ...emptyFields,
      // Ids of verified certificates and of our own making: their patterns were checked there.
      id: id as AccessEvent['id'],
      at: toTime(this.#options.clock.now()),
      phase,
      identityId: peer === undefined ? null : identityId.parse(peer.identityId),
      leaseId: peer === undefined ? null : leaseId.parse(peer.leaseId),
      impersonatedUser: this.#impersonation?.user.slice(0, 400) ?? '',
      impersonatedGroups: this.#impersonation?.groups.slice(0, 500).map((group) => group.slice(0, 400)) ?? [],
      ...(this.#asked === undefined ? {} : { asked: bounded(this.#asked) }),
      verb: (info?.verb ?? method.toLowerCase()).slice(0, 40),
      path: path.slice(0, 2048),
      ...(info === undefined ? {} : namesOf(info)),
      status,
      durationMilliseconds: Math.round(performance.now() - this.#startedAt),
      bytesReceived: this.bytes.received,
      bytesSent: this.bytes.sent,
      reason: reason.slice(0, 500),
      sourceAddress: address.slice(0, 100),
      userAgent: userAgent.slice(0, 300),
    });
  }
}

const bounded = ({ user, groups }: AskedIdentity): NonNullable<AccessEvent['asked']> => ({
  user: user.slice(0, 400),
  groups: groups.slice(0, 500).map((group) => group.slice(0, 400)),
});

const emptyFields = { apiGroup: '', resource: '', subresource: '', namespace: '', name: '' };

const namesOf = (info: RequestInfo): typeof emptyFields => ({
  apiGroup: info.apiGroup.slice(0, 253),
  resource: info.resource.slice(0, 253),
  subresource: info.subresource.slice(0, 253),
  namespace: info.namespace.slice(0, 253),
  name: info.name.slice(0, 253),
});
