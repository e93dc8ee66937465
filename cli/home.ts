/** Where the program keeps its files: `$INFRA_HOME`, readable by its owner alone. */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from './environment.ts';

export interface Home {
  readonly directory: string;
  /** False: whoever starts us later must be told by `INFRA_HOME`. */
  readonly isDefault: boolean;
}

type Machine = Pick<Environment, 'variables' | 'platform' | 'userDirectory'>;

export function locateHome({ variables, platform, userDirectory }: Machine): Home {
  const plain = platform === 'win32' ? join(userDirectory, 'AppData', 'Roaming', 'infra') : join(userDirectory, '.config', 'infra');
  const directory = resolve(chosen(variables, platform) ?? plain);
  return { directory, isDefault: directory === resolve(plain) };
}

function chosen(variables: Machine['variables'], platform: NodeJS.Platform): string | undefined {
  const own = variables['INFRA_HOME'];
  if (own !== undefined && own !== '') return own;
  const base = variables[platform === 'win32' ? 'APPDATA' : 'XDG_CONFIG_HOME'];
  return base === undefined || base === '' ? undefined : join(base, 'infra');
}

export const profilesFile = (home: Home): string => join(home.directory, 'profiles.json');
export const credentialsDirectory = (home: Home, profile: string): string => join(home.directory, 'credentials', profile);
export const lockFile = (home: Home, name: string): string => join(home.directory, 'locks', `${name}.lock`);
export const pluginScript = (home: Home): string => join(home.directory, 'bin', 'kube-credential');
export const compileCacheDirectory = (home: Home): string => join(home.directory, 'cache');

/** Makes a directory below the home, every new level 0700; a home that others may read is closed to them. */
export function ensurePrivateDirectory(home: Home, directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const each of [home.directory, directory]) if ((statSync(each).mode & 0o077) !== 0) chmodSync(each, 0o700);
}
