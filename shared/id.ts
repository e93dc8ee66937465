/** Prefixed, sortable identifiers: 48 bits of time, 80 random bits, in Crockford's base 32, lower case. */

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeLength = 10;
const randomLength = 16;

export const idPrefixes = {
  user: 'usr',
  workload: 'wkl',
  group: 'grp',
  session: 'ses',
  accessKey: 'key',
  destination: 'dst',
  connector: 'con',
  grant: 'grt',
  lease: 'lse',
  auditEvent: 'aud',
  authority: 'aut',
  token: 'tok',
  provider: 'idp',
  providerLoginTest: 'plt',
  account: 'acc',
  scimToken: 'sct',
  secondFactor: 'sfa',
  passkeyLink: 'pkl',
  trustRule: 'tru',
  mail: 'mai',
  tunnel: 'tun',
} as const;
export type IdKind = keyof typeof idPrefixes;

/** A new id of that kind; `now` in milliseconds. Two ids of one millisecond sort by chance, which is enough for lists. */
export function newId(kind: IdKind, now: number): string {
  return `${idPrefixes[kind]}_${encodeTime(now)}${encodeRandom()}`;
}

/** The pattern of an id of one of these kinds, anchored. */
export const idPattern = (...kinds: readonly IdKind[]): RegExp =>
  new RegExp(`^(?:${kinds.map((kind) => idPrefixes[kind]).join('|')})_[${alphabet}]{${timeLength + randomLength}}$`);

function encodeTime(now: number): string {
  let rest = now;
  let text = '';
  for (let position = 0; position < timeLength; position += 1) {
    text = alphabet.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

// One call of the generator for many ids: each call costs more than the rest of an id.
const pool = new Uint8Array(256 * randomLength);
let used = pool.length;

function encodeRandom(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  let text = '';
  for (const end = used + randomLength; used < end; used += 1) text += alphabet.charAt((pool[used] ?? 0) & 31);
  return text;
}
