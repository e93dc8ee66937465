/**
 * Which way kubectl takes to a destination: straight to its connector, or through the server's relay (ADR 51). Pure: whether an address
 * answers is asked elsewhere, and only where these rules say that it decides.
 */

export const ways = ['direct', 'relay'] as const;
export type Way = (typeof ways)[number];

export interface WayFacts {
  /** Its connector has an address of its own. */
  readonly hasAddress: boolean;
  /** That lead to it now. */
  readonly tunnels: number;
  /** What the kubeconfig has; undefined: nothing yet, or an address that is neither any more. */
  readonly written: Way | undefined;
}

export interface WayWish {
  /** Whether a way that is written and still there may be left for a better one. */
  readonly choose: 'anew' | 'where-needed';
  /** What somebody asked for. */
  readonly via?: Way | undefined;
}

/** `ask`: it depends on whether the address answers. */
export function wayWithoutAsking({ hasAddress, tunnels, written }: WayFacts, { choose, via }: WayWish): Way | 'ask' {
  if (!hasAddress) return 'relay';
  if (via !== undefined) return via;
  if (choose === 'where-needed' && written !== undefined) return written;
  // Nothing to choose from: the relay leads nowhere, and nobody would go on using it.
  if (tunnels <= 0 && written !== 'relay') return 'direct';
  return 'ask';
}

/** Where neither way leads anywhere the entry stays as it is: whichever comes back first may be that one. */
export function wayAfterAsking({ tunnels, written }: WayFacts, addressAnswers: boolean): Way {
  if (addressAnswers) return 'direct';
  return tunnels > 0 ? 'relay' : (written ?? 'direct');
}
