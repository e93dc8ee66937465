/** scim2-tester (PyPI), found in the cache or put there once. By hand: node scripts/scim/obtain-scim-tester.ts */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildOnce, cached, type Log } from '../kubernetes/build.ts';

const testerVersion = '0.5.2';

/** A folder for PYTHONPATH. */
export async function obtainScimTester(log: Log = console.error): Promise<string> {
  const folder = cached(`scim2-tester-${testerVersion}`);
  const packages = join(folder, 'packages');
  if (!existsSync(packages))
    await buildOnce(`scim2-tester ${testerVersion} (once, seconds)`, [join(import.meta.dirname, 'obtain-scim-tester.sh'), folder], log);
  return packages;
}

if (import.meta.main) console.log(await obtainScimTester());
