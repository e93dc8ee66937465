/** What somebody types of an identity provider, and what that is for the server and for the command line. */
import type { CallInput } from '../../../../shared/api/endpoint.ts';
import type { IdentityProvider, ProviderKind } from '../../../../shared/api/identity-providers.ts';
import type { api } from '../../../../shared/api/index.ts';
import { shellWord } from '../../parts/command.tsx';
import { clouds, type Cloud } from './provider-words.ts';

export interface ProviderDraft {
  readonly kind: ProviderKind;
  readonly name: string;
  readonly issuer: string;
  /** Of azure, in place of the issuer. */
  readonly tenant: string;
  readonly cloud: Cloud;
  readonly clientId: string;
  /** `keep`: as it is, of one that is there already. */
  readonly credential: 'keep' | 'secret' | 'private-key';
  readonly clientSecret: string;
  /** Between commas, as the scopes are. */
  readonly emailDomains: string;
  readonly scopes: string;
  /** Empty: groups are not read. */
  readonly groupsClaim: string;
  readonly emailClaim: 'upn' | 'email';
  readonly groupNames: 'ids' | 'names';
  readonly groupsFrom: 'none' | 'admin-sdk' | 'cloud-identity';
  readonly delegatedAdmin: string;
  readonly serviceAccountKey: string;
  readonly createUsers: boolean;
  readonly linkUsers: boolean;
  readonly trustMfa: boolean;
  /** Empty: only at logins. */
  readonly syncMinutes: string;
}

/** What is compared with what is typed, so that only differences are sent. */
type Settings = Pick<
  IdentityProvider,
  'clientId' | 'emailDomains' | 'scopes' | 'groupsClaim' | 'directory' | 'createUsers' | 'linkUsers' | 'trustMfa' | 'syncMinutes'
>;

const scopes = ['openid', 'email', 'profile'];
const common = { clientId: '', emailDomains: [], createUsers: true, linkUsers: false, trustMfa: false, syncMinutes: 15 };
/** As the server has them where nothing is said. */
const defaults: Readonly<Record<ProviderKind, Settings>> = {
  oidc: { ...common, scopes, groupsClaim: null, directory: null },
  okta: { ...common, scopes: [...scopes, 'groups'], groupsClaim: 'groups', directory: null },
  azure: { ...common, scopes, groupsClaim: 'groups', directory: { of: 'entra', emailClaim: 'upn', groupNames: 'ids' } },
  google: { ...common, scopes, groupsClaim: null, directory: null },
};

const names: Readonly<Record<ProviderKind, string>> = { okta: 'okta', azure: 'entra', google: 'google', oidc: '' };

export const newDraft = (kind: ProviderKind): ProviderDraft => ({
  ...{ kind, name: names[kind], issuer: '', tenant: '', cloud: clouds[0].value, credential: 'secret' },
  ...typed(defaults[kind]),
});

export const draftOf = (provider: IdentityProvider): ProviderDraft => ({
  ...{ kind: provider.kind, name: provider.name, issuer: provider.issuer, tenant: '', cloud: clouds[0].value, credential: 'keep' },
  ...typed(provider),
});

function typed({ clientId, emailDomains, scopes: asked, groupsClaim, directory, syncMinutes, createUsers, linkUsers, trustMfa }: Settings) {
  const entra = directory?.of === 'entra' ? directory : undefined;
  const google = directory?.of === 'google' ? directory : undefined;
  return {
    ...{ clientId, createUsers, linkUsers, trustMfa, clientSecret: '', serviceAccountKey: '' },
    emailDomains: emailDomains.join(', '),
    scopes: asked.join(', '),
    groupsClaim: groupsClaim ?? '',
    emailClaim: entra?.emailClaim ?? ('upn' as const),
    groupNames: entra?.groupNames ?? ('ids' as const),
    groupsFrom: google?.groupsFrom ?? ('none' as const),
    delegatedAdmin: google?.delegatedAdmin ?? '',
    syncMinutes: syncMinutes === null ? '' : String(syncMinutes),
  };
}

const listOf = (text: string): string[] => text.split(/[\s,]+/u).filter((part) => part !== '');

function settingsOf(draft: ProviderDraft): Settings {
  const { kind, clientId, createUsers, linkUsers, trustMfa, groupsClaim, syncMinutes } = draft;
  return {
    ...{ createUsers, linkUsers, trustMfa, directory: directoryOf(draft) },
    clientId: clientId.trim(),
    emailDomains: listOf(draft.emailDomains),
    scopes: listOf(draft.scopes),
    groupsClaim: kind === 'google' || groupsClaim.trim() === '' ? null : groupsClaim.trim(),
    // What is no number the server refuses by the field's name.
    syncMinutes: syncMinutes.trim() === '' ? null : Number(syncMinutes),
  };
}

function directoryOf({ kind, emailClaim, groupNames, groupsFrom, delegatedAdmin }: ProviderDraft): Settings['directory'] {
  if (kind === 'azure') return { of: 'entra', emailClaim, groupNames };
  if (kind !== 'google' || groupsFrom === 'none') return null;
  return { of: 'google', groupsFrom, delegatedAdmin: delegatedAdmin.trim() };
}

type Changes = Partial<Settings> & {
  readonly clientAuthentication?: 'secret' | 'private-key';
  readonly clientSecret?: string;
  readonly serviceAccountKey?: string;
};

function changesOf(draft: ProviderDraft, before: Settings): Changes {
  const now = settingsOf(draft);
  const different = Object.entries(now).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key as keyof Settings]));
  return {
    // Keys and values of Settings, fewer of them.
    ...(Object.fromEntries(different) as Partial<Settings>),
    ...credentialOf(draft),
    ...(draft.serviceAccountKey.trim() === '' ? {} : { serviceAccountKey: draft.serviceAccountKey }),
  };
}

function credentialOf({ credential, clientSecret }: ProviderDraft): Changes {
  if (credential === 'keep') return {};
  if (credential === 'private-key') return { clientAuthentication: 'private-key' };
  return { clientAuthentication: 'secret', ...(clientSecret === '' ? {} : { clientSecret: clientSecret.trim() }) };
}

export const issuerOf = ({ kind, issuer, tenant, cloud }: ProviderDraft): string => {
  if (kind === 'google') return 'https://accounts.google.com';
  return kind === 'azure' ? `https://${cloud}/${tenant.trim().toLowerCase()}/v2.0` : issuer.trim();
};

export function creation(draft: ProviderDraft): CallInput<typeof api.identityProviders.create>['body'] {
  const { clientId = '', emailDomains = [], directory, ...changes } = changesOf(draft, defaults[draft.kind]);
  return {
    ...changes,
    ...(directory == null ? {} : { directory }),
    ...{ kind: draft.kind, name: draft.name.trim(), issuer: issuerOf(draft), clientId, emailDomains },
  };
}

export const update = (
  draft: ProviderDraft,
  before: IdentityProvider,
): NonNullable<CallInput<typeof api.identityProviders.update>['body']> => changesOf(draft, before);

export function creationCommand(draft: ProviderDraft): string {
  const { kind, name, tenant, cloud, credential } = draft;
  const clouded = {
    'login.microsoftonline.com': [],
    'login.microsoftonline.us': ['--cloud us'],
    'login.partner.microsoftonline.cn': ['--cloud china'],
  };
  const whose =
    kind === 'azure'
      ? [option('tenant', tenant || 'ID'), ...clouded[cloud]]
      : kind === 'google'
        ? []
        : [option('issuer', draft.issuer || 'URL')];
  const changes = changesOf(draft, defaults[kind]);
  const needed = { ...changes, clientId: changes.clientId ?? 'ID', emailDomains: changes.emailDomains ?? ['DOMAIN'] };
  const words = [`infra providers add ${kind} ${shellWord(name || 'NAME')}`, ...whose, ...optionsOf(needed)];
  return words.join(' ') + (credential === 'secret' ? ' < client-secret' : '');
}

export function updateCommand(draft: ProviderDraft, before: IdentityProvider): string {
  const secret = draft.credential === 'secret' ? ['--client-secret-file - < client-secret'] : [];
  return [`infra providers update ${shellWord(before.name)}`, ...optionsOf(changesOf(draft, before)), ...secret].join(' ');
}

const option = (name: string, value: string): string => `--${name} ${shellWord(value)}`;

function optionsOf(changes: Changes): readonly string[] {
  const { clientId, clientAuthentication, emailDomains, scopes: asked, groupsClaim, directory, syncMinutes } = changes;
  const { createUsers, linkUsers, trustMfa, serviceAccountKey } = changes;
  const entra = directory?.of === 'entra' ? directory : undefined;
  const google = directory?.of === 'google' ? directory : undefined;
  return [
    clientId !== undefined && option('client-id', clientId),
    clientAuthentication === 'private-key' && '--private-key',
    emailDomains !== undefined && option('email-domains', emailDomains.join(',')),
    asked !== undefined && option('scopes', asked.join(',')),
    groupsClaim !== undefined && option('groups-claim', groupsClaim ?? 'none'),
    entra !== undefined && option('email-claim', entra.emailClaim),
    entra !== undefined && option('group-names', entra.groupNames),
    google !== undefined && option('groups-from', google.groupsFrom),
    google !== undefined && option('delegated-admin', google.delegatedAdmin || 'EMAIL'),
    directory === null && '--groups-from none',
    serviceAccountKey !== undefined && '--service-account-file key.json',
    createUsers !== undefined && option('unknown-people', createUsers ? 'create' : 'refuse'),
    linkUsers !== undefined && option('other-users', linkUsers ? 'link' : 'refuse'),
    trustMfa !== undefined && option('trust-mfa', trustMfa ? 'on' : 'off'),
    syncMinutes !== undefined && option('sync', syncMinutes === null ? 'off' : String(syncMinutes)),
  ].filter((each) => each !== false);
}
