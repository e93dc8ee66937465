/** Reads what a directory sends into the attributes we keep, in our spelling, within bounds; names are taken in any case (RFC 7643 §2.1). */
import { badRequest } from './scim-error-rules.ts';
import { attributeOf, isOwnUrn, subAttributeOf, withoutUrn, type Attribute, type ResourceSchema } from './scim-schema-rules.ts';

export type Values = Readonly<Record<string, unknown>>;

const longestText = 1000;
const mostValues = 100;

export const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of a whole resource: what cannot be written by clients, is dropped, or known to nobody is left out (RFC 7644 §3.3, §3.5.1). */
export function readResource(body: unknown, schema: ResourceSchema): Record<string, unknown> {
  if (!isObject(body)) throw badRequest('invalidSyntax', 'The body must be a JSON object.');
  const read: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) {
    const { urn, name } = withoutUrn(key);
    const attribute = isOwnUrn(schema, urn) ? attributeOf(schema, name) : undefined;
    if (attribute === undefined || attribute.mutability === 'readOnly') continue;
    const kept = readAttribute(attribute, value);
    if (kept !== undefined) read[attribute.name] = kept;
  }
  return read;
}

/** Undefined: no value (null, an empty list; RFC 7643 §2.5). */
export function readAttribute(attribute: Attribute, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (attribute.multiValued !== true) return readOne(attribute, value);
  const values = (Array.isArray(value) ? value : [value]).map((each: unknown) => readOne(attribute, each));
  if (attribute.name !== 'members' && values.length > mostValues)
    throw badRequest('tooMany', `${attribute.name}: at most ${mostValues} values are kept.`);
  return values.length === 0 ? undefined : values;
}

export function readOne(attribute: Attribute, value: unknown): unknown {
  switch (attribute.type) {
    case 'boolean':
      return readFlag(attribute, value);
    case 'complex':
      return readParts(attribute, value);
    case 'string':
    case 'reference':
    case 'dateTime':
      return readText(attribute, value);
  }
}

/** Entra writes `"False"`. */
function readFlag({ name }: Attribute, value: unknown): boolean {
  const flag = typeof value === 'string' ? value.toLowerCase() : value;
  if (flag === true || flag === 'true') return true;
  if (flag === false || flag === 'false') return false;
  throw badRequest('invalidValue', `${name} must be true or false.`);
}

/** No control characters, which could move a terminal or hide a name in a table. */
function readText({ name, maximum = longestText, canonicalValues }: Attribute, value: unknown): string {
  if (typeof value !== 'string') throw badRequest('invalidValue', `${name} must be text.`);
  if (value.length > maximum || /\p{C}/u.test(value))
    throw badRequest('invalidValue', `${name} must have at most ${maximum} letters, and no control characters.`);
  // Canonical values are a proposal (RFC 7643 §7), in any case.
  return canonicalValues?.find((canonical) => canonical.toLowerCase() === value.toLowerCase()) ?? value;
}

function readParts(attribute: Attribute, value: unknown): Values {
  // A plain text stands for the value (RFC 7643 §2.4).
  const given = typeof value === 'string' ? { value } : value;
  if (!isObject(given)) throw badRequest('invalidValue', `${attribute.name} must be an object, or a list of objects.`);
  const read: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(given)) {
    const sub = subAttributeOf(attribute, key);
    const kept = sub === undefined || part === null || part === undefined ? undefined : readOne(sub, part);
    if (sub !== undefined && kept !== undefined) read[sub.name] = kept;
  }
  return read;
}
