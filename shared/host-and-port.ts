/** `HOST:PORT` as people write it and kubeconfigs have it: a DNS name or an address, an IPv6 one in brackets. */

export interface HostAndPort {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

export const isHostName = (text: string): boolean =>
  text.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?$/i.test(text);

/** Undefined when the text is none. */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const [, name, bracketed, port] = /^(?:([^:[\]]+)|\[([0-9a-f:.]{2,45})\]):(\d{1,5})$/i.exec(text) ?? [];
  const host = name === undefined ? bracketed : isHostName(name) ? name : undefined;
  if (host === undefined || (name === undefined && !URL.canParse(`https://[${host}]/`))) return undefined;
  return Number(port) >= 1 && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}
