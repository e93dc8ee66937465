/** Programs in Go that are clients of Kubernetes: found in the cache, or built once. By hand: node scripts/kubernetes/obtain-client.ts */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, cached, isExecutable, type Log } from './build.ts';

const helmVersion = '3.21.4';
const ownSource = join(import.meta.dirname, '..', '..', 'test', 'clients', 'go');

interface Client {
  /** Tells one build from another. */
  readonly version: string;
  /** `go install` is run there. */
  readonly where: string;
  readonly package: string;
}

const clients = {
  helm: { version: helmVersion, where: import.meta.dirname, package: `helm.sh/helm/v3/cmd/helm@v${helmVersion}` },
  /** Does what programs built on client-go do. */
  'client-go': { version: digestOf(ownSource), where: ownSource, package: '.' },
} as const satisfies Record<string, Client>;

export type ClientName = keyof typeof clients;

/** The folder that holds the program. */
export async function obtainClient(name: ClientName, log: Log = console.error): Promise<string> {
  const { version, where, package: source } = clients[name];
  const folder = cached(`${name}-${version}`);
  if (!isExecutable(join(folder, name))) {
    const build = join(import.meta.dirname, 'build-client.sh');
    await buildOnce(`${name} ${version} (once, a minute or two)`, [build, folder, name, where, source], log);
  }
  return folder;
}

function digestOf(folder: string): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(folder).sort())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(folder, file)))
      .update('\0');
  return hash.digest('hex').slice(0, 12);
}

if (import.meta.main) for (const name of ['helm', 'client-go'] as const) console.log(await obtainClient(name));
