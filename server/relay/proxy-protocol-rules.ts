/**
 * The header that a load balancer puts before a TCP connection to tell whose it is: PROXY protocol version 2 (HAProxy's specification, §2.2), which is read
 * from trusted networks alone. Pure.
 */

export type ProxyHeaderReading =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  /** `source`: undefined for the balancer's own connections (health checks), which are its own. `length`: bytes to take away. */
  | { readonly kind: 'header'; readonly length: number; readonly source: ConnectionSource | undefined };

export interface ConnectionSource {
  readonly address: string;
  readonly port: number;
}

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const fixedBytes = 16;
/** Addresses and what else a balancer tells; more is none. */
const mostBytes = 2048;
const local = 0x20;
const proxied = 0x21;
const tcpOverIpv4 = 0x11;
const tcpOverIpv6 = 0x21;

export function readProxyHeader(bytes: Buffer): ProxyHeaderReading {
  const compared = Math.min(bytes.length, signature.length);
  if (!bytes.subarray(0, compared).equals(signature.subarray(0, compared))) return { kind: 'malformed' };
  if (bytes.length < fixedBytes) return { kind: 'incomplete' };
  const command = bytes[12];
  const family = bytes[13];
  const rest = bytes.readUInt16BE(14);
  if ((command !== local && command !== proxied) || rest > mostBytes) return { kind: 'malformed' };
  const length = fixedBytes + rest;
  if (bytes.length < length) return { kind: 'incomplete' };
  if (command === local) return { kind: 'header', length, source: undefined };
  const body = bytes.subarray(fixedBytes, length);
  if (family === tcpOverIpv4 && rest >= 12)
    return { kind: 'header', length, source: { address: body.subarray(0, 4).join('.'), port: body.readUInt16BE(8) } };
  if (family === tcpOverIpv6 && rest >= 36) return { kind: 'header', length, source: { address: ipv6(body), port: body.readUInt16BE(32) } };
  return { kind: 'malformed' };
}

/** As written out in full; whoever shows or compares it has a parser. */
const ipv6 = (bytes: Buffer): string => Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(group * 2).toString(16)).join(':');
