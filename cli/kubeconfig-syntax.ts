/** Where things stand in the text of a YAML or JSON document: what the kubeconfig editor needs to touch its own entries and nothing else. */
import { isAlias, isCollection, isMap, isScalar, isSeq, type Document, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';

export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ParsedMap = YAMLMap;
export type ParsedSeq = YAMLSeq;

export const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;

/** Just after the line break that ends the line, or the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end === -1 ? text.length : end + 1;
}

export const indentAt = (text: string, offset: number): string => /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';

/** Only white space stands before it on its line. */
export const beginsLine = (text: string, offset: number): boolean => text.slice(lineStart(text, offset), offset).trim() === '';

export const isFlow = (node: ParsedMap | ParsedSeq): boolean => node.flow === true;

export const pairOf = (map: ParsedMap, key: string): Pair | undefined =>
  map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);

export const countOf = (map: ParsedMap, key: string): number =>
  map.items.filter((pair) => isScalar(pair.key) && pair.key.value === key).length;

/** Offset just after the last character of what the node says, without what follows it on the line. */
export function contentEnd(node: unknown): number {
  if (isMap(node) && !isFlow(node)) {
    const last = node.items.at(-1);
    if (last !== undefined) return pairEnd(last);
  }
  if (isSeq(node) && !isFlow(node)) {
    const last = node.items.at(-1);
    if (last !== undefined) return Math.max(contentEnd(last), lastDash(node) + 1);
  }
  return rangeOf(node)[1];
}

/** A key without value ends with its colon. */
export function pairEnd(pair: Pair): number {
  if (!isEmptyNode(pair.value)) return contentEnd(pair.value);
  return colonEnd(pair);
}

/** Just after the colon of a pair: its key's source token and separator say where it is. */
export function colonEnd(pair: Pair): number {
  const separator = pair.srcToken?.sep?.find((token) => token.type === 'map-value-ind');
  return separator === undefined ? rangeOf(pair.key)[1] : separator.offset + 1;
}

/** `key:` with nothing after it; `null` and `~` are written out and not empty. */
export const isEmptyNode = (node: unknown): boolean =>
  node === null || node === undefined || (isScalar(node) && node.value === null && (node.source ?? '') === '');

export function rangeOf(node: unknown): readonly [number, number, number] {
  const range = (node as Node | null | undefined)?.range;
  if (range === null || range === undefined) throw new TypeError('a parsed node has a range');
  return range;
}

/** A block scalar ends behind its line break; everything else ends somewhere on a line. */
export function endOfItsLine(text: string, node: unknown, end: number): number {
  return endsWithBlockScalar(node) && text[end - 1] === '\n' ? end : lineEnd(text, end);
}

function endsWithBlockScalar(node: unknown): boolean {
  if (isScalar(node)) return node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  if (isMap(node) && !isFlow(node)) return endsWithBlockScalar(node.items.at(-1)?.value);
  if (isSeq(node) && !isFlow(node)) return endsWithBlockScalar(node.items.at(-1));
  return false;
}

/** Offsets of the dashes of a block sequence, one an item. */
export function dashes(seq: ParsedSeq): number[] {
  const token = seq.srcToken;
  if (token?.type !== 'block-seq') return [];
  return token.items.flatMap((item) => item.start.filter((each) => each.type === 'seq-item-ind').map((each) => each.offset));
}

const lastDash = (seq: ParsedSeq): number => dashes(seq).at(-1) ?? rangeOf(seq)[0];

/** The lines of one item of a block sequence. */
export function blockItemSpan(text: string, seq: ParsedSeq, index: number): Span {
  const dash = dashes(seq)[index] ?? rangeOf(seq)[0];
  const item = seq.items[index];
  const end = isEmptyNode(item) ? dash + 1 : contentEnd(item);
  return { start: lineStart(text, dash), end: endOfItsLine(text, item, end) };
}

/** `name` of an entry, aliases and merges resolved. */
export function nameOf(item: unknown, document: Document): string | undefined {
  if (!isCollection(item) && !isAlias(item)) return undefined;
  const value: unknown = item.toJS(document);
  if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
  return typeof value.name === 'string' ? value.name : undefined;
}
