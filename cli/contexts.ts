/** What the server says about destinations, on its way into the kubeconfig. */
import type { DirectoryEntry } from '../shared/api/destinations.ts';
import { api } from '../shared/api/index.ts';
import { cachedDestinations, readCachedCredential, removeCachedCredential } from './credential-cache.ts';
import type { CommandContext, Connection } from './command.ts';
import { explain } from './connection.ts';
import { checkDestination, type CheckedDestination, type DestinationAccess } from './kubeconfig-entries.ts';
import { kubeconfigFiles, readOwnContexts, writeContexts, type WriteRequest } from './kubeconfig.ts';
import { installPlugin } from './plugin-command.ts';
import { allPages } from './resolve.ts';
import type { WayWish } from './way-rules.ts';
import { chooseWays, whyNot, type WrittenServers } from './ways.ts';

/** For a kubeconfig of its own, in which nothing stands. */
export const nothingWritten: WrittenServers = new Map();

/** Of this profile's contexts. */
export const writtenServers = ({ environment }: CommandContext, { name }: Pick<Connection['profile'], 'name'>): WrittenServers =>
  new Map(
    readOwnContexts(kubeconfigFiles(environment)[0])
      .filter(({ profile }) => profile === name)
      .map(({ destination, server }) => [destination, server]),
  );

/** All that the session may reach, each by the way that was chosen. */
export async function reachableAccess(
  context: CommandContext,
  connection: Connection,
  wish: WayWish & { readonly written?: WrittenServers },
): Promise<DestinationAccess[]> {
  const { output } = context;
  const { entries, caCertificates } = await reachableEntries(connection);
  const destinations = entries.flatMap((entry) => checked(context, entry, caCertificates));
  for (const destination of destinations) {
    const objection = whyNot(destination, wish.via);
    if (objection !== undefined) output.say(objection);
  }
  return chooseWays(destinations, wish, wish.written ?? writtenServers(context, connection.profile));
}

/** When nothing may be reached, the only destination there is, so that kubectl can say which grant is missing. */
async function reachableEntries({ call }: Connection): Promise<{ entries: readonly DirectoryEntry[]; caCertificates: string }> {
  const { reachable, caCertificates } = await call(api.grants.mine, {});
  if (reachable.length > 0) return { entries: reachable.map((each) => each.destination), caCertificates };
  const all = await call(api.destinations.directory, {});
  return { entries: all.destinations.length === 1 ? all.destinations : [], caCertificates: all.caCertificates };
}

function checked({ output }: CommandContext, entry: DirectoryEntry, caCertificates: string): CheckedDestination[] {
  const destination = checkDestination(entry, caCertificates);
  if (destination !== undefined) return [destination];
  output.say(`${entry.name} has no address yet: its connector has not reported; its context comes with the next: infra kubeconfig write`);
  return [];
}

export type ContextRequest = Pick<WriteRequest, 'destinations' | 'which' | 'makeCurrent' | 'namespace'>;

export async function updateContexts(
  context: CommandContext,
  { profile }: Pick<Connection, 'profile'>,
  request: ContextRequest,
): Promise<string[]> {
  const { environment, home } = context;
  return writeContexts(kubeconfigFiles(environment), { ...request, profile, plugin: installPlugin(home, environment) });
}

/**
 * Brings addresses and authorities of entries that exist up to date; each keeps its way as long as there is one. A helper of other commands: what
 * goes wrong here is said, and stops nothing.
 */
export async function refreshContexts(context: CommandContext, connection: Connection): Promise<void> {
  try {
    const { destinations, caCertificates } = await connection.call(api.destinations.directory, {});
    const written = writtenServers(context, connection.profile);
    const known = destinations.flatMap((entry) => checkDestination(entry, caCertificates) ?? []).filter(({ id }) => written.has(id));
    const access = chooseWays(known, { choose: 'where-needed' }, written);
    await updateContexts(context, connection, { destinations: access, which: 'known', makeCurrent: 'never' });
    await dropDeadCredentials(context, connection);
  } catch (error) {
    const explained = explain(error, connection.profile.server);
    if (explained === undefined) throw error;
    context.output.warn(`infra: kubeconfig not refreshed: ${explained.message}`);
  }
}

/** The plugin hands a credential out while it has life left and cannot know that its lease was revoked: it is thrown away here. */
async function dropDeadCredentials({ home }: CommandContext, { call, profile }: Connection): Promise<void> {
  const cached = cachedDestinations(home, profile.name).map((destination) => ({ profile: profile.name, destination }));
  if (cached.length === 0) return;
  const live = await allPages((page) => call(api.leases.list, { query: { ...page, live: 'true' } }));
  const ids = new Set<string>(live.filter((lease) => lease.state === 'active').map((lease) => lease.id));
  for (const key of cached) if (!ids.has(readCachedCredential(home, key)?.leaseId ?? '')) removeCachedCredential(home, key);
}
