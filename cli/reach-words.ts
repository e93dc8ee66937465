/** How a destination's being reached is said. Knows no schema library: the credential plugin says it too. */
import type { Way } from './way-rules.ts';

/** As the server tells it of a destination. */
export interface Contact {
  readonly online: boolean;
  readonly tunnels: number;
  readonly lastSeenAt: string | null;
}

export const offlineWords = (lastSeenAt: string | null): string =>
  lastSeenAt === null ? 'offline, not heard of yet' : `offline since ${lastSeenAt}`;

export const offlineSentence = (name: string, lastSeenAt: string | null): string =>
  `${name} is ${offlineWords(lastSeenAt)}; kubectl cannot reach it until its connector is back`;

/** A connector that is in contact may still have no tunnel open, and the relay then leads nowhere. */
export function contactWords({ online, tunnels, lastSeenAt }: Contact, way: Way | undefined): string {
  if (!online) return offlineWords(lastSeenAt);
  return way === 'relay' && tunnels <= 0 ? 'online, no tunnel' : 'online';
}

/** The way, and what keeps it from leading anywhere. */
export function reachWords(contact: Contact, way: Way): string {
  const words = contactWords(contact, way);
  return words === 'online' ? way : `${way}, ${words}`;
}
