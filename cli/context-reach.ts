/** How our contexts in the kubeconfig stand: by which way each is reached, and whether its connector is there. For `infra status`. */
import type { DirectoryEntry } from '../shared/api/destinations.ts';
import type { CommandContext } from './command.ts';
import { CliError } from './failure.ts';
import { kubeconfigFiles, readOwnContexts, type OwnContext } from './kubeconfig.ts';
import { contactWords } from './reach-words.ts';
import type { Way } from './way-rules.ts';
import { wayOf } from './ways.ts';

export interface ContextReach {
  readonly context: string;
  /** Its id. */
  readonly destination: string;
  /** What kubectl connects to. */
  readonly server: string | null;
  /** Null: the server could not be asked, or the context points at neither way any more. */
  readonly via: Way | null;
  /** Null: the server could not be asked, or has no such destination any more. */
  readonly online: boolean | null;
  readonly tunnels: number | null;
  readonly lastSeenAt: string | null;
  /** For people. */
  readonly state: string;
}

/** None of a kubeconfig that cannot be read, which is said. */
export function ownContexts({ environment, output }: CommandContext): readonly OwnContext[] {
  try {
    return readOwnContexts(kubeconfigFiles(environment)[0]);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    output.warn(`infra: ${error.message}`);
    return [];
  }
}

/** @param directory undefined: the server could not be asked. */
export function reachOf({ name, destination, server }: OwnContext, directory: readonly DirectoryEntry[] | undefined): ContextReach {
  const base = { context: name, destination, server: server ?? null };
  const unknown = { via: null, online: null, tunnels: null, lastSeenAt: null } as const;
  if (directory === undefined) return { ...base, ...unknown, state: 'unknown' };
  const entry = directory.find(({ id }) => id === destination);
  if (entry === undefined) return { ...base, ...unknown, state: 'removed' };
  const { online, tunnels, lastSeenAt } = entry;
  const via = server === undefined ? undefined : wayOf(entry, server);
  const contact = contactWords(entry, via);
  const state = via === undefined ? `${contact}; moved, run: infra kubeconfig write` : contact;
  return { ...base, via: via ?? null, online, tunnels, lastSeenAt, state };
}
