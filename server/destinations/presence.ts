/** Which connectors have their change stream open here now. In memory: after a restart they come back within seconds. */
export interface Presence {
  arrived(connectorId: string): () => void;
  isOnline(connectorId: string): boolean;
}

export function createPresence(): Presence {
  const streams = new Map<string, number>();
  return {
    arrived: (connectorId) => {
      streams.set(connectorId, (streams.get(connectorId) ?? 0) + 1);
      return () => {
        const left = (streams.get(connectorId) ?? 1) - 1;
        if (left > 0) streams.set(connectorId, left);
        else streams.delete(connectorId);
      };
    },
    isOnline: (connectorId) => streams.has(connectorId),
  };
}
