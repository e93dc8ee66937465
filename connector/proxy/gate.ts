/**
 * The gate: decides every request from what is known here, and ends what is under way when its right is gone, by a change from the server, by
 * the clock, or because the server has been away for too long. Trusts the desired state and the server's clock; fails closed.
 */
import type { DesiredIdentity, DesiredLease } from '../../shared/api/connectors.ts';
import { covers, decideAccess, rightsOf, type AccessDecision, type IdentityRights } from './access-rules.ts';
import type { AskedIdentity } from './asked-rules.ts';
import type { OpenRequest, OpenRequests } from './open-requests.ts';
import { refuse, type Refusal } from './status.ts';
import type { Peer } from './peer-certificate.ts';
import { askedOf, type Impersonation } from './impersonation.ts';
import type { RequestScope } from './scope-rules.ts';
import { stalenessOf, type Staleness } from './staleness-rules.ts';

/** The parts of the desired state that the gate needs. */
export interface GateState {
  readonly destination: { readonly name: string; readonly userPrefix: string; readonly stalenessLimitSeconds: number };
  readonly identities: ReadonlyMap<string, DesiredIdentity>;
  readonly leases: ReadonlyMap<string, DesiredLease>;
}

export interface GateOptions {
  readonly now: () => number;
  /** Milliseconds on the server's clock when the server was last heard. */
  readonly lastHeard: () => number;
  /** Fetches what is newer from the server. */
  readonly refresh: () => Promise<void>;
  readonly guardedNamespace: string | undefined;
  /** The connector's own service account. */
  readonly ownAccount: string | undefined;
  readonly stalenessLimitSeconds: number;
  readonly openRequests: OpenRequests;
}

export type Verdict =
  | { readonly kind: 'allowed'; readonly impersonation: Impersonation; readonly until: number; readonly hint: string | undefined }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface Gate {
  /** Takes a new state into force; the number of requests that ended by it. */
  enforce(state: GateState, touched: 'all' | ReadonlySet<string>): number;
  /** Without a wait when the answer is plain; else the server is asked for anything newer first. */
  judge(peer: Peer, scope: RequestScope, asked?: AskedIdentity): Verdict | Promise<Verdict>;
  open(request: OpenRequest): void;
  close(request: OpenRequest): void;
  /** Ends everything; how many. */
  closeAll(refusal: Refusal): number;
  nameOf(identityId: string): string | undefined;
  staleness(): Staleness;
  stop(): void;
}

const refreshMilliseconds = 1000;
const longestTimer = 3_600_000;
const namesRemembered = 10_000;

export function createGate(options: GateOptions): Gate {
  return new LiveGate(options);
}

class LiveGate implements Gate {
  readonly #options: GateOptions;
  #state: GateState | undefined;
  readonly #rights = new Map<string, IdentityRights>();
  /** Names of identities that were here, so that their refusals can name them. */
  readonly #formerNames = new Map<string, string>();
  #deadline: { at: number; timer: NodeJS.Timeout } | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  enforce(state: GateState, touched: 'all' | ReadonlySet<string>): number {
    this.#indexRights(state, touched);
    this.#state = state;
    const affected = touched === 'all' ? this.#options.openRequests.all() : [...touched].flatMap((id) => this.#options.openRequests.of(id));
    return this.#reconsider(affected);
  }

  judge(peer: Peer, scope: RequestScope, asked?: AskedIdentity): Verdict | Promise<Verdict> {
    const decision = this.#decide(peer, scope, asked);
    if (decision.kind === 'denied' && decision.mayBeOutdated) return this.#judgeAfterRefresh(peer, scope, asked);
    return this.#verdict(decision);
  }

  open(request: OpenRequest): void {
    this.#options.openRequests.add(request);
    this.#wakeAt(Math.min(request.until, this.#staleAt()));
  }

  close(request: OpenRequest): void {
    this.#options.openRequests.remove(request);
  }

  closeAll(refusal: Refusal): number {
    const requests = this.#options.openRequests.all();
    for (const request of requests) this.#end(request, refusal);
    return requests.length;
  }

  nameOf(identityId: string): string | undefined {
    return this.#rights.get(identityId)?.identity.name ?? this.#formerNames.get(identityId);
  }

  staleness(): Staleness {
    return stalenessOf({ lastHeard: this.#options.lastHeard(), limitSeconds: this.#limitSeconds(), now: this.#options.now() });
  }

  stop(): void {
    clearTimeout(this.#deadline?.timer);
  }

  async #judgeAfterRefresh(peer: Peer, scope: RequestScope, asked: AskedIdentity | undefined): Promise<Verdict> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, refreshMilliseconds);
    });
    await Promise.race([this.#options.refresh().catch(() => undefined), enough]);
    clearTimeout(timer);
    return this.#verdict(this.#decide(peer, scope, asked));
  }

  #verdict(decision: AccessDecision): Verdict {
    if (this.#options.now() >= this.#staleAt()) return { kind: 'refused', refusal: staleRefusal };
    if (decision.kind === 'allowed') return decision;
    return { kind: 'refused', refusal: refuse(decision.reason, decision.message) };
  }

  #decide(peer: Pick<Peer, 'identityId' | 'leaseId'>, scope: RequestScope, asked: AskedIdentity | undefined): AccessDecision {
    const state = this.#state;
    if (state === undefined)
      return { kind: 'denied', reason: 'Unauthorized', message: 'nothing is known here yet; try again', mayBeOutdated: true };
    return decideAccess({
      scope,
      asked,
      identityId: peer.identityId,
      leaseId: peer.leaseId,
      rights: this.#rights.get(peer.identityId),
      lease: state.leases.get(peer.leaseId),
      destination: state.destination,
      guardedNamespace: this.#options.guardedNamespace,
      ownAccount: this.#options.ownAccount,
      lastKnownName: this.#formerNames.get(peer.identityId),
      now: this.#options.now(),
    });
  }

  #indexRights(state: GateState, touched: 'all' | ReadonlySet<string>): void {
    const ids = touched === 'all' ? new Set([...this.#rights.keys(), ...state.identities.keys()]) : touched;
    for (const id of ids) {
      const identity = state.identities.get(id);
      const former = this.#rights.get(id)?.identity;
      if (former !== undefined && identity === undefined) this.#remember(id, former.name);
      if (identity === undefined) this.#rights.delete(id);
      else if (identity !== former) this.#rights.set(id, rightsOf(identity));
    }
  }

  #remember(id: string, name: string): void {
    this.#formerNames.set(id, name);
    if (this.#formerNames.size <= namesRemembered) return;
    const [oldest] = this.#formerNames.keys();
    if (oldest !== undefined) this.#formerNames.delete(oldest);
  }

  /** Ends those of the requests that are no longer covered; how many. */
  #reconsider(requests: readonly OpenRequest[]): number {
    if (this.#options.now() >= this.#staleAt()) return this.closeAll(staleRefusal);
    let ended = 0;
    for (const request of requests) {
      const decision = this.#decide(request, request.scope, askedOf(request.lent));
      if (decision.kind === 'allowed' && covers(decision.impersonation, request.lent)) {
        request.until = decision.until;
        this.#wakeAt(decision.until);
        continue;
      }
      this.#end(request, decision.kind === 'denied' ? refuse(decision.reason, decision.message) : lessThanLent);
      ended += 1;
    }
    return ended;
  }

  #end(request: OpenRequest, refusal: Refusal): void {
    this.#options.openRequests.remove(request);
    request.close(refusal);
  }

  #staleAt(): number {
    return this.#options.lastHeard() + this.#limitSeconds() * 1000;
  }

  #limitSeconds(): number {
    return this.#state?.destination.stalenessLimitSeconds ?? this.#options.stalenessLimitSeconds;
  }

  #wakeAt(at: number): void {
    if (this.#deadline !== undefined && this.#deadline.at <= at) return;
    clearTimeout(this.#deadline?.timer);
    if (!Number.isFinite(at)) return;
    const wait = Math.min(Math.max(0, at - this.#options.now()) + 1, longestTimer);
    this.#deadline = { at, timer: setTimeout(() => this.#wake(), wait) };
  }

  #wake(): void {
    this.#deadline = undefined;
    const now = this.#options.now();
    const open = this.#options.openRequests.all();
    this.#reconsider(open.filter((request) => request.until <= now));
    const next = Math.min(...this.#options.openRequests.all().map((request) => request.until), this.#staleAt());
    if (this.#options.openRequests.count() > 0) this.#wakeAt(next);
  }
}

/** They may still come in, but not with all that this was lent. */
const lessThanLent = refuse('Forbidden', 'the grant this ran on is gone; try again with those that are left, or ask an admin');

const staleRefusal = refuse(
  'ServiceUnavailable',
  'the connector has not reached the infra server for longer than this destination allows, so nobody is let in; ask an admin to look at the server',
);
