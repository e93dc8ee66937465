/** Builds the web UI into dist/server/web: one page, scripts and styles by the hash of what is in them, each of them packed as well. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = new URL('../', import.meta.url);
const out = new URL('dist/server/web/', root);

export async function buildWeb(): Promise<void> {
  await build({
    root: fileURLToPath(new URL('server/web', root)),
    configFile: false,
    logLevel: 'warn',
    build: {
      outDir: fileURLToPath(out),
      emptyOutDir: true,
      assetsDir: 'ui',
      target: 'es2023',
      // The page's policy takes nothing that is written into it, pictures neither.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: {
        // Before any schema is made zod has to know not to compile them: what says so stands with it, whichever pieces share the rest.
        output: { codeSplitting: { groups: [{ name: 'schemas', test: /node_modules[\\/]zod[\\/]|settle-zod\.ts$/ }] } },
        onLog: (level, log, handle) => {
          // `"use client"` is for servers that render; there is none here.
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
        },
      },
    },
  });
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(?:js|css|svg|html)$/.test(entry.name)) continue;
    const file = `${entry.parentPath}/${entry.name}`;
    const content = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
    writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
  }
}
