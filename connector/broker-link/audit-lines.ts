/** Access log lines as they are read back from disk. */
import { accessEvent, type AccessEvent } from '../../shared/api/connectors.ts';

/** What this program has written since its start needs no checking; undefined when the disk tore it. */
export function parseOwn(text: string): AccessEvent[] | undefined {
  try {
    return JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as AccessEvent[];
  } catch {
    return undefined;
  }
}

export function parseLine(line: string): AccessEvent | undefined {
  try {
    return accessEvent.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
