/** Who somebody is by an ID token that holds, with their groups: asked of the provider's directory where the token does not name them. */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/node/logger.ts';
import type { ProviderClaims } from '../identity/account-admission.ts';
import { readClaims } from '../identity/account-rules.ts';
import type { Claims, Person, Refusal } from '../identity/claims-rules.ts';
import type { DirectoryGroupStore } from '../identity/directory-group-store.ts';
import { groupsFault, groupsNamed, type ToldGroups } from '../identity/provider-group-rules.ts';
import type { Provider } from '../identity/provider-store.ts';
import { claimsToShow } from '../identity/shown-claims-rules.ts';
import { isOwnGroup, type Directories } from './directories.ts';
import { DirectoryError } from './directory-request.ts';
import { groupsAtGoogle } from './google-directory.ts';
import { groupsAtGraph, type GraphGroup } from './graph-directory.ts';

export interface ProviderPeopleOptions {
  readonly directories: Directories;
  readonly directoryGroups: Pick<DirectoryGroupStore, 'find'>;
  readonly clock: Clock;
  readonly logger: Logger;
}
export interface ProviderPeople {
  /** A refusal when the claims are not enough to know a person by. That a directory gives no answer is none: see `ToldGroups`. */
  read(provider: Provider, claims: Claims): Promise<ProviderClaims | Refusal>;
}

/** A group that was renamed at Entra is called so here after this long at the latest, when one of its members logs in. */
const nameKeptMilliseconds = 12 * 3_600_000;

export function createProviderPeople(options: ProviderPeopleOptions): ProviderPeople {
  return {
    read: async (provider, claims) => {
      const person = readClaims(claims, provider);
      if ('code' in person) return person;
      const known = { subject: person.subject, email: person.email, shown: claimsToShow(claims) };
      try {
        const groups = await groupsOf(options, provider, person);
        return groupsFault(groups, provider) ?? { ...known, groups };
      } catch (error) {
        if (!(error instanceof DirectoryError)) throw error;
        options.logger.warn({ provider: provider.name, reason: error.message }, 'a directory did not tell a person’s groups');
        if (error.kind === 'unknown')
          return { code: 'login.provider-failed', sentence: `The directory of ${provider.name} does not know you.` };
        return { ...known, groups: { told: 'no answer', why: error.message } };
      }
    },
  };
}

async function groupsOf(options: ProviderPeopleOptions, provider: Provider, person: Person): Promise<ToldGroups> {
  const { groups } = person;
  switch (groups.as) {
    case 'nothing':
      return { told: 'nothing' };
    case 'names':
      return groupsNamed(groups.names);
    case 'ids':
      return { told: 'groups', groups: await labelled(options, provider, person.subject, groups.ids), leftOut: groups.others };
    case 'not told':
      return askDirectoryOf(options, provider, person);
  }
}

async function askDirectoryOf({ directories }: ProviderPeopleOptions, provider: Provider, person: Person): Promise<ToldGroups> {
  const graph = directories.graphOf(provider);
  if (graph !== undefined) {
    const groups = (await groupsAtGraph(graph, person.subject)).map((group) => withLabel(provider, group));
    return { told: 'groups', groups, leftOut: [] };
  }
  const google = directories.googleOf(provider);
  if (google !== undefined) return groupsNamed(await groupsAtGoogle(google, person), isOwnGroup(provider));
  throw new DirectoryError('refused', 'It has no directory that could be asked.');
}

/** Ids of a token, with names where these are wanted and not known from lately. Without an answer the token's word stands, under the names there are. */
async function labelled(options: ProviderPeopleOptions, provider: Provider, objectId: string, ids: readonly string[]) {
  const nameless = ids.map((directoryId) => ({ directoryId, label: null }));
  const graph = options.directories.graphOf(provider);
  if (!wantsNames(provider) || graph === undefined) return nameless;
  const since = toTime(options.clock.now() - nameKeptMilliseconds);
  const known = await options.directoryGroups.find(provider.id, ids);
  if (known.filter(({ namedAt }) => namedAt !== null && namedAt > since).length === ids.length) return nameless;
  try {
    const names = new Map((await groupsAtGraph(graph, objectId)).map(({ id, displayName }) => [id, displayName]));
    return ids.map((directoryId) => ({ directoryId, label: names.get(directoryId) ?? null }));
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    options.logger.warn({ provider: provider.name, reason: error.message }, 'a directory did not tell the names of groups');
    return nameless;
  }
}

const withLabel = (provider: Provider, { id, displayName }: GraphGroup) => ({
  directoryId: id,
  label: wantsNames(provider) ? displayName : null,
});

const wantsNames = ({ directory }: Provider): boolean => directory?.of === 'entra' && directory.groupNames === 'names';
