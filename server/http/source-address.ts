/** The address a request came from. Forwarded headers count only when the peer is a configured proxy. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { AuditSource } from '../../shared/api/audit.ts';

export type SourceOf = (request: IncomingMessage) => AuditSource;

/** Whose a connection is. */
export type AddressOf = (socket: Socket) => string;

/** `trustedProxies`: CIDRs. Walks `X-Forwarded-For` from the right and stops at the first address that is no trusted proxy. */
export function createSourceOf(trustedProxies: readonly string[], addressOf: AddressOf): SourceOf {
  const isTrusted = createNetworks(trustedProxies);
  return (request) => {
    const peer = plainAddress(addressOf(request.socket));
    return {
      address: trustedProxies.length === 0 ? peer : forwardedAddress(request, peer, isTrusted),
      userAgent: printable(request.headers['user-agent'] ?? ''),
    };
  };
}

/** Whether an address is in one of these networks (CIDRs). */
export function createNetworks(cidrs: readonly string[]): (address: string) => boolean {
  const networks = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  return (address) => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
  };
}

function forwardedAddress(request: IncomingMessage, peer: string, isTrusted: (address: string) => boolean): string {
  const header = request.headers['x-forwarded-for'];
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((hop) => hop.trim())
    .filter((hop) => hop !== '');
  let address = peer;
  while (isTrusted(address)) {
    const next = hops.pop();
    if (next === undefined || !ipaddr.isValid(next)) break;
    address = plainAddress(next);
  }
  return address;
}

/** `::ffff:10.0.0.1` as `10.0.0.1`. */
const plainAddress = (address: string): string => (ipaddr.isValid(address) ? ipaddr.process(address).toString() : address);

/** Other people's text on its way into logs and tables: one line, bounded. */
const printable = (text: string): string => text.replace(/\p{C}/gu, ' ').slice(0, 300);
