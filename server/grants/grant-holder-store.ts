/** Whom a grant would be for, and who of them can do as much already; counted where the rows are, for a group may be everybody. */
import type { ExpressionBuilder } from 'kysely';
import type { IdentityId } from '../../shared/api/values.ts';
import type { Identity } from '../identity/identity-store.ts';
import type { Handle } from '../storage/database.ts';
import type { Database } from '../storage/schema.ts';
import type { GrantSubject } from './grant-store.ts';

export interface WishedGrant {
  readonly subject: GrantSubject;
  /** Null: the server itself. */
  readonly destinationId: string | null;
  readonly namespace: string | null;
  /** Each of which includes what is wished for. */
  readonly roles: readonly string[];
  readonly until: string | null;
  readonly mfaSeconds: number | null;
}
export type AudienceMember = Pick<Identity, 'id' | 'kind' | 'name' | 'status'>;
interface Some {
  readonly count: number;
  /** The first by name. */
  readonly sample: AudienceMember[];
}
export interface Audience extends Some {
  readonly alreadyHold: number;
  readonly gains: Some;
  readonly disabled: number;
  readonly workloads: number;
  /** Active people without a second factor here, nor an account at a provider that is trusted with one. */
  readonly withoutFactor: number;
  /** Somebody gains: this one. */
  readonly isForAsker: boolean;
}

export interface GrantHolders {
  audienceOf(wished: WishedGrant, asker: { readonly id: string; readonly at: string }): Promise<Audience>;
  /** How many hold anything at a destination, themselves or through a group. */
  countHoldersAt(destinationId: string, at: string): Promise<number>;
}

const sampled = 20;

export function createGrantHolders(db: Handle): GrantHolders {
  return {
    audienceOf: async (wished, { id, at }) => {
      const people = peopleOf(db, wished.subject);
      const holds = (eb: WhereIdentity) => {
        const holders = coveringGrants(db, wished, at).select('subject_id');
        const members = db.selectFrom('group_members').select('identity_id').where('group_id', 'in', holders);
        return eb.or([eb('identities.id', 'in', holders), eb('identities.id', 'in', members)]);
      };
      const active = people.where('status', '=', 'active');
      const able = wished.mfaSeconds === null ? active : active.where('kind', '=', 'user');
      const gaining = able.where((eb) => eb.not(holds(eb)));
      return {
        ...(await some(people)),
        alreadyHold: await countOf(people.where(holds)),
        gains: await some(gaining),
        disabled: await countOf(people.where('status', '=', 'disabled')),
        workloads: await countOf(people.where('kind', '=', 'workload')),
        withoutFactor: await countOf(withoutFactor(active)),
        isForAsker: (await countOf(gaining.where('identities.id', '=', id))) > 0,
      };
    },
    countHoldersAt: async (destinationId, at) => {
      const subjects = inForce(db, at).where('destination_id', '=', destinationId).select('subject_id');
      const members = db.selectFrom('group_members').select('identity_id').where('group_id', 'in', subjects);
      return countOf(
        db.selectFrom('identities').where((eb) => eb.or([eb('identities.id', 'in', subjects), eb('identities.id', 'in', members)])),
      );
    },
  };
}

type People = ReturnType<typeof peopleOf>;
type WhereIdentity = ExpressionBuilder<Database, 'identities'>;

function peopleOf(db: Handle, { kind, id }: GrantSubject) {
  const all = db.selectFrom('identities');
  if (kind !== 'group') return all.where('identities.id', '=', id);
  return all.where('identities.id', 'in', db.selectFrom('group_members').select('identity_id').where('group_id', '=', id));
}

const inForce = (db: Handle, at: string) =>
  db
    .selectFrom('grants')
    .where('ended_at', 'is', null)
    .where((eb) => eb.or([eb('until', 'is', null), eb('until', '>', at)]));

/** That give all of what is wished for, for at least as long and on no harder terms. */
function coveringGrants(db: Handle, { destinationId, namespace, roles, until, mfaSeconds }: WishedGrant, at: string) {
  const there = inForce(db, at).where('role', 'in', [...roles]);
  const place = destinationId === null ? there.where('destination_id', 'is', null) : there.where('destination_id', '=', destinationId);
  return place
    .where((eb) => eb.or([eb('namespace', 'is', null), ...(namespace === null ? [] : [eb('namespace', '=', namespace)])]))
    .where((eb) => eb.or([eb('until', 'is', null), ...(until === null ? [] : [eb('until', '>=', until)])]))
    .where((eb) => eb.or([eb('mfa_seconds', 'is', null), ...(mfaSeconds === null ? [] : [eb('mfa_seconds', '>=', mfaSeconds)])]));
}

function withoutFactor(people: People): People {
  return people
    .where('kind', '=', 'user')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('second_factors')
            .select('second_factors.id')
            .whereRef('second_factors.identity_id', '=', 'identities.id')
            .where('second_factors.state', '=', 'active'),
        ),
      ),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('accounts')
            .innerJoin('identity_providers', 'identity_providers.id', 'accounts.provider_id')
            .select('accounts.id')
            .whereRef('accounts.identity_id', '=', 'identities.id')
            .where('accounts.state', '!=', 'unlinked')
            .where('identity_providers.trust_mfa', '=', 1),
        ),
      ),
    );
}

const countOf = async (people: People): Promise<number> =>
  (await people.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow()).count;

async function some(people: People): Promise<Some> {
  const rows = await people.select(['identities.id', 'kind', 'name', 'status']).orderBy('name_key').limit(sampled).execute();
  return {
    count: await countOf(people),
    // Rows were checked on their way in.
    sample: rows.map(({ id, kind, name, status }) => ({
      id: id as IdentityId,
      kind: kind as AudienceMember['kind'],
      name,
      status: status as AudienceMember['status'],
    })),
  };
}
