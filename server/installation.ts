/**
 * What belongs to an installation for good: its trust domain, its epoch, the data key under the root key. Made at the first start, checked at every
 * later one.
 */
import { randomBytes } from 'node:crypto';
import { toTime, type Clock } from '../shared/clock.ts';
import { newId } from '../shared/id.ts';
import type { AuthorityStore } from './authority/authority-store.ts';
import { loadRootKey, RootKeyError } from './authority/root-key.ts';
import { createSealing, newDataKey, type Sealing } from './authority/sealing.ts';
import type { ServerConfig } from './config.ts';
import type { ChangeFeed } from './storage/change-feed.ts';
import { StorageError } from './storage/database.ts';
import type { SettingsStore } from './storage/settings-store.ts';
import type { Transact } from './storage/transact.ts';
import { trustDomainOf } from './trust-domain-rules.ts';

interface Stores {
  readonly settings: SettingsStore;
  readonly authorities: AuthorityStore;
  readonly feed: ChangeFeed;
}

export interface Installation {
  readonly isFirstStart: boolean;
  readonly trustDomain: string;
  readonly sealing: Sealing;
}

const trustDomainKey = 'trust_domain';

export const isInstalled = async (settings: SettingsStore): Promise<boolean> => (await settings.read(trustDomainKey)) !== undefined;

export async function openInstallation(transact: Transact<Stores>, config: ServerConfig, clock: Clock): Promise<Installation> {
  return transact(async (stores) => {
    const stored = await stores.settings.read(trustDomainKey);
    const isFirstStart = stored === undefined;
    const trustDomain = stored ?? config.trustDomain ?? trustDomainOf(config.publicUrl);
    if (config.trustDomain !== undefined && config.trustDomain !== trustDomain) {
      throw new StorageError(
        `trustDomain is "${config.trustDomain}", but this installation was made as "${trustDomain}": every certificate names it. Take the setting out, or start a new installation`,
      );
    }
    const sealing = await openSealing(stores.authorities, config.rootKeyFile, isFirstStart, clock);
    if (isFirstStart) {
      await stores.settings.write(trustDomainKey, trustDomain);
      await stores.feed.startEpoch(newEpoch());
    }
    return { isFirstStart, trustDomain, sealing };
  });
}

/** Names one line of revisions; a restored backup starts another. */
export const newEpoch = (): string => randomBytes(12).toString('base64url');

async function openSealing(authorities: AuthorityStore, rootKeyFile: string, isFirstStart: boolean, clock: Clock): Promise<Sealing> {
  const root = createSealing(loadRootKey(rootKeyFile, isFirstStart));
  const stored = await authorities.dataKey();
  if (stored !== undefined) return createSealing(unwrap(root, stored, rootKeyFile));
  const now = clock.now();
  const id = newId('token', now);
  const key = newDataKey();
  await authorities.insertDataKey({ id, wrappedKey: root.seal(key, `data-key:${id}`), createdAt: toTime(now) });
  return createSealing(key);
}

function unwrap(root: Sealing, stored: { readonly id: string; readonly wrappedKey: string }, rootKeyFile: string): Buffer {
  try {
    return root.open(stored.wrappedKey, `data-key:${stored.id}`);
  } catch {
    throw new RootKeyError(`the root key ${rootKeyFile} is not the one this data was sealed with; put back the right one (rootKeyFile)`);
  }
}
