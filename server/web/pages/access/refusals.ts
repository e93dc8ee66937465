/** At which field of a form about subjects, roles and resources a refusal belongs. */
import { ApiError } from '../../../../shared/client.ts';

const fieldOfCode: Readonly<Record<string, string>> = {
  'identity.not-found': 'subject',
  'group.not-found': 'subject',
  'destination.not-found': 'resource',
  'grant.duplicate': 'role',
};

/** By the field's own name, whether it was sent in the body or in the query. */
export function refusalsByField(error: unknown): ReadonlyMap<string, string> {
  if (!(error instanceof ApiError)) return new Map();
  const { code, detail, fields = [] } = error.problem;
  const field = fieldOfCode[code];
  if (field !== undefined && fields.length === 0) return new Map([[field, detail]]);
  return new Map(fields.map(({ path, message }) => [path.replace(/^(?:body|query)\./, ''), message]));
}
