/** Every request that is under way, found by identity: what a revocation has to end. */
import type { Slot } from './identity-limits.ts';
import type { Impersonation } from './impersonation.ts';
import type { RequestScope } from './scope-rules.ts';
import type { Refusal } from './status.ts';

export interface OpenRequest {
  readonly identityId: string;
  readonly leaseId: string;
  readonly scope: RequestScope;
  /** It stays open: a watch, a log, an exec and the like. */
  readonly isStream: boolean;
  /** Of the thing it is about; empty: of none in particular. */
  readonly name: string;
  /** Milliseconds on the server's clock. */
  readonly since: number;
  /** What was lent to it. */
  readonly lent: Impersonation;
  /** Milliseconds on the server's clock; it must be decided anew then. */
  until: number;
  /** Its place among the identity's open requests; given back with its removal. */
  readonly slot: Slot;
  /** Ends it at once, on both sides; with these words where nothing was answered yet. */
  readonly close: (refusal: Refusal) => void;
}

export interface OpenRequests {
  add(request: OpenRequest): void;
  remove(request: OpenRequest): void;
  of(identityId: string): readonly OpenRequest[];
  all(): readonly OpenRequest[];
  count(): number;
}

/** @param streamsChanged called when a stream has come or gone. */
export function createOpenRequests(streamsChanged: () => void = () => undefined): OpenRequests {
  const byIdentity = new Map<string, Set<OpenRequest>>();
  let count = 0;
  return {
    add: (request) => {
      const others = byIdentity.get(request.identityId);
      if (others === undefined) byIdentity.set(request.identityId, new Set([request]));
      else others.add(request);
      count += 1;
      if (request.isStream) streamsChanged();
    },
    remove: (request) => {
      const others = byIdentity.get(request.identityId);
      if (others?.delete(request) !== true) return;
      count -= 1;
      request.slot.release();
      if (others.size === 0) byIdentity.delete(request.identityId);
      if (request.isStream) streamsChanged();
    },
    of: (identityId) => [...(byIdentity.get(identityId) ?? [])],
    all: () => [...byIdentity.values()].flatMap((requests) => [...requests]),
    count: () => count,
  };
}
