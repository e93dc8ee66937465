/** Which pieces of a kubeconfig's text are replaced by what, for block style, flow style and JSON alike. */
import { isAlias, isSeq, stringify, type Pair } from 'yaml';
import { CliError } from './failure.ts';
import {
  beginsLine,
  blockItemSpan,
  colonEnd,
  contentEnd,
  dashes,
  endOfItsLine,
  indentAt,
  isEmptyNode,
  isFlow,
  lineEnd,
  lineStart,
  pairEnd,
  pairOf,
  rangeOf,
  type ParsedMap,
  type ParsedSeq,
  type Span,
} from './kubeconfig-syntax.ts';

export const sections = ['clusters', 'contexts', 'users'] as const;
export type Section = (typeof sections)[number];
export type Entry = Readonly<Record<string, unknown>> & { readonly name: string };

export interface Splice extends Span {
  readonly text: string;
}

/** Where something new goes: behind what is there, or before it when the end of the text does not allow that. */
export type Placement = 'last' | 'first';

export interface Place {
  readonly text: string;
  readonly map: ParsedMap;
  readonly placement: Placement;
}

export interface SectionChanges {
  /** Names of the items as they stand. */
  readonly names: readonly (string | undefined)[];
  readonly changes: ReadonlyMap<string, Entry | undefined>;
}

export function planSection(place: Place, section: Section, { names, changes }: SectionChanges): Splice[] {
  if (changes.size === 0) return [];
  const pair = pairOf(place.map, section);
  const added = [...changes].flatMap(([name, entry]) => (entry !== undefined && !names.includes(name) ? [entry] : []));
  if (pair === undefined) return added.length === 0 ? [] : [newPair(place, section, added)];
  const value = pair.value;
  if (isAlias(value)) throw new CliError('failed', `the kubeconfig was left alone: its ${section} are an alias; write them out`);
  if (!isSeq(value) || value.items.length === 0) return added.length === 0 ? [] : [fillEmpty(place, pair, added)];
  const plan = { seq: value, added, wanted: names.map((name) => wantedFor(name, changes)) };
  return isFlow(value) ? planFlow(place, plan) : planBlock(place, pair, plan);
}

/** `current-context` and its like. */
export function planScalar(place: Place, key: string, wanted: string): Splice[] {
  const pair = pairOf(place.map, key);
  const rendered = isFlow(place.map) ? JSON.stringify(wanted) : stringify(wanted, stringifyOptions).trimEnd();
  if (pair === undefined) return [newPair(place, key, wanted)];
  if (isEmptyNode(pair.value)) return [{ start: colonEnd(pair), end: colonEnd(pair), text: ` ${rendered}` }];
  return [{ start: rangeOf(pair.value)[0], end: rangeOf(pair.value)[1], text: rendered }];
}

type Wanted = { readonly kind: 'keep' } | { readonly kind: 'remove' } | { readonly kind: 'replace'; readonly entry: Entry };

function wantedFor(name: string | undefined, changes: SectionChanges['changes']): Wanted {
  if (name === undefined || !changes.has(name)) return { kind: 'keep' };
  const entry = changes.get(name);
  return entry === undefined ? { kind: 'remove' } : { kind: 'replace', entry };
}

interface SequencePlan {
  readonly seq: ParsedSeq;
  readonly wanted: readonly Wanted[];
  readonly added: readonly Entry[];
}

function planBlock({ text, placement }: Place, pair: Pair, { seq, wanted, added }: SequencePlan): Splice[] {
  const spans = seq.items.map((_, index) => blockItemSpan(text, seq, index));
  const indent = indentAt(text, dashes(seq)[0] ?? 0);
  const splices = spans.flatMap((span, index): Splice[] => {
    const each = wanted[index] ?? { kind: 'keep' };
    if (each.kind === 'keep') return [];
    return [{ ...span, text: each.kind === 'remove' ? '' : blockItems(text, [each.entry], indent) }];
  });
  if (added.length > 0) {
    const at = placement === 'first' ? spans[0]?.start : spans.at(-1)?.end;
    splices.push(insertion(text, at ?? text.length, blockItems(text, added, indent)));
  } else if (wanted.every((each) => each.kind === 'remove')) splices.push({ start: colonEnd(pair), end: colonEnd(pair), text: ' []' });
  return splices;
}

function planFlow({ text }: Place, { seq, wanted, added }: SequencePlan): Splice[] {
  if (wanted.every((each) => each.kind === 'remove')) {
    const [start, end] = rangeOf(seq);
    return [{ start, end, text: added.length === 0 ? '[]' : flowSequence(text, start, added) }];
  }
  const firstKept = wanted.findIndex((each) => each.kind !== 'remove');
  const splices = wanted.flatMap((each, index): Splice[] => {
    const [start, end] = rangeOf(seq.items[index]);
    if (each.kind === 'replace') return [{ start, end, text: flowItem(text, start, each.entry) }];
    if (each.kind === 'keep') return [];
    // With its comma: the one behind it for those at the head, the one before it for the others.
    if (index < firstKept) return [{ start, end: rangeOf(seq.items[index + 1])[0], text: '' }];
    return [{ start: rangeOf(seq.items[index - 1])[1], end, text: '' }];
  });
  const last = rangeOf(seq.items.at(-1));
  const before = beginsLine(text, last[0]) ? lineBreakOf(text) + indentAt(text, last[0]) : ' ';
  const more = added.map((entry) => `,${before}${flowItem(text, last[0], entry)}`).join('');
  if (more !== '') splices.push({ start: last[1], end: last[1], text: more });
  return splices;
}

/** A section that is there and holds nothing: `clusters:`, `clusters: null`, `clusters: []`. */
function fillEmpty({ text, map }: Place, pair: Pair, added: readonly Entry[]): Splice {
  const empty = isEmptyNode(pair.value);
  const [start, end] = empty ? [colonEnd(pair), colonEnd(pair)] : rangeOf(pair.value);
  if (isFlow(map)) return { start, end, text: (empty ? ' ' : '') + flowSequence(text, rangeOf(pair.key)[0], added) };
  const items = blockItems(text, added, indentAt(text, rangeOf(pair.key)[0]));
  // Only white space and a comment may follow on the line: they stay with the key.
  const behind = text.slice(end, lineEnd(text, end));
  const comment = behind.trimEnd();
  return { start: empty ? start : colonEnd(pair), end: end + behind.length, text: comment + lineBreakOf(text) + items };
}

function newPair({ text, map, placement }: Place, key: string, value: readonly Entry[] | string): Splice {
  const first = map.items[0];
  const last = map.items.at(-1);
  if (isFlow(map)) return newFlowPair(text, map, { key, value });
  if (first === undefined || last === undefined) throw new TypeError('a block map has a pair');
  const keyStart = rangeOf(first.key)[0];
  const indent = indentAt(text, keyStart);
  const rendered = indented(text, stringify({ [key]: value }, stringifyOptions), indent);
  if (placement === 'first') return { start: lineStart(text, keyStart), end: lineStart(text, keyStart), text: rendered };
  return insertion(text, endOfItsLine(text, last.value, pairEnd(last)), rendered);
}

function newFlowPair(text: string, map: ParsedMap, { key, value }: { key: string; value: readonly Entry[] | string }): Splice {
  const last = map.items.at(-1);
  if (last === undefined) throw new TypeError('an empty map was given its keys before');
  const keyStart = rangeOf(last.key)[0];
  const before = beginsLine(text, keyStart) ? lineBreakOf(text) + indentAt(text, keyStart) : ' ';
  const rendered = typeof value === 'string' ? JSON.stringify(value) : flowSequence(text, keyStart, value);
  const at = isEmptyNode(last.value) ? colonEnd(last) : contentEnd(last.value);
  return { start: at, end: at, text: `,${before}${JSON.stringify(key)}: ${rendered}` };
}

/** At the end of a text without final line break, the break comes first. */
function insertion(text: string, at: number, rendered: string): Splice {
  const missing = at > 0 && text[at - 1] !== '\n';
  return { start: at, end: at, text: (missing ? lineBreakOf(text) : '') + rendered };
}

/** YAML 1.1 reads `on` and `0o7` as something else than 1.2 does, and kubectl reads 1.1: what either could misread is quoted. */
const stringifyOptions = { version: '1.1', lineWidth: 0, indentSeq: false } as const;

const blockItems = (text: string, entries: readonly Entry[], indent: string): string =>
  indented(text, stringify(entries, stringifyOptions), indent);

function indented(text: string, rendered: string, indent: string): string {
  const lineBreak = lineBreakOf(text);
  return rendered
    .trimEnd()
    .split('\n')
    .map((line) => indent + line + lineBreak)
    .join('');
}

/** JSON in the manner of its surroundings: over several lines where those are, else on one. */
function flowItem(text: string, near: number, entry: Entry): string {
  if (!beginsLine(text, near)) return JSON.stringify(entry);
  return spread(text, JSON.stringify(entry, null, unitOf(text)), indentAt(text, near));
}

function flowSequence(text: string, near: number, entries: readonly Entry[]): string {
  const spansLines = text.slice(0, near).includes('\n');
  if (!spansLines) return JSON.stringify(entries);
  return spread(text, JSON.stringify(entries, null, unitOf(text)), indentAt(text, near));
}

const spread = (text: string, json: string, indent: string): string => json.replaceAll('\n', lineBreakOf(text) + indent);

/** The first indentation in the text. */
const unitOf = (text: string): string => /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';

const lineBreakOf = (text: string): string => (/\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n');
