/** Decides for checked destinations which way each is written, and asks at their addresses where that decides; all at once. */
import type { DirectoryEntry } from '../shared/api/destinations.ts';
import { askAddresses } from './direct-probe.ts';
import type { CheckedDestination, DestinationAccess } from './kubeconfig-entries.ts';
import { wayAfterAsking, wayWithoutAsking, type Way, type WayFacts, type WayWish } from './way-rules.ts';

/** By destination id, where the clusters of our contexts point now; undefined: the context has lost its cluster. */
export type WrittenServers = ReadonlyMap<string, string | undefined>;

export function chooseWays(destinations: readonly CheckedDestination[], wish: WayWish, written: WrittenServers): DestinationAccess[] {
  const choices = destinations.map((destination) => {
    const facts = factsOf(destination, written.get(destination.id));
    return { destination, facts, way: wayWithoutAsking(facts, wish) };
  });
  const asked = choices.flatMap(({ destination, way }) => (way === 'ask' ? [destination] : []));
  const answering = answeringOf(asked);
  return choices.map(({ destination, facts, way }) =>
    accessBy(destination, way === 'ask' ? wayAfterAsking(facts, answering.has(destination.id)) : way),
  );
}

/** The way that a cluster in the kubeconfig takes; undefined: it points at neither. */
export const wayOf = ({ address, relayAddress }: Pick<DirectoryEntry, 'address' | 'relayAddress'>, server: string): Way | undefined =>
  wayAmong({ direct: address === null ? undefined : `https://${address}`, relay: `https://${relayAddress}` }, server);

/** … and, where nothing is written, the one that would be without asking. */
export function wayTo(entry: Pick<DirectoryEntry, 'address' | 'relayAddress'>, server: string | undefined): Way {
  const written = server === undefined ? undefined : wayOf(entry, server);
  return written ?? (entry.address === null ? 'relay' : 'direct');
}

/** What is to be said of a way that was asked for: nothing when it is there. */
export function whyNot({ name, direct, tunnels }: CheckedDestination, via: Way | undefined): string | undefined {
  if (via === 'direct' && direct === undefined) return `${name} has no address of its own: it is reached by the relay alone`;
  if (via === 'relay' && tunnels <= 0) return `no tunnel leads to ${name} now: by the relay nobody reaches it until its connector is back`;
  return undefined;
}

const factsOf = ({ direct, relay, tunnels }: CheckedDestination, server: string | undefined): WayFacts => ({
  hasAddress: direct !== undefined,
  tunnels,
  written: server === undefined ? undefined : wayAmong({ direct: direct?.server, relay: relay.server }, server),
});

function wayAmong(servers: { readonly direct: string | undefined; readonly relay: string }, server: string): Way | undefined {
  if (server === servers.direct) return 'direct';
  return server === servers.relay ? 'relay' : undefined;
}

function answeringOf(destinations: readonly CheckedDestination[]): ReadonlySet<string> {
  const addresses = destinations.flatMap(({ id, direct, tlsServerName, certificateAuthority }) => {
    const authority = Buffer.from(certificateAuthority, 'base64').toString();
    return direct === undefined ? [] : [{ id, host: direct.host, port: direct.port, serverName: tlsServerName, authority }];
  });
  const answers = askAddresses(addresses);
  return new Set(addresses.filter((_, position) => answers[position] === true).map(({ id }) => id));
}

const accessBy = ({ id, name, tlsServerName, certificateAuthority, direct, relay }: CheckedDestination, way: Way): DestinationAccess => ({
  ...{ id, name, tlsServerName, certificateAuthority },
  server: way === 'direct' && direct !== undefined ? direct.server : relay.server,
});
