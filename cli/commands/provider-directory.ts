/** What the kinds azure and google need beyond the common settings: which tenant, and where emails and groups come from. */
import { readFileSync } from 'node:fs';
import type { ProviderKind } from '../../shared/api/identity-providers.ts';
import type { DirectorySettings } from '../../shared/api/provider-directory.ts';
import type { CommandInput, OptionSpec } from '../command.ts';
import { CliError, errorCode } from '../failure.ts';

export const issuerOptions: readonly OptionSpec[] = [
  { flags: '--issuer <url>', help: 'as in its discovery document; azure: --tenant instead; google: not needed' },
  { flags: '--tenant <id>', help: 'azure: id of your tenant (Entra admin center, Overview)' },
  { flags: '--cloud <cloud>', help: 'azure: global (default), us or china' },
];

export const directoryOptions: readonly OptionSpec[] = [
  {
    flags: '--email-claim <claim>',
    help: 'azure: upn (default), the user principal name; email, which needs the claim xms_edov beside it',
  },
  { flags: '--group-names <what>', help: 'azure: ids (default) or names; names are asked of Microsoft Graph' },
  { flags: '--groups-from <where>', help: 'google: admin-sdk or cloud-identity; none (default): groups are not read' },
  { flags: '--delegated-admin <email>', help: 'google: in whose name the service account reads groups' },
  { flags: '--service-account-file <file>', help: 'google: key file of the service account, as Google made it' },
];

const clouds: Readonly<Record<string, string>> = {
  global: 'login.microsoftonline.com',
  us: 'login.microsoftonline.us',
  china: 'login.partner.microsoftonline.cn',
};

export function readIssuer(kind: ProviderKind, input: CommandInput): string {
  const [issuer, tenant] = [input.optional('issuer'), input.optional('tenant')];
  if (tenant !== undefined && (kind !== 'azure' || issuer !== undefined))
    throw new CliError('wrongUse', '--tenant is for azure, in the place of --issuer');
  if (issuer !== undefined) return issuer;
  if (kind === 'google') return 'https://accounts.google.com';
  if (kind !== 'azure') throw new CliError('wrongUse', 'give --issuer URL, as it stands in the discovery document');
  if (tenant === undefined) throw new CliError('wrongUse', 'give --tenant ID: the id of your tenant (Entra admin center, Overview)');
  const cloud = input.optional('cloud') ?? 'global';
  const host = Object.entries(clouds).find(([name]) => name === cloud)?.[1];
  if (host === undefined) throw new CliError('wrongUse', `--cloud is ${Object.keys(clouds).join(', ')}, not "${cloud}"`);
  return `https://${host}/${tenant.toLowerCase()}/v2.0`;
}

export interface DirectoryChange {
  readonly directory?: DirectorySettings | null;
  readonly serviceAccountKey?: string;
}

/** `present`: what is set already; what is not named of it stays. */
export function readDirectory(kind: ProviderKind, input: CommandInput, present: DirectorySettings | null): DirectoryChange {
  const directory = kind === 'google' ? readGoogle(input, present) : readEntra(kind, input, present);
  const keyFile = input.optional('serviceAccountFile');
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(keyFile === undefined ? {} : { serviceAccountKey: readKeyFile(keyFile) }),
  };
}

function readEntra(kind: ProviderKind, input: CommandInput, present: DirectorySettings | null): DirectorySettings | undefined {
  const emailClaim = choice(input, 'emailClaim', '--email-claim', ['upn', 'email']);
  const groupNames = choice(input, 'groupNames', '--group-names', ['ids', 'names']);
  if (emailClaim === undefined && groupNames === undefined) return undefined;
  if (kind !== 'azure') throw new CliError('wrongUse', '--email-claim and --group-names are for azure');
  const before = present?.of === 'entra' ? present : { of: 'entra' as const, emailClaim: 'upn' as const, groupNames: 'ids' as const };
  return { ...before, ...(emailClaim === undefined ? {} : { emailClaim }), ...(groupNames === undefined ? {} : { groupNames }) };
}

function readGoogle(input: CommandInput, present: DirectorySettings | null): DirectorySettings | null | undefined {
  const named = choice(input, 'groupsFrom', '--groups-from', ['admin-sdk', 'cloud-identity', 'none']);
  const admin = input.optional('delegatedAdmin');
  if (named === 'none') return null;
  if (named === undefined && admin === undefined) return undefined;
  const before = present?.of === 'google' ? present : undefined;
  const [groupsFrom, delegatedAdmin] = [named ?? before?.groupsFrom, admin ?? before?.delegatedAdmin];
  if (groupsFrom === undefined || delegatedAdmin === undefined)
    throw new CliError('wrongUse', 'to read groups give both --groups-from and --delegated-admin, and --service-account-file');
  return { of: 'google', groupsFrom, delegatedAdmin };
}

function choice<Word extends string>(input: CommandInput, name: string, flag: string, words: readonly Word[]): Word | undefined {
  const text = input.optional(name);
  if (text === undefined) return undefined;
  const found = words.find((word) => word === text);
  if (found === undefined) throw new CliError('wrongUse', `${flag} is ${words.join(' or ')}, not "${text}"`);
  return found;
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CliError(
      'wrongUse',
      `the service account’s key in ${file} cannot be read (${errorCode(cause) ?? 'unknown'}); check the path and its mode`,
      {
        cause,
      },
    );
  }
}
