/** What a provider's groups are called here. */
import { isProviderGroupName } from '../../shared/resource-name.ts';
import type { ClaimSettings, Refusal } from './claims-rules.ts';

/** By its name alone, or by what the directory knows it: then the name may be told (`label`), and may change. */
export type ProviderGroup =
  | { readonly name: string }
  | {
      readonly directoryId: string;
      /** Null: nobody asked for it now; the group keeps the name that it has. */
      readonly label: string | null;
    };

/** What a provider says of a person's groups. */
export type ToldGroups =
  | { readonly told: 'nothing' }
  | {
      readonly told: 'groups';
      readonly groups: readonly ProviderGroup[];
      /** Names among them that are none here. */
      readonly leftOut: readonly string[];
    }
  /** Nothing now; `why` is a sentence for admins. */
  | { readonly told: 'no answer'; readonly why: string };

export const groupsMaximum = 2000;

/** More are refused, not cut off: that would take rights away by chance. */
export function groupsFault(told: ToldGroups, { name }: Pick<ClaimSettings, 'name'>): Refusal | undefined {
  if (told.told !== 'groups' || told.groups.length + told.leftOut.length <= groupsMaximum) return undefined;
  return {
    code: 'login.groups-unusable',
    sentence: `${name} names more than ${groupsMaximum} groups for you. Ask an admin to let it send only those that matter here.`,
  };
}

/** Groups that are what they are called; names that are none here are left out. */
export function groupsNamed(names: readonly string[], isWanted: (name: string) => boolean = () => true): ToldGroups {
  const each = [...new Set(names)];
  const isGroup = (name: string): boolean => isProviderGroupName(name) && isWanted(name);
  return { told: 'groups', groups: each.filter(isGroup).map((name) => ({ name })), leftOut: each.filter((name) => !isGroup(name)) };
}

/**
 * The name that a group of a directory is to have. Anybody may make a group there and call it anything: the id of another group is nobody's
 * name but its own.
 */
export const nameFor = (directoryId: string, label: string): string =>
  isProviderGroupName(label) && !looksLikeId(label) ? label : directoryId;

const looksLikeId = (text: string): boolean => /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/i.test(text);

/** How long groups that a directory once told count while it cannot be asked. An outage is no revocation; nor may it keep anybody in for good. */
export const groupsKeptHours = 24;
export const mayKeepGroups = (toldAt: string | null, now: number): boolean =>
  toldAt !== null && now - Date.parse(toldAt) <= groupsKeptHours * 3_600_000;
