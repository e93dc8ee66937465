/** Who somebody that a provider's directory gives is here: at a login, and when they are given. */
import { emailKey } from '../../shared/resource-name.ts';

/** Of those whom a login could mean: the one with its subject, else with its address, else whose user name that is. */
export function meantBy<Row extends { readonly externalId: string | null; readonly email: string; readonly userName: string }>(
  matching: readonly Row[],
  { subject, email }: { readonly subject: string; readonly email: string },
): Row | undefined {
  return (
    matching.find(({ externalId }) => externalId === subject) ??
    matching.find((row) => emailKey(row.email) === emailKey(email)) ??
    matching.find((row) => emailKey(row.userName) === emailKey(email))
  );
}

/** The user who has the address of somebody that is given. */
export interface Namesake {
  readonly status: 'active' | 'disabled';
  readonly hasPassword: boolean;
  /** Providers they came by, or that speak for them. */
  readonly providers: readonly string[];
}

/** Why a directory may not take this user for the person it gives: the rules of a first login (ADR 21); undefined: it may. */
export function adoptionFault(
  namesake: Namesake,
  provider: { readonly id: string; readonly name: string; readonly linkUsers: boolean },
): string | undefined {
  if (namesake.status === 'disabled')
    return 'There is a disabled user with this email. Ask an admin of infra: it has to be enabled or removed first.';
  if (namesake.providers.includes(provider.id))
    return 'There is a user with this email that belongs to another account of this provider. Ask an admin of infra: it has to be removed first.';
  if ((namesake.providers.length > 0 || namesake.hasPassword) && !provider.linkUsers)
    return `There is a user with this email who logs in with a password or another identity provider. Ask an admin of infra to let ${provider.name} share users.`;
  return undefined;
}

/** The address that a login is known by: the first that could be one, which is how providers tell it: primary, user name, any other. */
export function addressOf(
  userName: string,
  emails: readonly { readonly value?: string; readonly primary?: boolean }[],
  isUsable: (address: string) => boolean,
): string | undefined {
  const primary = emails.filter((email) => email.primary === true);
  const candidates = [...primary.map(({ value }) => value), userName, ...emails.map(({ value }) => value)];
  return candidates.find((address) => address !== undefined && isUsable(address));
}
