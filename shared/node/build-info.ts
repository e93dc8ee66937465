/** Version and commit of this build: written beside the compiled files by the build, read from there. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const buildInfo = z.object({ version: z.string(), commit: z.string() });
export type BuildInfo = z.output<typeof buildInfo>;

/** `dist/build.json`, or a plain `0.0.0` when run from source. */
export function readBuildInfo(): BuildInfo {
  try {
    return buildInfo.parse(JSON.parse(readFileSync(new URL('../../build.json', import.meta.url), 'utf8')));
  } catch {
    return { version: '0.0.0', commit: 'source' };
  }
}

export const formatBuildInfo = (info: BuildInfo): string => `${info.version} (${info.commit})`;
