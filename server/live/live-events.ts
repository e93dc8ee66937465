/**
 * The streams of pages that are open. Owns who listens, what each may hear, and that a stream ends with its session. Trusts what commits say of
 * themselves by their audit events; those of the host's commands, which are another process, and the passing of time show within seconds. Knows
 * nothing of what changed but its topics.
 */
import { type Clock } from '../../shared/clock.ts';
import type { AuditEvent } from '../../shared/api/audit.ts';
import { changeEvent, endedEvent, mostStreams, type Topic } from '../../shared/api/events.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Caller, ServerRole } from '../audit/caller.ts';
import { openEventStream, type EventStream, type StreamResponse } from '../http/event-stream.ts';
import { mayChangeStanding, nothingStirred, stirOf, together, type Stir } from './topic-rules.ts';

/** How a session stands. `until`: when it ends at the latest, unless it is used; ms since 1970. */
export type SessionStanding =
  | { readonly kind: 'live'; readonly until: number; readonly serverRoles: ReadonlySet<ServerRole> }
  | { readonly kind: 'ended'; readonly reason: string };

export interface LiveEventsOptions {
  readonly standingOf: (sessionId: string) => Promise<SessionStanding>;
  readonly groupsOf: (identityId: string) => Promise<readonly string[]>;
  readonly clock: Clock;
}

export interface LiveEvents {
  /** Throws `events.too-many`. */
  open(caller: Caller, response: StreamResponse): Promise<void>;
  /** `isHeardByConnectors`: it left something in the feed. */
  committed(events: readonly AuditEvent[], isHeardByConnectors: boolean): void;
  /** What changed without a record. */
  touched(topics: readonly Topic[]): void;
  /** So that pages connect again: elsewhere, or here when this server is back. */
  closeAll(): void;
}

interface Listener {
  readonly sessionId: string;
  readonly identityId: string;
  readonly hasView: boolean;
  readonly stream: EventStream;
  groups: ReadonlySet<string>;
  isOpen: boolean;
  check: NodeJS.Timeout | undefined;
}

/** Everything that is committed meanwhile is told together. */
const gatherMilliseconds = 150;
const mostBetweenChecks = 5000;

export function createLiveEvents(options: LiveEventsOptions): LiveEvents {
  const { groupsOf } = options;
  const bySession = new Map<string, Set<Listener>>();
  const all = (): Listener[] => [...bySession.values()].flatMap((listeners) => [...listeners]);
  let gathered = nothingStirred;
  let isGathering = false;

  const tellAll = (): void => {
    const stir = gathered;
    gathered = nothingStirred;
    isGathering = false;
    for (const listener of all()) tell(options, listener, stir).catch(() => listener.stream.end());
  };
  const gather = (stir: Stir): void => {
    gathered = together(gathered, stir);
    if (isGathering) return;
    isGathering = true;
    setTimeout(tellAll, gatherMilliseconds).unref();
  };

  return {
    open: async (caller, response) => {
      const groups = new Set(await groupsOf(caller.identity.id));
      const here = bySession.get(caller.session.id) ?? new Set();
      if (here.size >= mostStreams) throw new DomainError('events.too-many', tooMany);
      const { id: sessionId } = caller.session;
      const about = { sessionId, identityId: caller.identity.id, hasView: caller.serverRoles.has('view'), groups };
      const listener: Listener = { ...about, stream: openEventStream(response), isOpen: true, check: undefined };
      bySession.set(sessionId, here.add(listener));
      listener.stream.onClose(() => {
        listener.isOpen = false;
        clearTimeout(listener.check);
        here.delete(listener);
        if (here.size === 0 && bySession.get(sessionId) === here) bySession.delete(sessionId);
      });
      // It may have ended since it was looked up for this request.
      await checkNowAndThen(options, listener);
    },
    committed: (events, isHeardByConnectors) => {
      if (bySession.size === 0) return;
      for (const event of events)
        if (event.event === 'session.ended')
          bySession.get(event.details.session)?.forEach((listener) => endWith(listener, event.details.reason));
      const stir = stirOf(events, isHeardByConnectors);
      if (stir.topics.size > 0) gather(stir);
    },
    touched: (topics) => {
      if (bySession.size > 0) gather({ ...nothingStirred, topics: new Set(topics) });
    },
    closeAll: () => all().forEach(({ stream }) => stream.end()),
  };
}

const tooMany = `One session listens in ${mostStreams} places at most. Close a page that is open, or share one stream among them.`;

function endWith(listener: Listener, reason: string): void {
  if (!listener.isOpen) return;
  listener.isOpen = false;
  listener.stream.send(endedEvent, { reason });
  listener.stream.end();
}

/** False when the stream is over: with its session, or because what its caller may hear is something else now. */
async function stillStands({ standingOf }: LiveEventsOptions, listener: Listener): Promise<SessionStanding | undefined> {
  const standing = await standingOf(listener.sessionId);
  if (standing.kind === 'ended') {
    endWith(listener, standing.reason);
    return undefined;
  }
  if (standing.serverRoles.has('view') === listener.hasView) return listener.isOpen ? standing : undefined;
  listener.stream.end();
  return undefined;
}

/** Sessions end by time alone, too, and rights by the host's commands. */
async function checkNowAndThen(options: LiveEventsOptions, listener: Listener): Promise<void> {
  const standing = await stillStands(options, listener);
  if (standing?.kind !== 'live') return;
  const left = Math.max(0, standing.until - options.clock.now());
  listener.check = setTimeout(
    () => {
      checkNowAndThen(options, listener).catch(() => listener.stream.end());
    },
    Math.min(left, mostBetweenChecks),
  );
}

async function tell(options: LiveEventsOptions, listener: Listener, stir: Stir): Promise<void> {
  if (mayChangeStanding(stir) && (await stillStands(options, listener)) === undefined) return;
  const topics = listener.hasView ? stir.topics : await ownOf(options, listener, stir);
  if (topics.size > 0 && listener.isOpen) listener.stream.send(changeEvent, { topics: [...topics] });
}

/** What somebody without `view` hears: nothing of others, and of groups those they are in, or were. */
async function ownOf({ groupsOf }: LiveEventsOptions, listener: Listener, stir: Stir): Promise<ReadonlySet<Topic>> {
  const topics = new Set(stir.people.get(listener.identityId) ?? []);
  if (!stir.topics.has('access')) return topics;
  const before = listener.groups;
  const after = new Set(await groupsOf(listener.identityId));
  listener.groups = after;
  const isOther = before.symmetricDifference(after).size > 0;
  if (isOther || [...stir.groups].some((id) => before.has(id))) topics.add('access');
  return topics;
}
