/** A connector's access log as audit events. The destination is the connector's own, whatever the line might wish. */
import type { AuditEvent } from '../../shared/api/audit.ts';
import type { AccessEvent } from '../../shared/api/connectors.ts';

const eventOf = {
  completed: 'request.completed',
  refused: 'request.refused',
  'stream-opened': 'stream.opened',
  'stream-closed': 'stream.closed',
} as const;

export interface AccessLogContext {
  readonly destination: { readonly id: string; readonly name: string };
  readonly names: ReadonlyMap<string, { readonly kind: 'user' | 'workload'; readonly name: string }>;
}

export function toAuditEvents(events: readonly AccessEvent[], context: AccessLogContext): AuditEvent[] {
  return events.map(({ id, at, ...details }) => ({
    id,
    at,
    event: eventOf[details.phase],
    actor: actorOf(details.identityId, context),
    source: { address: details.sourceAddress, userAgent: details.userAgent },
    outcome: details.phase === 'refused' ? 'refused' : 'success',
    destination: { id: context.destination.id, name: context.destination.name },
    details,
  }));
}

/** A person removed meanwhile still has an id. */
function actorOf(identityId: string | null, { names }: AccessLogContext): AuditEvent['actor'] {
  if (identityId === null) return { kind: 'anonymous', id: null, name: 'anonymous' };
  const known = names.get(identityId);
  return { kind: known?.kind ?? (identityId.startsWith('wkl_') ? 'workload' : 'user'), id: identityId, name: known?.name ?? identityId };
}
