/**
 * A running Keycloak: the company's own sign-in, as the tests know it. It serves on loopback and has one realm, `master`, for its admin;
 * whoever tests makes a realm of his own. It lives on disk as a cluster does.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { claimDirectory, markReady, readState, type StartOptions } from '../kubernetes/cluster.ts';
import { startComponent } from '../kubernetes/component.ts';
import { until } from '../kubernetes/readiness.ts';
import { keycloakVersion, obtainKeycloak } from './obtain-keycloak.ts';

export interface Keycloak {
  readonly directory: string;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
}

export interface RunningKeycloak extends Keycloak {
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

/** The Keycloak that `startKeycloak` made in this folder, perhaps in another process. */
export function connectKeycloak(directory: string): Keycloak | undefined {
  // Written by markReady below and by nobody else.
  return readState(directory) as Keycloak | undefined;
}

export async function startKeycloak(options: StartOptions): Promise<RunningKeycloak> {
  const directory = resolve(options.directory);
  const { log = () => undefined } = options;
  const origin = await obtainKeycloak(log);
  const stop = await claimDirectory({ ...options, directory });
  try {
    log(`Keycloak ${keycloakVersion}: starting`);
    const home = layOut(directory, origin);
    const keycloak = { directory, url: await start(directory, home) };
    log(`Keycloak ${keycloakVersion}: ready at ${keycloak.url}`);
    return { ...markReady(keycloak), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What it only reads stays where it is; what it writes, and the script by whose place it knows its home, is copied. */
function layOut(directory: string, origin: string): string {
  const home = join(directory, 'keycloak');
  mkdirSync(join(home, 'bin'), { recursive: true });
  cpSync(join(origin, 'bin', 'kc.sh'), join(home, 'bin', 'kc.sh'));
  for (const name of ['conf', 'lib', 'providers', 'themes']) symlinkSync(join(origin, name), join(home, name));
  cpSync(join(origin, 'data', 'h2'), join(home, 'data', 'h2'), { recursive: true });
  return home;
}

async function start(directory: string, home: string): Promise<string> {
  const component = startComponent({ directory, name: 'keycloak', command: [join(import.meta.dirname, 'run-keycloak.sh'), home] });
  // It binds a port of the system's choice and says which.
  const url = (): string | undefined =>
    /Listening on: (http:\/\/127\.0\.0\.1:\d+)/.exec(readFileSync(join(directory, 'log', 'keycloak.log'), 'utf8'))?.[1];
  await until(() => url() !== undefined, { what: 'Keycloak serving', withinSeconds: 180, components: [component] });
  return url() ?? '';
}
