/** The gate's rules before inputs of fast-check's making, for minutes. */
import { gateProperties } from '../rules/gate-fuzz/properties.ts';
import type { Rules } from './outcome.ts';

/** In all. */
const seconds = 300;
const runsAtOnce = 10_000;

export async function gateFuzz({ note, holds }: Rules): Promise<void> {
  for (const { title, check } of gateProperties) {
    const end = performance.now() + (seconds * 1000) / gateProperties.length;
    let tried = 0;
    try {
      for (; performance.now() < end; tried += runsAtOnce) await check(runsAtOnce);
      note(`${tried} inputs: ${title}`);
    } catch (error) {
      holds(`${title}\n${error instanceof Error ? error.message : String(error)}`, false);
    }
  }
}
