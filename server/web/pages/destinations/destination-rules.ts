/** What a destination's connectors come to, in one word each; pure. */
import type { OpenStream } from '../../../../shared/api/open-streams.ts';
import type { Destination } from '../../../../shared/api/destinations.ts';

/** `stale`: every request there is refused · `never`: no connector was heard of yet. */
export type Health = 'online' | 'offline' | 'stale' | 'never';

type Connectors = Pick<Destination, 'connectors'>;

export function healthOf({ connectors }: Connectors): Health {
  if (connectors.some(({ online }) => online)) return 'online';
  if (connectors.every(({ lastSeenAt }) => lastSeenAt === null)) return 'never';
  return connectors.every(({ stale }) => stale) ? 'stale' : 'offline';
}

/** Null: never. */
export const lastHeardAt = ({ connectors }: Connectors): string | null =>
  connectors.reduce<string | null>(
    (latest, { lastSeenAt }) => (lastSeenAt !== null && (latest === null || lastSeenAt > latest) ? lastSeenAt : latest),
    null,
  );

export const tunnelsOf = ({ connectors }: Connectors): Destination['connectors'][number]['tunnels'] =>
  connectors.flatMap(({ tunnels }) => tunnels);

/** As the filters of the list have it: `offline` holds the stale ones too. */
export const isOfHealth = (destination: Connectors, wanted: string): boolean => {
  const health = healthOf(destination);
  return (health === 'stale' ? 'offline' : health) === wanted;
};

/** Tenths tell paths within a machine room apart; of the others whole ones do. */
export const milliseconds = (value: number): string => `${value < 10 ? value.toFixed(1) : String(Math.round(value))} ms`;

/** Where an identity's page is. */
export const identityPlace = (id: string): string => `/${id.startsWith('wkl_') ? 'workloads' : 'people'}/${id}`;

/** Where a grant's subject has its page. */
export const subjectPlace = ({ kind, id }: { readonly kind: 'user' | 'group' | 'workload'; readonly id: string }): string =>
  `/${{ user: 'people', group: 'groups', workload: 'workloads' }[kind]}/${id}`;

const ofPods: Readonly<Record<string, string>> = {
  exec: 'exec in pod',
  attach: 'attached to pod',
  portforward: 'port-forward to pod',
  log: 'logs of pod',
};

/** What a stream is, as one would say it: `exec in pod web-1 (namespace shop)`. */
export function streamWords({ verb, resource, subresource, name, namespace, path }: OpenStream): string {
  const doing = resource === 'pods' ? ofPods[subresource] : undefined;
  if (resource === '') return `${verb} ${path}`;
  const thing = [resource, name].filter((part) => part !== '').join(' ');
  const what = doing === undefined ? `${verb} ${thing}${subresource === '' ? '' : `, ${subresource}`}` : `${doing} ${name}`;
  return namespace === '' ? what : `${what} (namespace ${namespace})`;
}
