/** Shapes that settings of both services share: addresses to listen on, durations. Each refusal says how it is written. */
import { z } from 'zod';
import { parseHostAndPort } from '../host-and-port.ts';
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

/** As people write it: on or off, in the file true or false. */
export const onOff = z
  .union([z.boolean(), z.enum(['on', 'off', 'true', 'false'])], { error: 'must be on or off' })
  .transform((value) => value === true || value === 'on' || value === 'true');

export const hostAndPort = z
  .string()
  .refine((text) => parseHostAndPort(text) !== undefined, 'must be HOST:PORT, such as k8s.example.com:8444');

/** Seconds. */
export const duration = z.string().transform((text, context): number => {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 45m, 12h or 7d' });
  return z.NEVER;
});
