/** Which connectors have their change stream open here now. In memory: after a restart they come back within seconds. */
export interface Presence {
  arrived(connectorId: string, destinationId: string): () => void;
  isOnline(connectorId: string): boolean;
  /** One of its connectors is. */
  isReached(destinationId: string): boolean;
  /** Calls `listener` with each connector that is no longer here. */
  whenGone(listener: (connectorId: string) => void): void;
}

/** `changed`: a connector came or went. */
export function createPresence(changed: () => void = () => undefined): Presence {
  const connectors = createCounts();
  const destinations = createCounts();
  const listeners: ((connectorId: string) => void)[] = [];
  return {
    arrived: (connectorId, destinationId) => {
      const leaves = [connectors.add(connectorId), destinations.add(destinationId)];
      changed();
      return () => {
        leaves.forEach((leave) => leave());
        if (!connectors.has(connectorId)) listeners.forEach((listener) => listener(connectorId));
        changed();
      };
    },
    isOnline: connectors.has,
    isReached: destinations.has,
    whenGone: (listener) => void listeners.push(listener),
  };
}

interface Counts {
  /** Returns its undoing. */
  add(id: string): () => void;
  has(id: string): boolean;
}

function createCounts(): Counts {
  const counts = new Map<string, number>();
  return {
    add: (id) => {
      counts.set(id, (counts.get(id) ?? 0) + 1);
      return () => {
        const left = (counts.get(id) ?? 1) - 1;
        if (left > 0) counts.set(id, left);
        else counts.delete(id);
      };
    },
    has: (id) => counts.has(id),
  };
}
