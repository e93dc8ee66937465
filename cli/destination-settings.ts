/** What `destinations change` takes: settings as people type them. Their bounds are the server's. */
import { parseDuration } from '../shared/ttl.ts';
import { waitOptions } from './acknowledgements.ts';
import type { CommandInput, OptionSpec } from './command.ts';
import { CliError } from './failure.ts';

export const changeOptions: readonly OptionSpec[] = [
  { flags: '--lease-life <duration>', help: 'of a credential, 5m to 24h, such as 15m; default: as the server sets', check: readLeaseLife },
  { flags: '--staleness-limit <duration>', help: 'without the server it refuses after so long, 1m to 24h', check: readStalenessLimit },
  { flags: '--audit <mode>', help: 'required: refuse what cannot be recorded; or bestEffort', check: readAuditMode },
  { flags: '--user-prefix <prefix>', help: 'before emails in the cluster, such as infra:' },
  ...waitOptions,
];

export interface SettingsChange {
  readonly leaseTtlSeconds?: number | null;
  readonly stalenessLimitSeconds?: number;
  readonly auditMode?: 'required' | 'bestEffort';
  readonly userPrefix?: string;
}

export function readChange(input: CommandInput): SettingsChange {
  const leaseLife = input.optional('leaseLife');
  const stalenessLimit = input.optional('stalenessLimit');
  const audit = input.optional('audit');
  const userPrefix = input.optional('userPrefix');
  const change: SettingsChange = {
    ...(leaseLife === undefined ? {} : { leaseTtlSeconds: readLeaseLife(leaseLife) }),
    ...(stalenessLimit === undefined ? {} : { stalenessLimitSeconds: readStalenessLimit(stalenessLimit) }),
    ...(audit === undefined ? {} : { auditMode: readAuditMode(audit) }),
    ...(userPrefix === undefined ? {} : { userPrefix }),
  };
  if (Object.keys(change).length > 0) return change;
  throw new CliError('wrongUse', 'name what is to change: --lease-life, --staleness-limit, --audit or --user-prefix');
}

function readLeaseLife(text: string): number | null {
  return text === 'default' ? null : readDuration('--lease-life', text);
}

function readStalenessLimit(text: string): number {
  return readDuration('--staleness-limit', text);
}

function readDuration(flag: string, text: string): number {
  const seconds = parseDuration(text);
  if (seconds === undefined) throw new CliError('wrongUse', `${flag} takes a duration such as 15m or 1h, not "${text}"`);
  return seconds;
}

function readAuditMode(text: string): 'required' | 'bestEffort' {
  if (text === 'required' || text === 'bestEffort') return text;
  throw new CliError('wrongUse', `--audit is required or bestEffort, not "${text}"`);
}
