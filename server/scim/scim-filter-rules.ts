/** Whether a resource is one of those that a filter asks for (RFC 7644 §3.4.2.2), and which of a filter's conditions can be looked up. */
import { badRequest } from './scim-error-rules.ts';
import type { AttributeName, Comparison, Filter, FilterValue } from './scim-filter-syntax-rules.ts';
import { attributeOf, isOwnUrn, subAttributeOf, type Attribute, type ResourceSchema } from './scim-schema-rules.ts';

/** Takes the answer of `compile`, so that a filter that names nothing known fails before anything is read. */
export type Matches = (resource: Readonly<Record<string, unknown>>) => boolean;

type Test = (value: unknown) => boolean;

export function compileFilter(filter: Filter, schema: ResourceSchema): Matches {
  return compile(filter, (name) => attributeIn(schema, name));
}

/** Of one value of a multi-valued attribute: `type eq "work"`. */
export const compileWithin = (filter: Filter, attribute: Attribute): Matches =>
  compile(filter, ({ urn, name, sub }) => {
    const found = urn === undefined && sub === undefined ? subAttributeOf(attribute, name) : undefined;
    if (found === undefined) throw unknownAttribute(name);
    return { attribute: found, sub: undefined };
  });

interface Resolved {
  readonly attribute: Attribute;
  readonly sub: Attribute | undefined;
}
type Resolve = (name: AttributeName) => Resolved;

function compile(filter: Filter, resolve: Resolve): Matches {
  switch (filter.kind) {
    case 'and': {
      const [left, right] = [compile(filter.left, resolve), compile(filter.right, resolve)];
      return (resource) => left(resource) && right(resource);
    }
    case 'or': {
      const [left, right] = [compile(filter.left, resolve), compile(filter.right, resolve)];
      return (resource) => left(resource) || right(resource);
    }
    case 'not': {
      const matches = compile(filter.filter, resolve);
      return (resource) => !matches(resource);
    }
    case 'present': {
      const target = resolve(filter.attribute);
      return (resource) => valuesAt(resource, target).some(isThere);
    }
    case 'compare': {
      const target = resolve(filter.attribute);
      const { attribute, sub } = target;
      // A list of addresses is compared by their `value` (RFC 7644 §3.4.2.2, table 3's note).
      const leaf = sub ?? (attribute.type === 'complex' ? subAttributeOf(attribute, 'value') : attribute);
      if (leaf === undefined) throw badRequest('invalidFilter', `${attribute.name} has parts; name one of them.`);
      return compare(filter.comparison, filter.value, leaf, (resource) =>
        valuesAt(resource, { attribute, sub: sub ?? (leaf === attribute ? undefined : leaf) }),
      );
    }
    case 'within': {
      const { attribute, sub } = resolve(filter.attribute);
      if (sub !== undefined || attribute.type !== 'complex')
        throw badRequest('invalidFilter', `${attribute.name} has no parts to filter by.`);
      const matches = compileWithin(filter.filter, attribute);
      return (resource) => valuesAt(resource, { attribute, sub: undefined }).some((value) => isObject(value) && matches(value));
    }
  }
}

function attributeIn(schema: ResourceSchema, { urn, name, sub }: AttributeName): Resolved {
  const attribute = isOwnUrn(schema, urn) ? attributeOf(schema, name) : undefined;
  if (attribute === undefined) throw unknownAttribute(name);
  if (sub === undefined) return { attribute, sub: undefined };
  const found = subAttributeOf(attribute, sub);
  if (found === undefined) throw unknownAttribute(`${name}.${sub}`);
  return { attribute, sub: found };
}

const unknownAttribute = (name: string) => badRequest('invalidFilter', `There is no attribute ${name} to filter by. See /Schemas.`);

function valuesAt(resource: Readonly<Record<string, unknown>>, { attribute, sub }: Resolved): unknown[] {
  const values = listOf(resource[attribute.name]);
  return sub === undefined ? values : values.flatMap((value) => (isObject(value) ? listOf(value[sub.name]) : []));
}
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isThere = (value: unknown): boolean => value !== '' && !(isObject(value) && Object.keys(value).length === 0);

function compare(
  comparison: Comparison,
  wanted: FilterValue,
  leaf: Attribute,
  valuesOf: (resource: Readonly<Record<string, unknown>>) => unknown[],
): Matches {
  if (comparison === 'ne') {
    const equals = compare('eq', wanted, leaf, valuesOf);
    return (resource) => !equals(resource);
  }
  if (wanted === null) {
    if (comparison !== 'eq') throw badRequest('invalidFilter', 'null can be compared by eq and ne alone.');
    return (resource) => !valuesOf(resource).some(isThere);
  }
  const test = testOf(comparison, wanted, leaf);
  return (resource) => valuesOf(resource).some(test);
}

function testOf(comparison: Exclude<Comparison, 'ne'>, wanted: Exclude<FilterValue, null>, leaf: Attribute): Test {
  if (leaf.type === 'boolean') {
    // Written as text by some.
    const flag = typeof wanted === 'string' ? flags.get(wanted.toLowerCase()) : wanted;
    if (comparison !== 'eq' || typeof flag !== 'boolean')
      throw badRequest('invalidFilter', `${leaf.name} is true or false, and compared by eq and ne alone.`);
    return (value) => value === flag;
  }
  if (typeof wanted !== 'string') throw badRequest('invalidFilter', `${leaf.name} is compared with text, in double quotes.`);
  const ordered = leaf.type === 'dateTime' ? timeOf(wanted) : undefined;
  if (ordered !== undefined && ['gt', 'ge', 'lt', 'le', 'eq'].includes(comparison))
    return (value) => typeof value === 'string' && isInOrder(comparison, Date.parse(value), ordered);
  const fold = (text: string): string => (leaf.caseExact === true ? text : text.normalize('NFKC').toLowerCase());
  const other = fold(wanted);
  return (value) => typeof value === 'string' && textTest(comparison, fold(value), other);
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw badRequest('invalidFilter', 'A time is written as 2026-01-31T12:00:00Z.');
  return time;
}

function textTest(comparison: Exclude<Comparison, 'ne'>, value: string, wanted: string): boolean {
  switch (comparison) {
    case 'co':
      return value.includes(wanted);
    case 'sw':
      return value.startsWith(wanted);
    case 'ew':
      return value.endsWith(wanted);
    default:
      return isInOrder(comparison, value, wanted);
  }
}

function isInOrder<Value extends string | number>(comparison: Comparison, value: Value, wanted: Value): boolean {
  if (value === wanted) return comparison === 'eq' || comparison === 'ge' || comparison === 'le';
  return value > wanted ? comparison === 'gt' || comparison === 'ge' : comparison === 'lt' || comparison === 'le';
}

/** The conditions that all have to hold, as far as they are `attribute eq "text"`: any of them may be looked up first. */
export function requiredEqualities(filter: Filter, schema: ResourceSchema): ReadonlyMap<string, string> {
  if (filter.kind === 'and') return new Map([...requiredEqualities(filter.left, schema), ...requiredEqualities(filter.right, schema)]);
  if (filter.kind !== 'compare' || filter.comparison !== 'eq' || typeof filter.value !== 'string') return new Map();
  const { attribute, sub } = attributeIn(schema, filter.attribute);
  return sub === undefined && attribute.type === 'string' ? new Map([[attribute.name, filter.value]]) : new Map();
}

/** Whether a filter asks about an attribute, which is then worth reading. */
export function asksAbout(filter: Filter, name: string): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return asksAbout(filter.left, name) || asksAbout(filter.right, name);
    case 'not':
      return asksAbout(filter.filter, name);
    case 'present':
    case 'compare':
    case 'within':
      return filter.attribute.name.toLowerCase() === name;
  }
}
