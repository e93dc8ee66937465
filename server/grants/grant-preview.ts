/** What a grant would change for whom, were it made now. Makes nothing. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { GrantPreview } from '../../shared/api/grants.ts';
import type { DomainError } from '../../shared/api/problem.ts';
import type { Subject } from '../../shared/api/values.ts';
import type { Caller } from '../audit/caller.ts';
import type { Absence } from '../destinations/absence.ts';
import type { DestinationRecord, DestinationStore } from '../destinations/destination-store.ts';
import type { GroupStore } from '../identity/group-store.ts';
import type { IdentityStore } from '../identity/identity-store.ts';
import { rolesGiving } from './explain-rules.ts';
import { admit, termsOf, type Admission, type GrantInput } from './grant-admission.ts';
import type { Audience, GrantHolders } from './grant-holder-store.ts';
import type { GrantStore } from './grant-store.ts';
import { warningsOf } from './grant-warning-rules.ts';

interface Stores {
  readonly grants: Pick<GrantStore, 'list'>;
  readonly grantHolders: Pick<GrantHolders, 'audienceOf'>;
  readonly identities: IdentityStore;
  readonly groups: GroupStore;
  readonly destinations: DestinationStore;
}
export interface GrantPreviewOptions {
  readonly read: Stores;
  readonly absence: Absence;
  readonly clock: Clock;
}

export type PreviewGrant = (input: GrantInput, caller: Caller) => Promise<GrantPreview>;

export function createGrantPreview({ read, absence, clock }: GrantPreviewOptions): PreviewGrant {
  return async (input, caller) => {
    const at = toTime(clock.now());
    const admission = await admit(read, input, at);
    const { subject, destination } = admission;
    const problems = admission.faults.map(problemOf);
    if (subject === undefined || destination === undefined)
      return { valid: false, problems, subject: subject ?? null, identities: nobody, alreadyHold: 0, gains: nobody, warnings: [] };
    const audience = await read.grantHolders.audienceOf(wishedOf(input, { ...admission, subject, destination }), {
      id: caller.identity.id,
      at,
    });
    const { count, sample, alreadyHold, gains } = audience;
    return {
      valid: problems.length === 0,
      ...{ problems, subject, alreadyHold, gains, identities: { count, sample } },
      warnings: warningsOf({
        ...{ subject, audience, role: input.role, resource: input.resource, namespace: admission.namespace },
        mfaSeconds: input.mfaSeconds ?? null,
        destination: destination === null ? null : { ...destination, absence: await absence(destination.id) },
      }),
    };
  };
}

const nobody: Pick<Audience, 'count' | 'sample'> & { sample: [] } = { count: 0, sample: [] };

interface Found extends Admission {
  readonly subject: Subject;
  readonly destination: DestinationRecord | null;
}

const wishedOf = (input: GrantInput, { subject, destination, namespace }: Found) => ({
  ...termsOf(input),
  subject,
  destinationId: destination?.id ?? null,
  namespace,
  roles: rolesGiving({ role: input.role, isServer: destination === null }),
});

const fields = ['subject', 'role', 'resource', 'until', 'mfaSeconds'] as const;
const fieldsByCode: Partial<Record<string, (typeof fields)[number]>> = {
  'identity.not-found': 'subject',
  'group.not-found': 'subject',
  'destination.not-found': 'resource',
};

function problemOf({ code, message, fields: places }: DomainError): GrantPreview['problems'][number] {
  const [place] = places ?? [];
  const field = fields.find((name) => place?.path === `body.${name}` || place?.path === name) ?? fieldsByCode[code] ?? null;
  return { code, field, message: place?.message ?? message };
}
