/** How this server is set up, as far as it is no secret: named one by one, so that a new setting shows only when somebody meant it to. */
import type { ServerSettings } from '../../shared/api/settings.ts';
import type { BuildInfo } from '../../shared/node/build-info.ts';
import { describeAuthority } from '../authority/authority-description.ts';
import type { AuthorityStore } from '../authority/authority-store.ts';

/** Of the configuration what is shown. */
export interface ShownConfig {
  readonly publicUrl: string;
  readonly session: { readonly lifetimeSeconds: number; readonly idleSeconds: number | null };
  readonly leaseTtlSeconds: number;
  readonly deviceLogin: boolean;
  readonly passkeyLogin: boolean;
  /** Whether there is any. */
  readonly mail: object | undefined;
  readonly relay: { readonly address: string; readonly streams: number };
  /** How many there are. */
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
}
export interface SettingsRecordOptions {
  readonly read: { readonly authorities: Pick<AuthorityStore, 'list'> };
  readonly config: ShownConfig;
  readonly build: BuildInfo;
  readonly trustDomain: string;
  readonly startedAt: string;
}

export type SettingsRecord = () => Promise<ServerSettings>;

export function createSettingsRecord({ read, config, build, trustDomain, startedAt }: SettingsRecordOptions): SettingsRecord {
  const { publicUrl, session, leaseTtlSeconds, deviceLogin, passkeyLogin, mail, relay, trustedProxies, proxyProtocol } = config;
  return async () => ({
    ...{ publicUrl, trustDomain, version: build.version, commit: build.commit, startedAt },
    session: { lifetimeSeconds: session.lifetimeSeconds, idleSeconds: session.idleSeconds },
    ...{ leaseTtlSeconds, deviceLogin, passkeyLogin, proxyProtocol },
    mail: mail !== undefined,
    relay: { address: relay.address, streams: relay.streams },
    trustedProxies: trustedProxies.length,
    authorities: (await read.authorities.list()).map(describeAuthority),
  });
}
