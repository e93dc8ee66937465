/** What tsc does not do: the build's version and commit beside the compiled files, the web UI, static files copied, executables executable. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { buildWeb } from './build-web.ts';

const root = new URL('../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

writeFileSync(new URL('dist/build.json', root), `${JSON.stringify({ version, commit: commit() })}\n`);
for (const folder of ['server/pages', 'cli/shell']) {
  const source = new URL(folder, root);
  if (existsSync(source)) cpSync(source, new URL(`dist/${folder}`, root), { recursive: true });
}
await buildWeb();
cpSync(new URL('server/web/tokens.css', root), new URL('dist/server/pages/tokens.css', root));
for (const program of ['cli', 'server', 'connector']) {
  const main = new URL(`dist/${program}/main.js`, root);
  if (existsSync(main)) chmodSync(main, 0o755);
}
