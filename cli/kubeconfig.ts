/**
 * The person's kubeconfig: finds it, locks it as kubectl does, changes our entries in it and nothing else, and replaces it atomically. Does
 * not know how texts are edited (kubeconfig-edit) nor what our entries say (kubeconfig-entries).
 */
import { chownSync, closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, statSync, type Stats } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../shared/clock.ts';
import { writeFileAtomically } from './atomic-file.ts';
import type { Environment } from './environment.ts';
import { CliError, errorCode } from './failure.ts';
import { editKubeconfig, entriesOf, readKubeconfigValue, type KubeconfigEdit } from './kubeconfig-edit.ts';
import {
  clusterEntry,
  contextEntry,
  contextName,
  ownerOf,
  serverOf,
  userEntry,
  type DestinationAccess,
  type PluginCommand,
} from './kubeconfig-entries.ts';
import { sections, type Entry, type Section } from './kubeconfig-splices.ts';
import type { Profile } from './profiles.ts';

/** The files that kubectl would read, the one that is written first. */
export function kubeconfigFiles({
  variables,
  userDirectory,
}: Pick<Environment, 'variables' | 'userDirectory'>): readonly [string, ...string[]] {
  const [first, ...more] = (variables['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return first === undefined ? [join(userDirectory, '.kube', 'config')] : [first, ...more];
}

export interface WriteRequest {
  readonly profile: Profile;
  readonly plugin: PluginCommand;
  readonly destinations: readonly DestinationAccess[];
  /** `all` writes each of them; `known` only those that have entries already. */
  readonly which: 'all' | 'known';
  /** The namespace for the contexts written, when one was asked for. */
  readonly namespace?: string | undefined;
  /** `always` makes the first destination's context the current one; `if-none` when no file names one and there is exactly one destination. */
  readonly makeCurrent: 'always' | 'if-none' | 'never';
}

/** The names of the contexts that now stand there. */
export async function writeContexts(files: readonly [string, ...string[]], request: WriteRequest): Promise<string[]> {
  const elsewhere = files.slice(1).some((file) => hasCurrentContext(readText(file)));
  return changeFile(files[0], (text) => {
    const chosen = destinationsToWrite(text, request);
    const names = chosen.map(({ name }) => contextName(request.profile, name));
    const entries = entriesFor(text, chosen, request);
    const takesOver = request.makeCurrent === 'if-none' && names.length === 1 && !elsewhere && !hasCurrentContext(text);
    const currentContext = request.makeCurrent === 'always' || takesOver ? names[0] : undefined;
    return { text: names.length === 0 ? text : editKubeconfig(text, { entries, currentContext }), result: names };
  });
}

export interface OwnContext {
  readonly name: string;
  readonly destination: string;
  readonly profile: string;
  /** Where its cluster points. */
  readonly server: string | undefined;
}

/** Our contexts as they stand in a kubeconfig; throws when it cannot be read. */
export const readOwnContexts = (file: string): OwnContext[] => ownEntries(readText(file));

/** Takes our entries out, of one profile or of all; their names. A current context that was ours is unset. */
export async function removeContexts(file: string, profile: string | undefined): Promise<string[]> {
  return changeFile(file, (text) => {
    const value = readKubeconfigValue(text);
    const names = ownEntries(text)
      .filter((own) => profile === undefined || own.profile === profile)
      .map((own) => own.name);
    if (names.length === 0) return { text, result: names };
    const gone = new Map(names.map((name) => [name, undefined]));
    const wasCurrent = names.some((name) => name === value['current-context']);
    const edit: KubeconfigEdit = {
      entries: { clusters: gone, contexts: gone, users: gone },
      currentContext: wasCurrent ? '' : undefined,
    };
    return { text: editKubeconfig(text, edit), result: names };
  });
}

/** A kubeconfig of its own with these destinations, for `kubeconfig print`. */
export function printContexts(request: WriteRequest): string {
  const currentContext = request.destinations.length === 1 ? contextName(request.profile, request.destinations[0]?.name ?? '') : undefined;
  return editKubeconfig('', { entries: entriesFor('', request.destinations, request), currentContext });
}

function destinationsToWrite(text: string, { destinations, which, profile }: WriteRequest): readonly DestinationAccess[] {
  if (which === 'all') return destinations;
  const known = ownEntries(text).filter((own) => own.profile === profile.name);
  return destinations.filter(({ id, name }) => known.some((own) => own.destination === id && own.name === contextName(profile, name)));
}

function ownEntries(text: string): OwnContext[] {
  const value = readKubeconfigValue(text);
  const clusters = entriesOf(value, 'clusters');
  return entriesOf(value, 'users').flatMap((entry) => {
    const owner = ownerOf(entry);
    const cluster = clusters.find(({ name }) => name === entry.name);
    return owner === undefined ? [] : [{ name: entry.name, ...owner, server: cluster === undefined ? undefined : serverOf(cluster) }];
  });
}

function entriesFor(
  text: string,
  destinations: readonly DestinationAccess[],
  { profile, plugin, namespace }: WriteRequest,
): KubeconfigEdit['entries'] {
  const value = readKubeconfigValue(text);
  const present = (section: Section, name: string): Entry | undefined => entriesOf(value, section).find((entry) => entry.name === name);
  const entries = { clusters: new Map<string, Entry>(), contexts: new Map<string, Entry>(), users: new Map<string, Entry>() };
  for (const access of destinations) {
    const name = contextName(profile, access.name);
    const user = present('users', name);
    const isForeign = user === undefined ? sections.some((section) => present(section, name) !== undefined) : ownerOf(user) === undefined;
    if (isForeign) throw new CliError('failed', `the kubeconfig has an entry ${name} that infra did not write; rename it and try again`);
    entries.clusters.set(name, clusterEntry(name, access, present('clusters', name)));
    entries.contexts.set(name, contextEntry(name, namespace, present('contexts', name)));
    entries.users.set(name, userEntry(name, { destination: access.id, profile: profile.name, plugin }));
  }
  return entries;
}

function hasCurrentContext(text: string): boolean {
  try {
    const current = readKubeconfigValue(text)['current-context'];
    return current !== undefined && current !== null && current !== '';
  } catch {
    // A file we cannot read may well name one: not ours to decide.
    return true;
  }
}

/** Bytes that are no UTF-8 would not survive being read and written. */
function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw new CliError('failed', `the kubeconfig ${file} cannot be read (${errorCode(error) ?? 'it is not UTF-8'}); nothing was changed`, {
      cause: error,
    });
  }
}

async function changeFile<Result>(file: string, change: (text: string) => { text: string; result: Result }): Promise<Result> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // A link stays a link: what it points at is replaced.
  const target = realPath(file);
  return withKubectlLock(file, () => {
    const before = readText(target);
    const { text, result } = change(before);
    if (text !== before) replaceFile(target, text);
    return result;
  });
}

function replaceFile(target: string, text: string): void {
  const old = statIfThere(target);
  writeFileAtomically(target, text, { mode: old === undefined ? 0o600 : old.mode & 0o777, durable: true });
  // As root for someone else (sudo with their home), the file stays theirs.
  if (old !== undefined && process.getuid?.() === 0 && old.uid !== 0) chownSync(target, old.uid, old.gid);
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return file;
    throw error;
  }
}

function statIfThere(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}

const lockWaitMilliseconds = 2_000;

/** client-go's own convention: `<file>.lock`, made exclusively, removed afterwards (client-go/tools/clientcmd/loader.go). It names no owner, so it is never taken over. */
async function withKubectlLock<Result>(file: string, work: () => Result): Promise<Result> {
  const lock = `${file}.lock`;
  const giveUpAt = systemClock.now() + lockWaitMilliseconds;
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx', 0o600));
      break;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      if (systemClock.now() > giveUpAt)
        throw new CliError('failed', `${lock} is held by another program; if none is running, remove that file and try again`);
      await pause(20);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}
