/** Groups of a person as Google knows them, nested ones too: by the Admin SDK, group by group, or by Cloud Identity at once. */
import { z } from 'zod';
import { groupsMaximum } from '../identity/provider-group-rules.ts';
import { askDirectory, DirectoryError, type AskDirectory, type Directory } from './directory-request.ts';

export interface GoogleAccess {
  readonly groupsFrom: 'admin-sdk' | 'cloud-identity';
  readonly apis: { readonly adminSdk: string; readonly cloudIdentity: string };
  readonly token: () => Promise<string>;
  /** Groups of other organizations are told as well, but not followed further. */
  readonly isOwn: (groupEmail: string) => boolean;
  readonly now: () => number;
}
export interface GooglePerson {
  readonly subject: string;
  readonly email: string;
}

export const googleScopes = {
  'admin-sdk': 'https://www.googleapis.com/auth/admin.directory.group.readonly',
  'cloud-identity': 'https://www.googleapis.com/auth/cloud-identity.groups.readonly',
} as const;

const apiNames = { 'admin-sdk': 'Admin SDK API', 'cloud-identity': 'Cloud Identity API' } as const;
const remedies = {
  'admin-sdk': 'Let the delegated admin have the privilege to read groups (Google Admin console, Account, Admin roles: Groups, Read).',
  'cloud-identity':
    'The delegated admin needs to read groups, and the person an edition that can be searched (Enterprise Standard or Plus, Education, Cloud Identity Premium); else take --groups-from admin-sdk.',
} as const;

const directoryOf = (groupsFrom: GoogleAccess['groupsFrom']): Directory => ({
  name: `Google’s ${apiNames[groupsFrom]}`,
  remedy: (reason) =>
    reason === 'accessNotConfigured' || reason === 'SERVICE_DISABLED'
      ? `Enable the ${apiNames[groupsFrom]} in the Google Cloud project of the service account (APIs and services, Library).`
      : remedies[groupsFrom],
});

/** Their email addresses. */
export async function groupsAtGoogle(access: GoogleAccess, person: GooglePerson): Promise<string[]> {
  const ask = askDirectory(directoryOf(access.groupsFrom), access.now);
  const reader = { ask, token: await access.token(), access };
  return access.groupsFrom === 'admin-sdk' ? walkUp(reader, person.subject) : searchAll(reader, person.email);
}

interface Reader {
  readonly ask: AskDirectory;
  readonly token: string;
  readonly access: GoogleAccess;
}

const atOnce = 8;

/** The Admin SDK tells direct memberships alone: groups are asked for theirs, level by level. */
async function walkUp(reader: Reader, subject: string): Promise<string[]> {
  const found = new Set<string>();
  let above = await directGroups(reader, subject);
  while (above.length > 0 && found.size <= groupsMaximum) {
    const fresh = [...new Set(above)].filter((email) => !found.has(email));
    for (const email of fresh) found.add(email);
    above = await groupsAbove(reader, fresh.filter(reader.access.isOwn));
  }
  return [...found];
}

async function groupsAbove(reader: Reader, groups: readonly string[]): Promise<string[]> {
  const above: string[] = [];
  for (let start = 0; start < groups.length; start += atOnce) {
    const some = groups.slice(start, start + atOnce);
    above.push(...(await Promise.all(some.map(async (email) => directGroups(reader, email).catch(noneIfGone)))).flat());
  }
  return above;
}

/** A group that was removed while we asked has nothing above it; a person that is not there is another matter. */
function noneIfGone(error: unknown): string[] {
  if (error instanceof DirectoryError && error.kind === 'unknown') return [];
  throw error;
}

const adminPage = z.object({ groups: z.array(z.object({ email: z.string() })).optional(), nextPageToken: z.string().optional() });

async function directGroups({ ask, token, access }: Reader, userKey: string): Promise<string[]> {
  return allPages(async (pageToken) => {
    const query = new URLSearchParams({ userKey, maxResults: '200', ...pageToken });
    const page = adminPage.parse(await ask({ url: `${access.apis.adminSdk}/admin/directory/v1/groups?${query.toString()}`, token }));
    return { emails: (page.groups ?? []).map(({ email }) => email), next: page.nextPageToken };
  });
}

const identityPage = z.object({
  memberships: z.array(z.object({ groupKey: z.object({ id: z.string(), namespace: z.string().optional() }) })).optional(),
  nextPageToken: z.string().optional(),
});

async function searchAll({ ask, token, access }: Reader, email: string): Promise<string[]> {
  // An email that was let in holds neither quotes nor backslashes.
  const search = `member_key_id == '${email}' && 'cloudidentity.googleapis.com/groups.discussion_forum' in labels`;
  return allPages(async (pageToken) => {
    const query = new URLSearchParams({ query: search, pageSize: '200', ...pageToken });
    const url = `${access.apis.cloudIdentity}/v1/groups/-/memberships:searchTransitiveGroups?${query.toString()}`;
    const page = identityPage.parse(await ask({ url, token }));
    // With a namespace it is a group of another directory, mirrored here under a name of that one's.
    const own = (page.memberships ?? []).filter(({ groupKey }) => groupKey.namespace === undefined);
    return { emails: own.map(({ groupKey }) => groupKey.id), next: page.nextPageToken };
  });
}

const pagesMaximum = 50;

async function allPages(
  read: (pageToken: { readonly pageToken?: string }) => Promise<{ readonly emails: readonly string[]; readonly next: string | undefined }>,
): Promise<string[]> {
  const found: string[] = [];
  let pageToken: { readonly pageToken?: string } = {};
  for (let pages = 0; pages < pagesMaximum; pages += 1) {
    const { emails, next } = await readOrRefuse(read, pageToken);
    found.push(...emails.map((email) => email.toLowerCase()));
    if (next === undefined || next === '' || found.length > groupsMaximum) return found;
    pageToken = { pageToken: next };
  }
  throw new DirectoryError('away', 'Google tells of pages without end.');
}

async function readOrRefuse<Page>(read: (pageToken: { readonly pageToken?: string }) => Promise<Page>, pageToken: object): Promise<Page> {
  try {
    return await read(pageToken);
  } catch (error) {
    if (error instanceof z.ZodError) throw new DirectoryError('away', 'What Google answered is no page of groups.');
    throw error;
  }
}
