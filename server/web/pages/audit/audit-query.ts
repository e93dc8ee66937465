/** What the audit is searched by: in the address, as the server is asked, and as the command line is. */
import { auditEvent } from '../../../../shared/api/audit.ts';
import { shellWord } from '../../parts/command.tsx';

export const filterNames = ['search', 'actor', 'destination', 'verb', 'event', 'outcome', 'since', 'until'] as const;
export type FilterName = (typeof filterNames)[number];
export type AuditQuery = Readonly<Partial<Record<FilterName, string>>>;

const names = auditEvent.options.map(({ shape }) => shape.event.value);
/** `grant` of `grant.added`. */
export const families: readonly string[] = [...new Set(names.map((name) => name.slice(0, name.indexOf('.'))))].sort();

export const verbs: readonly string[] = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

/** `infra audit list …`, or `infra audit export …`. */
export function commandOf(what: 'list' | 'export', query: AuditQuery): string {
  const options = filterNames.flatMap((name) => {
    const value = query[name];
    return value === undefined ? [] : [`--${name}`, shellWord(value)];
  });
  return ['infra', 'audit', what, ...options].join(' ');
}
