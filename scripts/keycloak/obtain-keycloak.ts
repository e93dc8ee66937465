/** Keycloak, found in the cache or put there once. By hand: node scripts/keycloak/obtain-keycloak.ts */
import { join } from 'node:path';
import { buildOnce, cached, isExecutable, type Log } from '../kubernetes/build.ts';

export const keycloakVersion = '26.0.8';
const archiveSha256 = 'd82a52098db41f036bcfe8f2ebfd9251781c8af5959af8714e8aa9b311081786';

/** The folder of a Keycloak that was started once; shared, so nobody runs it there. */
export async function obtainKeycloak(log: Log = console.error): Promise<string> {
  const folder = cached(`keycloak-${keycloakVersion}`);
  const keycloak = join(folder, 'keycloak');
  if (!isExecutable(join(keycloak, 'bin', 'kc.sh'))) {
    const build = join(import.meta.dirname, 'obtain-keycloak.sh');
    await buildOnce(`Keycloak ${keycloakVersion} (once, a minute or two)`, [build, folder, keycloakVersion, archiveSha256], log);
  }
  return keycloak;
}

if (import.meta.main) console.log(await obtainKeycloak());
