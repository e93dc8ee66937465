/** Groups of a person as Microsoft Graph knows them, asked by the application itself (learn.microsoft.com/graph/api/user-list-transitivememberof). */
import { z } from 'zod';
import { isObjectId } from '../identity/entra-rules.ts';
import { groupsMaximum } from '../identity/provider-group-rules.ts';
import { askDirectory, DirectoryError, type AskDirectory, type Directory } from './directory-request.ts';

/** How to come by an access token, and where the Graph is. */
export interface GraphAccess {
  readonly base: string;
  readonly token: () => Promise<string>;
  readonly now: () => number;
}
export interface GraphGroup {
  readonly id: string;
  readonly displayName: string;
}

export const graphRemedy =
  'In the Entra admin center open App registrations, your application, API permissions, add Microsoft Graph, Application permissions, GroupMember.Read.All, and grant admin consent.';
export const graph: Directory = { name: 'Microsoft Graph', remedy: () => graphRemedy };

const groupPage = z.object({
  value: z.array(
    z.object({ id: z.string().refine(isObjectId), displayName: z.string().nullish(), securityEnabled: z.boolean().nullish() }),
  ),
  '@odata.nextLink': z.string().optional(),
});
const pagesMaximum = 50;
const fields = '$select=id,displayName,securityEnabled';

/** Security groups, nested ones too: those that a token names as well. One more than may be is enough to know that there are too many. */
export async function groupsAtGraph({ base, token, now }: GraphAccess, objectId: string): Promise<GraphGroup[]> {
  const ask = askDirectory(graph, now);
  const bearer = await token();
  // By id: between two pages a group may move to the next.
  const found = new Map<string, GraphGroup>();
  // A cast needs the count and this kind of consistency, else the Graph refuses it.
  let next: string | undefined = `${base}/v1.0/users/${objectId}/transitiveMemberOf/microsoft.graph.group?${fields}&$count=true&$top=999`;
  for (let pages = 0; next !== undefined && found.size <= groupsMaximum; pages += 1) {
    if (pages === pagesMaximum) throw new DirectoryError('away', 'Microsoft Graph tells of pages without end.');
    const page = await readPage(ask, base, next, bearer);
    for (const group of page.groups) found.set(group.id, group);
    next = page.next;
  }
  return [...found.values()];
}

async function readPage(
  ask: AskDirectory,
  base: string,
  url: string,
  token: string,
): Promise<{ groups: GraphGroup[]; next: string | undefined }> {
  const parsed = groupPage.safeParse(await ask({ url, token, headers: { consistencylevel: 'eventual' } }));
  if (!parsed.success) throw new DirectoryError('away', 'What Microsoft Graph answered is no page of groups.');
  const { value, '@odata.nextLink': next } = parsed.data;
  // Without the permission to read groups their ids are told and nothing else of them.
  if (value.some(({ displayName, securityEnabled }) => displayName == null || securityEnabled == null))
    throw new DirectoryError('refused', `Microsoft Graph tells ids of groups and nothing more. ${graphRemedy}`);
  // Our token goes to the Graph alone.
  if (next !== undefined && URL.parse(next)?.origin !== new URL(base).origin)
    throw new DirectoryError('away', 'Microsoft Graph says that its next page is at another host.');
  const groups = value.flatMap(({ id, displayName, securityEnabled }) =>
    securityEnabled === true && displayName != null ? [{ id, displayName }] : [],
  );
  return { groups, next };
}

/** One page of anybody's groups; throws `DirectoryError`. */
export async function tryGraph({ base, token, now }: GraphAccess): Promise<void> {
  await readPage(askDirectory(graph, now), base, `${base}/v1.0/groups?${fields}&$top=1`, await token());
}
