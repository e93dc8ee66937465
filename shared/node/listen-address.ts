/** `host:port` as settings write it; IPv6 in brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Connections that the kernel completes before the program takes them (it bounds that itself, net.core.somaxconn). Past it clients are not answered and try
 * again after 1, 3, 7, 15 seconds: Node's own 511 are too few for a fleet that comes back at once.
 */
export const listenBacklog = 4096;

export function parseListenAddress(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  // `:8443` listens on every address.
  const host = match?.[1] ?? (match?.[2] === '' ? '0.0.0.0' : match?.[2]);
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export const formatListenAddress = ({ host, port }: ListenAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
