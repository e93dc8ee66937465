/** A grant as a row. */
import type { DestinationId, GrantId } from '../../shared/api/values.ts';
import type { Database } from '../storage/schema.ts';
import type { GrantRecord, GrantSubject } from './grant-store.ts';

export const toRow = (grant: GrantRecord): Database['grants'] => ({
  id: grant.id,
  subject_kind: grant.subject.kind,
  subject_id: grant.subject.id,
  role: grant.role,
  destination_id: grant.destinationId,
  namespace: grant.namespace,
  until: grant.until,
  mfa_seconds: grant.mfaSeconds,
  reason: grant.reason,
  created_at: grant.createdAt,
  created_by: grant.createdBy,
  ended_at: null,
  ended_because: null,
});

// Rows were checked on their way in.
export const fromRow = (row: Database['grants']): GrantRecord => ({
  id: row.id as GrantId,
  subject: { kind: row.subject_kind as GrantSubject['kind'], id: row.subject_id },
  role: row.role,
  destinationId: row.destination_id as DestinationId | null,
  namespace: row.namespace,
  until: row.until,
  mfaSeconds: row.mfa_seconds,
  reason: row.reason,
  createdAt: row.created_at,
  createdBy: row.created_by,
});
