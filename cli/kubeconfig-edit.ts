/**
 * Edits the text of a kubeconfig. Only the byte ranges of the named entries are replaced, added or taken out; everything else stays as it
 * is, whatever its shape: comments, order, unknown fields, anchors, CRLF, flow style, JSON. Every edit is checked by reading the result
 * again; a shape that cannot be edited safely is refused, and then nothing is written. Pure: text in, text out.
 */
import { isMap, isSeq, parse, parseAllDocuments, type Document } from 'yaml';
import { isDeepStrictEqual } from 'node:util';
import { CliError } from './failure.ts';
import { countOf, nameOf, pairOf, type ParsedMap } from './kubeconfig-syntax.ts';
import { planSection, planScalar, sections, type Entry, type Placement, type Section, type Splice } from './kubeconfig-splices.ts';

export interface KubeconfigEdit {
  /** By section, entries to stand there under their names; `undefined` takes one out. */
  readonly entries: Readonly<Record<Section, ReadonlyMap<string, Entry | undefined>>>;
  /** Undefined: stays. Empty: none. */
  readonly currentContext: string | undefined;
}

export type KubeconfigValue = Readonly<Record<string, unknown>>;

const skeleton = ['apiVersion: v1', 'kind: Config', 'clusters: []', 'contexts: []', 'current-context: ""', 'users: []', ''];

export function editKubeconfig(text: string, edit: KubeconfigEdit): string {
  const source = withContent(text);
  const before = parseKubeconfig(source);
  for (const placement of ['last', 'first'] as const) {
    const after = apply(source, planEdit(source, before, { edit, placement }));
    if (after === source) return text;
    if (isSound(valueOf(before), after, edit)) return after;
  }
  throw unsuited('it is written in a way that cannot be edited without touching what is not ours');
}

/** The kubeconfig as a value; throws when it is not one document with a map. */
export function readKubeconfigValue(text: string): KubeconfigValue {
  return isBlank(text) ? {} : valueOf(parseKubeconfig(text));
}

/** The entries of a section as values. */
export function entriesOf(value: KubeconfigValue, section: Section): Entry[] {
  const list = value[section];
  if (!Array.isArray(list)) return [];
  return (list as readonly unknown[]).filter(
    (each): each is Entry => typeof each === 'object' && each !== null && 'name' in each && typeof each.name === 'string',
  );
}

const unsuited = (why: string): CliError =>
  new CliError('failed', `the kubeconfig was left alone: ${why}; mend it, or let KUBECONFIG begin with another file`);

/** No content: nothing at all, or comments alone. */
const isBlank = (text: string): boolean => /^\uFEFF?(?:[ \t]*(?:#.*|---[ \t]*)?\r?(?:\n|$))*$/.test(text);

/** What has no keys yet gets those that every kubeconfig has. */
function withContent(text: string): string {
  if (text.trim() === '{}') return `${JSON.stringify(parse(skeleton.join('\n')), null, 2)}\n`;
  if (!isBlank(text)) return text;
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n';
  return text + (text === '' || text.endsWith('\n') ? '' : lineBreak) + skeleton.join(lineBreak);
}

type Parsed = Document & { contents: ParsedMap };

function parseKubeconfig(text: string): Parsed {
  const documents = parseAllDocuments(text, { keepSourceTokens: true, merge: true, uniqueKeys: false, logLevel: 'silent' });
  const document = documents[0];
  if (!Array.isArray(documents) || document === undefined) throw unsuited('it has no content');
  if (documents.length > 1) throw unsuited('it holds several documents');
  const [error] = document.errors;
  if (error !== undefined) throw unsuited(`it cannot be read (line ${error.linePos?.[0].line ?? '?'}: ${error.code})`);
  if (!isMap(document.contents)) throw unsuited('it is no map of keys and values');
  for (const key of [...sections, 'current-context'])
    if (countOf(document.contents, key) > 1) throw unsuited(`it has the key ${key} twice`);
  return document as unknown as Parsed;
}

const valueOf = (document: Document): KubeconfigValue => document.toJS() as KubeconfigValue;

interface Plan {
  readonly edit: KubeconfigEdit;
  readonly placement: Placement;
}

function planEdit(text: string, document: Parsed, { edit, placement }: Plan): Splice[] {
  const place = { text, map: document.contents, placement };
  const before = valueOf(document);
  const splices = sections.flatMap((section) => {
    const value = pairOf(document.contents, section)?.value;
    const names = isSeq(value) ? value.items.map((item) => nameOf(item, document)) : [];
    const changes = new Map(
      [...edit.entries[section]].filter(([name, entry]) => !isDeepStrictEqual(present(before, section, name), entry)),
    );
    return planSection(place, section, { names, changes });
  });
  const current = before['current-context'] ?? '';
  if (edit.currentContext !== undefined && edit.currentContext !== current)
    splices.push(...planScalar(place, 'current-context', edit.currentContext));
  return splices;
}

const present = (value: KubeconfigValue, section: Section, name: string): Entry | undefined =>
  entriesOf(value, section).find((entry) => entry.name === name);

/** At one place, what was planned first stands first. */
function apply(text: string, splices: readonly Splice[]): string {
  let result = '';
  let position = 0;
  for (const splice of splices.toSorted((left, right) => left.start - right.start || left.end - right.end)) {
    if (splice.start < position) throw unsuited('its entries overlap');
    result += text.slice(position, splice.start) + splice.text;
    position = splice.end;
  }
  return result + text.slice(position);
}

/** What is not ours says the same as before, what is ours says what was wanted. */
function isSound(before: KubeconfigValue, after: string, edit: KubeconfigEdit): boolean {
  let value: KubeconfigValue;
  try {
    value = valueOf(parseKubeconfig(after));
  } catch {
    return false;
  }
  return isDeepStrictEqual(foreign(before, edit), foreign(value, edit)) && isAsWanted(value, edit);
}

function foreign(value: KubeconfigValue, edit: KubeconfigEdit): unknown {
  const rest = Object.entries(value).filter(([key]) => !(sections as readonly string[]).includes(key) && key !== 'current-context');
  const lists = sections.map((section) => {
    const list = value[section];
    return Array.isArray(list) ? (list as readonly unknown[]).filter((each) => !isEdited(each, edit.entries[section])) : (list ?? []);
  });
  return [rest, lists, edit.currentContext === undefined ? value['current-context'] : ''];
}

const isEdited = (entry: unknown, entries: ReadonlyMap<string, Entry | undefined>): boolean =>
  typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string' && entries.has(entry.name);

function isAsWanted(value: KubeconfigValue, edit: KubeconfigEdit): boolean {
  const isThere = sections.every((section) =>
    [...edit.entries[section]].every(([name, wanted]) => isDeepStrictEqual(present(value, section, name), wanted)),
  );
  return isThere && (edit.currentContext === undefined || (value['current-context'] ?? '') === edit.currentContext);
}
