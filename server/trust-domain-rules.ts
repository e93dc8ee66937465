/**
 * What the trust domain may be. Names of destinations end in it (`dst_….connector.<trust domain>`), and clients take no name that ends as an IP address does:
 * Node refuses it, and a URL with it is none (URL Standard, "ends in a number"). Pure.
 */

/** Where `publicUrl` has no name to lend. Nobody looks it up. */
const nameless = 'infra.internal';

export const canEndNames = (trustDomain: string): boolean => URL.canParse(`https://destination.${trustDomain}`);

/** Of the first start, unless `trustDomain` is set. */
export function trustDomainOf(publicUrl: string): string {
  const { hostname } = new URL(publicUrl);
  const isAddress = hostname.startsWith('[') || !canEndNames(hostname);
  return isAddress ? nameless : hostname;
}
