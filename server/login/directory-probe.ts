/** Tries a provider's directory the way a login would: a token, and one page of groups. */
import type { Provider } from '../identity/provider-store.ts';
import type { TestStep } from '../identity/provider-service.ts';
import type { Directories } from './directories.ts';
import { DirectoryError } from './directory-request.ts';
import { groupsAtGoogle } from './google-directory.ts';
import { tryGraph } from './graph-directory.ts';

/** Undefined: a provider of this kind has none. */
export async function directoryStep(directories: Directories, provider: Provider): Promise<TestStep | undefined> {
  const step = 'directory';
  try {
    const detail = await tryDirectory(directories, provider);
    return detail === undefined ? undefined : { step, outcome: 'ok', detail };
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    return { step, outcome: 'failed', detail: error.message };
  }
}

async function tryDirectory(directories: Directories, provider: Provider): Promise<string | undefined> {
  const graph = provider.groupsClaim === null ? undefined : directories.graphOf(provider);
  if (graph !== undefined) {
    await tryGraph(graph);
    return 'Microsoft Graph tells groups: of people in more than 200, and the names of groups if these are wanted.';
  }
  const google = directories.googleOf(provider);
  if (google === undefined || provider.directory?.of !== 'google') return undefined;
  const { delegatedAdmin } = provider.directory;
  const groups = await groupsAtGoogle(google, { subject: delegatedAdmin, email: delegatedAdmin });
  return `Google tells groups: of ${delegatedAdmin} there are ${groups.length}.`;
}
