/** How kubectl starts the credential plugin: on Unix a shell script that needs no Node while the cache serves, elsewhere Node itself. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeFileAtomically } from './atomic-file.ts';
import type { Environment } from './environment.ts';
import { errorCode } from './failure.ts';
import { ensurePrivateDirectory, pluginScript, type Home } from './home.ts';
import type { PluginCommand } from './kubeconfig-entries.ts';

/** Writes the script when it is missing or says something else (another Node, another place of the program). */
export function installPlugin(home: Home, { platform, startedBy }: Pick<Environment, 'platform' | 'startedBy'>): PluginCommand {
  const toldHome = home.isDefault ? undefined : home.directory;
  if (platform === 'win32') return { command: startedBy.node, argumentsBefore: [startedBy.main], home: toldHome };
  const path = pluginScript(home);
  ensurePrivateDirectory(home, dirname(path));
  const script = formatScript({ home: home.directory, ...startedBy });
  if (readIfThere(path) !== script) writeFileAtomically(path, script, { mode: 0o755, durable: true });
  return { command: path, argumentsBefore: [], home: toldHome };
}

function formatScript(values: Readonly<Record<'home' | 'node' | 'main', string>>): string {
  const template = readFileSync(new URL('./shell/kube-credential', import.meta.url), 'utf8');
  // A function, so that `$&` in a path stays what it is.
  return template.replace(/@(HOME|NODE|MAIN)@/g, (_, key: string) => quoted(values[key.toLowerCase() as keyof typeof values]));
}

/** For sh: everything in single quotes stands for itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
