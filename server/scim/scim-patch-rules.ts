/**
 * What a PATCH makes of a resource (RFC 7644 §3.5.2), as directories really send it: operations in any case (Entra: `Replace`), values without a
 * path whose keys are paths, flags as text, URNs before names.
 */
import { badRequest } from './scim-error-rules.ts';
import { parsePath, type Filter, type Path } from './scim-filter-syntax-rules.ts';
import { compileWithin } from './scim-filter-rules.ts';
import { attributeOf, isOwnUrn, subAttributeOf, type Attribute, type ResourceSchema } from './scim-schema-rules.ts';
import { isObject, readAttribute, readOne, type Values } from './scim-value-rules.ts';

export type Op = 'add' | 'replace' | 'remove';
/** One operation at one place. */
export interface Step {
  readonly op: Op;
  readonly attribute: Attribute;
  readonly sub: Attribute | undefined;
  readonly filter: Filter | undefined;
  readonly value: unknown;
}

const mostOperations = 1000;
const longestPath = 1000;

/** The operations of a request, each at a place we keep something at. Throws for what cannot be written or is known to nobody. */
export function readPatch(body: unknown, schema: ResourceSchema, id: string): Step[] {
  const operations = isObject(body) ? Object.entries(body).find(([key]) => key.toLowerCase() === 'operations')?.[1] : undefined;
  if (!Array.isArray(operations) || operations.length === 0)
    throw badRequest('invalidSyntax', 'A PATCH has a list "Operations" (RFC 7644 §3.5.2).');
  if (operations.length > mostOperations) throw badRequest('tooMany', `At most ${mostOperations} operations at a time.`);
  return operations.flatMap((operation: unknown) => readOperation(operation, schema, id));
}

function readOperation(operation: unknown, schema: ResourceSchema, id: string): Step[] {
  if (!isObject(operation)) throw badRequest('invalidSyntax', 'An operation must be an object.');
  const op = readOp(operation['op']);
  const { path, value } = operation;
  if (path !== undefined && path !== null && path !== '') {
    if (typeof path !== 'string') throw badRequest('invalidPath', 'A path is text.');
    return stepAt({ op, path, value }, schema, 'named');
  }
  if (op === 'remove') throw badRequest('noTarget', 'A remove needs a path.');
  if (!isObject(value)) throw badRequest('invalidValue', 'Without a path the value must be an object.');
  return Object.entries(value).flatMap(([key, part]) => {
    // Okta sends a group's own id along with its new name.
    if (key === 'id' && part !== id) throw badRequest('mutability', 'id is read-only.');
    return stepAt({ op, path: key, value: part }, schema, 'within a value');
  });
}

function readOp(text: unknown): Op {
  const op = typeof text === 'string' ? text.toLowerCase() : '';
  if (op === 'add' || op === 'replace' || op === 'remove') return op;
  throw badRequest('invalidSyntax', 'op must be add, replace or remove.');
}

/** None where nothing is kept. What is read-only or unknown is passed over within a value, as in a whole resource, and refused by name. */
function stepAt(
  { op, path, value }: { readonly op: Op; readonly path: string; readonly value: unknown },
  schema: ResourceSchema,
  place: 'named' | 'within a value',
): Step[] {
  if (path.length > longestPath) throw badRequest('invalidPath', `A path has at most ${longestPath} letters.`);
  if (isOfExtension(path, schema)) return [];
  const parsed = parsePath(path);
  const attribute = attributeOf(schema, parsed.name);
  if (schema.dropped.has(parsed.name.toLowerCase())) return [];
  if (attribute === undefined || attribute.mutability === 'readOnly') {
    if (place === 'within a value') return [];
    throw attribute === undefined
      ? badRequest('invalidPath', `There is no attribute ${parsed.name}. See /Schemas.`)
      : badRequest('mutability', `${attribute.name} is read-only.`);
  }
  return [{ op, attribute, ...partOf(parsed, attribute), value }];
}

/** `urn:…:enterprise:2.0:User:department`: of an extension, of which nothing is kept. */
function isOfExtension(path: string, schema: ResourceSchema): boolean {
  const [, urn] = /^(urn:[\w.:-]+)(?::[A-Za-z$][\w$.-]*)(?:\[|\.|$)/.exec(path) ?? [];
  return urn !== undefined && !isOwnUrn(schema, urn.toLowerCase()) && path.toLowerCase() !== schema.id.toLowerCase();
}

function partOf({ sub, filter }: Path, attribute: Attribute): Pick<Step, 'sub' | 'filter'> {
  const part = sub === undefined ? undefined : subAttributeOf(attribute, sub);
  if (sub !== undefined && part === undefined) throw badRequest('invalidPath', `${attribute.name} has no part ${sub}.`);
  if (filter !== undefined && (attribute.multiValued !== true || attribute.type !== 'complex'))
    throw badRequest('invalidPath', `${attribute.name} has one value; no filter belongs behind it.`);
  return { sub: part, filter };
}

export const applyPatch = (resource: Values, steps: readonly Step[]): Values => steps.reduce(applyStep, resource);

function applyStep(resource: Values, step: Step): Values {
  const { op, attribute, sub } = step;
  if (op === 'remove' && attribute.required === true && sub === undefined)
    throw badRequest('mutability', `${attribute.name} is required and cannot be removed.`);
  const before = resource[attribute.name];
  const after = attribute.multiValued === true ? changedList(listOf(before), step) : changedOne(before, step);
  const { [attribute.name]: _, ...rest } = resource;
  const isGone =
    after === undefined || (Array.isArray(after) && after.length === 0) || (isObject(after) && Object.keys(after).length === 0);
  if (isGone && attribute.required === true) throw badRequest('invalidValue', `${attribute.name} is required.`);
  return isGone ? rest : { ...rest, [attribute.name]: after };
}

function changedOne(before: unknown, { op, attribute, sub, value }: Step): unknown {
  const parts = isObject(before) ? before : {};
  if (sub !== undefined) return withPart(parts, sub, op === 'remove' ? undefined : value);
  if (op === 'remove') return undefined;
  const given = readAttribute(attribute, value);
  // Parts that are not named stay (RFC 7644 §3.5.2.1, §3.5.2.3).
  return isObject(given) ? { ...parts, ...given } : given;
}

function withPart(parts: Values, sub: Attribute, value: unknown): Values {
  const { [sub.name]: _, ...rest } = parts;
  return value === undefined || value === null ? rest : { ...rest, [sub.name]: readOne(sub, value) };
}

function changedList(before: readonly Values[], step: Step): readonly Values[] {
  const { op, attribute, sub, filter, value } = step;
  if (filter !== undefined) return changedMatches(before, step, filter);
  if (sub !== undefined) return before.map((each) => withPart(each, sub, op === 'remove' ? undefined : value));
  const given = listOf(readAttribute(attribute, value));
  switch (op) {
    case 'add':
      return onePrimary([...before, ...given.filter((each) => !before.some((other) => isSame(each, other)))], given);
    case 'replace':
      return onePrimary(given, given);
    case 'remove':
      // Entra names the values beside the path.
      return given.length === 0 ? [] : before.filter((each) => !given.some((other) => other['value'] === each['value']));
  }
}

function changedMatches(before: readonly Values[], { op, attribute, sub, value }: Step, filter: Filter): readonly Values[] {
  const matches = compileWithin(filter, attribute);
  if (op === 'remove' && sub === undefined) return before.filter((each) => !matches(each));
  const change = (each: Values): Values =>
    sub === undefined ? { ...each, ...asParts(attribute, value) } : withPart(each, sub, op === 'remove' ? undefined : value);
  const changed = before.filter(matches).map(change);
  if (changed.length > 0)
    return onePrimary(
      before.map((each) => (matches(each) ? change(each) : each)),
      changed,
    );
  if (op === 'remove') return before;
  const added = change(described(filter, attribute));
  return onePrimary([...before, added], [added]);
}

function asParts(attribute: Attribute, value: unknown): Values {
  const read = readOne(attribute, Array.isArray(value) && value.length === 1 ? value[0] : value);
  return isObject(read) ? read : {};
}

/** The value that a filter describes, made when there is none: Entra sets `emails[type eq "work"].value` of people without one. */
function described(filter: Filter, attribute: Attribute): Values {
  if (filter.kind === 'and') return { ...described(filter.left, attribute), ...described(filter.right, attribute) };
  const sub = filter.kind === 'compare' && filter.comparison === 'eq' ? subAttributeOf(attribute, filter.attribute.name) : undefined;
  if (filter.kind !== 'compare' || sub === undefined) throw badRequest('noTarget', `No value of ${attribute.name} is as the filter says.`);
  return { [sub.name]: readOne(sub, filter.value) };
}

/** A new primary value takes the place of the old one (RFC 7644 §3.5.2). */
function onePrimary(values: readonly Values[], given: readonly Values[]): readonly Values[] {
  const primary = given.findLast((each) => each['primary'] === true);
  if (primary === undefined) return values;
  return values.map((each) => (each['primary'] === true && !isSame(each, primary) ? { ...each, primary: false } : each));
}

const listOf = (value: unknown): readonly Values[] => (Array.isArray(value) ? value.filter(isObject) : []);
const isSame = (one: Values, other: Values): boolean => {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => one[key] === other[key]);
};
