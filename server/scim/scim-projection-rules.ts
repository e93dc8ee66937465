/** Which attributes of a resource a client wants (RFC 7644 §3.9); `id` and `schemas` always come. */
import { badRequest } from './scim-error-rules.ts';
import { withoutUrn } from './scim-schema-rules.ts';
import { isObject, type Values } from './scim-value-rules.ts';

export interface Projection {
  /** Whether an attribute is shown at all, and worth reading. */
  shows(name: string): boolean;
  of(resource: Values): Values;
}
export interface Wanted {
  readonly attributes: readonly string[] | undefined;
  readonly excludedAttributes: readonly string[] | undefined;
}

const always = ['id', 'schemas'];
const mostNames = 100;

export function createProjection({ attributes, excludedAttributes }: Wanted): Projection {
  if ((attributes?.length ?? 0) > mostNames || (excludedAttributes?.length ?? 0) > mostNames)
    throw badRequest('tooMany', `At most ${mostNames} attributes can be named.`);
  // They exclude one another; what is asked for counts.
  if (attributes !== undefined && attributes.length > 0) return including(namesOf(attributes));
  return excluding(namesOf(excludedAttributes ?? []));
}

/** Attributes in lower case, each with the parts that were named; empty: the whole. */
type Names = ReadonlyMap<string, ReadonlySet<string>>;

function namesOf(texts: readonly string[]): Names {
  const names = new Map<string, Set<string>>();
  for (const text of texts) {
    const [name = '', sub] = withoutUrn(text.trim()).name.toLowerCase().split('.');
    const subs = names.get(name);
    if (sub === undefined) names.set(name, new Set());
    else if (subs === undefined) names.set(name, new Set([sub]));
    else if (subs.size > 0) subs.add(sub);
  }
  return names;
}

const including = (names: Names): Projection => {
  const shows = (name: string): boolean => always.includes(name) || names.has(name.toLowerCase());
  const keep = (name: string, value: unknown): unknown => {
    const subs = names.get(name.toLowerCase());
    return subs === undefined || subs.size === 0 ? value : parts(value, (sub) => subs.has(sub.toLowerCase()));
  };
  return { shows, of: (resource) => mapped(resource, shows, keep) };
};

const excluding = (names: Names): Projection => {
  const shows = (name: string): boolean => always.includes(name) || names.get(name.toLowerCase())?.size !== 0;
  const keep = (name: string, value: unknown): unknown => {
    const subs = names.get(name.toLowerCase());
    return subs === undefined || always.includes(name) ? value : parts(value, (sub) => !subs.has(sub.toLowerCase()));
  };
  return { shows, of: (resource) => mapped(resource, shows, keep) };
};

const mapped = (resource: Values, shows: (name: string) => boolean, keep: (name: string, value: unknown) => unknown): Values =>
  Object.fromEntries(
    Object.entries(resource)
      .filter(([name]) => shows(name))
      .map(([name, value]) => [name, keep(name, value)]),
  );

function parts(value: unknown, isKept: (sub: string) => boolean): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => parts(each, isKept));
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([sub]) => isKept(sub))) : value;
}
