/** A file that others replace while this program runs. */
import { readFileSync, statSync } from 'node:fs';

const lookMilliseconds = 1000;

/** Reads the file again when it changed; looks at most once a second. While it cannot be read, what it held stands. */
export function watchedFile(path: string): () => string {
  let text = readFileSync(path, 'utf8');
  let modified = statSync(path).mtimeMs;
  let lookedAt = performance.now();
  return () => {
    if (performance.now() - lookedAt < lookMilliseconds) return text;
    lookedAt = performance.now();
    try {
      const { mtimeMs } = statSync(path);
      if (mtimeMs === modified) return text;
      text = readFileSync(path, 'utf8');
      modified = mtimeMs;
    } catch {
      // Between two names of a file that is being replaced; the next look finds it.
    }
    return text;
  };
}
