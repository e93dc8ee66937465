/** What a provider said of a person, as they may look at it later. */
import type { Claims } from './claims-rules.ts';

/** Of one login alone, and nobody's business after it. */
const ofTheProtocol = new Set(['nonce', 'at_hash', 'c_hash', 's_hash', 'jti', 'sid']);
const mostShown = 32_768;
const mostItems = 100;

const cutShort = (value: unknown): unknown =>
  Array.isArray(value) && value.length > mostItems
    ? [...(value as unknown[]).slice(0, mostItems), `… and ${value.length - mostItems} more`]
    : value;

/** Without what belongs to the protocol, and bounded. */
export function claimsToShow(claims: Claims): Claims {
  const kept = Object.entries(claims).filter(([name]) => !ofTheProtocol.has(name));
  const cut = kept.map(([name, value]): [string, unknown] => [name, cutShort(value)]);
  const shown = Object.fromEntries(cut);
  return JSON.stringify(shown).length <= mostShown
    ? shown
    : { claims: kept.map(([name]) => name), note: 'too large to keep; these are their names' };
}
