/** What the server says about destinations, on its way into the kubeconfig. */
import type { DirectoryEntry } from '../shared/api/destinations.ts';
import { api } from '../shared/api/index.ts';
import { cachedDestinations, readCachedCredential, removeCachedCredential } from './credential-cache.ts';
import type { CommandContext, Connection } from './command.ts';
import { explain } from './connection.ts';
import { checkAccess, type DestinationAccess } from './kubeconfig-entries.ts';
import { kubeconfigFiles, writeContexts, type WriteRequest } from './kubeconfig.ts';
import { installPlugin } from './plugin-command.ts';
import { allPages } from './resolve.ts';

/** All that the session may reach; when that is nothing, the only destination there is, so that kubectl can say which grant is missing. */
export async function reachableAccess(context: CommandContext, { call }: Connection): Promise<DestinationAccess[]> {
  const mine = await call(api.grants.mine, {});
  if (mine.reachable.length > 0)
    return checked(
      context,
      mine.reachable.map((each) => each.destination),
      mine.caCertificates,
    );
  const { destinations, caCertificates } = await call(api.destinations.directory, {});
  return destinations.length === 1 ? checked(context, destinations, caCertificates) : [];
}

function checked({ output }: CommandContext, entries: readonly DirectoryEntry[], caCertificates: string): DestinationAccess[] {
  return entries.flatMap((entry) => {
    const access = checkAccess(entry, caCertificates);
    if (access === undefined)
      output.say(
        `${entry.name} has no address yet: its connector has not reported; its context comes with the next: infra kubeconfig write`,
      );
    return access === undefined ? [] : [access];
  });
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

/** Brings addresses and authorities of entries that exist up to date. A helper of other commands: what goes wrong here is said, and stops nothing. */
export async function refreshContexts(context: CommandContext, connection: Connection): Promise<void> {
  try {
    const { destinations, caCertificates } = await connection.call(api.destinations.directory, {});
    const known = destinations.flatMap((entry) => checkAccess(entry, caCertificates) ?? []);
    await updateContexts(context, connection, { destinations: known, which: 'known', makeCurrent: 'never' });
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
