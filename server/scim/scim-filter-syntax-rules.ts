/**
 * Reads filters and paths (RFC 7644 §3.4.2.2, §3.5.2, figure 1) into values, strictly and within bounds. What comes out names attributes and holds
 * values; nothing of the text itself goes on to a query.
 */
import { badRequest, type ScimType } from './scim-error-rules.ts';

export const comparisons = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
export type Comparison = (typeof comparisons)[number];
export type FilterValue = string | number | boolean | null;

/** As written; `sub` after a dot. */
export interface AttributeName {
  readonly urn: string | undefined;
  readonly name: string;
  readonly sub: string | undefined;
}
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly attribute: AttributeName }
  | { readonly kind: 'compare'; readonly attribute: AttributeName; readonly comparison: Comparison; readonly value: FilterValue }
  /** `emails[type eq "work"]`: one value for which all of it holds. */
  | { readonly kind: 'within'; readonly attribute: AttributeName; readonly filter: Filter };

export interface Path extends AttributeName {
  /** Which of several values. */
  readonly filter: Filter | undefined;
}

const longestFilter = 2000;
const mostTokens = 400;
const deepest = 20;

export function parseFilter(text: string): Filter {
  const reader = createReader(text, 'invalidFilter');
  const filter = readOr(reader, 0);
  reader.end();
  return filter;
}

/** `members[value eq "usr_…"]`, `emails[type eq "work"].value`, `name.givenName`, `urn:…:User:active`. */
export function parsePath(text: string): Path {
  const reader = createReader(text, 'invalidPath');
  const attribute = readAttribute(reader);
  const filter = reader.take('[') ? readWithin(reader, 0) : undefined;
  const sub = filter === undefined ? undefined : reader.takeSub();
  reader.end();
  if (sub !== undefined && attribute.sub !== undefined) throw reader.fault();
  return { ...attribute, sub: sub ?? attribute.sub, filter };
}

function readOr(reader: Reader, depth: number): Filter {
  let left = readAnd(reader, depth);
  while (reader.takeWord('or')) left = { kind: 'or', left, right: readAnd(reader, depth) };
  return left;
}

function readAnd(reader: Reader, depth: number): Filter {
  let left = readOne(reader, depth);
  while (reader.takeWord('and')) left = { kind: 'and', left, right: readOne(reader, depth) };
  return left;
}

function readOne(reader: Reader, depth: number): Filter {
  if (depth > deepest) throw reader.fault();
  if (reader.peekIsNot()) {
    reader.takeWord('not');
    reader.expect('(');
    return { kind: 'not', filter: readGroup(reader, depth) };
  }
  if (reader.take('(')) return readGroup(reader, depth);
  const attribute = readAttribute(reader);
  return reader.take('[') ? readRestOfWithin(reader, attribute, readWithin(reader, depth)) : readTest(reader, attribute);
}

const readTest = (reader: Reader, attribute: AttributeName): Filter =>
  reader.takeWord('pr')
    ? { kind: 'present', attribute }
    : { kind: 'compare', attribute, comparison: reader.comparison(), value: reader.value() };

/** Microsoft Entra asks `emails[type eq "work"].value eq "…"`, which the grammar has in paths alone: one value for which both hold. */
function readRestOfWithin(reader: Reader, attribute: AttributeName, filter: Filter): Filter {
  const sub = reader.takeSub();
  if (sub === undefined) return { kind: 'within', attribute, filter };
  const test = readTest(reader, { urn: undefined, name: sub, sub: undefined });
  return { kind: 'within', attribute, filter: { kind: 'and', left: filter, right: test } };
}

function readGroup(reader: Reader, depth: number): Filter {
  const filter = readOr(reader, depth + 1);
  reader.expect(')');
  return filter;
}

function readWithin(reader: Reader, depth: number): Filter {
  const filter = readOr(reader, depth + 1);
  reader.expect(']');
  return filter;
}

function readAttribute(reader: Reader): AttributeName {
  const word = reader.word();
  const [, urn, name = '', sub] = /^(?:(urn:[\w.:-]+):)?([A-Za-z$][\w$-]*)(?:\.([A-Za-z$][\w$-]*))?$/.exec(word) ?? [];
  if (name === '') throw reader.fault();
  return { urn: urn?.toLowerCase(), name, sub };
}

type Token = { readonly kind: 'word' | 'string' | 'number' | 'sign' | 'sub'; readonly text: string };
interface Reader {
  word(): string;
  /** A keyword, in any case. */
  takeWord(keyword: string): boolean;
  peekIsNot(): boolean;
  take(sign: string): boolean;
  takeSub(): string | undefined;
  expect(sign: string): void;
  comparison(): Comparison;
  value(): FilterValue;
  end(): void;
  fault(): Error;
}

function createReader(text: string, scimType: ScimType): Reader {
  const tokens = tokensOf(text, scimType);
  let next = 0;
  const fault = (): Error => badRequest(scimType, `The ${scimType === 'invalidPath' ? 'path' : 'filter'} is none (RFC 7644 §3.4.2.2).`);
  const isAt = (kind: Token['kind'], wanted: string): boolean => {
    const token = tokens[next];
    return token?.kind === kind && (kind === 'word' ? token.text.toLowerCase() : token.text) === wanted;
  };
  const takeIf = (matches: boolean): boolean => {
    if (matches) next += 1;
    return matches;
  };
  const taken = (...kinds: readonly Token['kind'][]): Token => {
    const token = tokens[next];
    if (token === undefined || !kinds.includes(token.kind)) throw fault();
    next += 1;
    return token;
  };
  return {
    word: () => taken('word').text,
    takeWord: (keyword) => takeIf(isAt('word', keyword)),
    peekIsNot: () => isAt('word', 'not') && tokens[next + 1]?.text === '(' && tokens[next + 1]?.kind === 'sign',
    take: (sign) => takeIf(isAt('sign', sign)),
    takeSub: () => (tokens[next]?.kind === 'sub' ? taken('sub').text.slice(1) : undefined),
    expect: (sign) => {
      if (!takeIf(isAt('sign', sign))) throw fault();
    },
    comparison: () => {
      const word = taken('word').text.toLowerCase();
      const found = comparisons.find((comparison) => comparison === word);
      if (found === undefined) throw fault();
      return found;
    },
    value: () => {
      const { kind, text: written } = taken('string', 'number', 'word');
      // The tokens of these two kinds are JSON's texts and numbers.
      if (kind !== 'word') return JSON.parse(written) as string | number;
      const literal = literals.get(written.toLowerCase());
      if (literal === undefined) throw fault();
      return literal;
    },
    end: () => {
      if (next !== tokens.length) throw fault();
    },
    fault,
  };
}

const literals: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** One of each kind of token at a place; strings and numbers are JSON's. */
const patterns: readonly (readonly [kind: Token['kind'] | 'space', pattern: RegExp])[] = [
  ['space', / +/y],
  ['string', /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy],
  ['number', /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y],
  ['word', /[A-Za-z$][\w$.:-]*/y],
  ['sub', /\.[A-Za-z$][\w$-]*/y],
  ['sign', /[()[\]]/y],
];

function tokensOf(text: string, scimType: ScimType): Token[] {
  if (text.length > longestFilter) throw badRequest(scimType, `A filter or path has at most ${longestFilter} letters.`);
  const tokens: Token[] = [];
  let place = 0;
  while (place < text.length) {
    const found = tokenAt(text, place);
    if (found === undefined || tokens.length === mostTokens)
      throw badRequest(scimType, `At letter ${place + 1} there is something that belongs into no filter, or the filter is too long.`);
    place += found.text.length;
    if (found.kind !== 'space') tokens.push({ kind: found.kind, text: found.text });
  }
  return tokens;
}

function tokenAt(text: string, place: number): { readonly kind: Token['kind'] | 'space'; readonly text: string } | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = place;
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return { kind, text: found };
  }
  return undefined;
}
