/** Shapes that settings of both services share: addresses to listen on, durations. Each refusal says how it is written. */
import { z } from 'zod';
import { parseDuration } from '../ttl.ts';
import { parseListenAddress, type ListenAddress } from './listen-address.ts';

export const listenAddress = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context): ListenAddress => {
      const address = parseListenAddress(text);
      if (address !== undefined) return address;
      context.addIssue({ code: 'custom', message: `must be HOST:PORT, such as ${fallback}` });
      return z.NEVER;
    });

/** Seconds. */
export const duration = z.string().transform((text, context): number => {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 45m, 12h or 7d' });
  return z.NEVER;
});
