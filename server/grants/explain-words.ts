/** The answer of `explain` in one sentence, with the remedy when it is no: pure. */
import type { Chain } from '../../shared/api/explanations.ts';
import { formatDuration } from '../../shared/ttl.ts';

export interface Explained {
  /** As it is typed: `ana@example.com`, `group:platform`. */
  readonly name: string;
  readonly role: string | undefined;
  readonly resource: string;
  readonly chains: readonly Chain[];
}

const reasonsShown = 3;

export const isAllowed = (chains: readonly Chain[]): boolean => chains.some(isEnough);

const isEnough = ({ counts, gives }: Chain): boolean => counts && gives === 'all';

export function explainInWords({ name, role, resource, chains }: Explained): string {
  const enough = chains.filter(isEnough);
  if (enough.length > 0) {
    const what = role === undefined ? `is let in at ${resource}` : `holds ${role} on ${resource}`;
    const reasons = enough.slice(0, reasonsShown).map(reasonOf).join(', ');
    const more = enough.length - reasonsShown;
    return `${name} ${what}: ${reasons}${more > 0 ? ` and ${more} more` : ''}.`;
  }
  const blocked = chains.find(({ gives }) => gives === 'all')?.conditions.find(({ holds }) => !holds);
  if (blocked !== undefined) return `${name} is granted it, but ${blocked.detail}.`;
  const remedy = `Ask an admin for: infra grants add ${name} --role ${role ?? 'ROLE'} ${resource}`;
  const [part] = chains;
  return part === undefined
    ? `${name} has no grant that gives ${role ?? 'anything'} on ${resource}. ${remedy}`
    : `${name} has only a part of it: ${reasonOf(part)}. ${remedy}`;
}

const reasonOf = ({ grant, group }: Chain): string =>
  `${grant.role} on ${grant.resource}${group === null ? '' : ` through group ${group.name}`}${grant.until === null ? '' : ` until ${grant.until}`}${grant.mfaSeconds === null ? '' : ` with a second factor within ${formatDuration(grant.mfaSeconds)}`}`;
