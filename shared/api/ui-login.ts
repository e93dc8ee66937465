/**
 * Signing in to the web UI, as the server and its pages see it. The browser opens `uiLoginUrl`; at the end of it the session is a cookie that no
 * script can read, and the browser is at `next`. Pages call the API with the header below, by `fetch` in its default mode.
 */
import { z } from 'zod';

export const uiLoginPath = '/login';
/** Where the browser is sent whom a provider did not let in. */
export const uiRefusedPath = '/login/refused';

/** Without it a cookie proves nothing: no page of another origin can send it without asking first (CORS), and nobody is allowed to. */
export const uiHeader = { name: 'infra-ui', value: '1' } as const;

export const uiLoginQuery = z.object({
  /** A path of this server; whatever is not plainly one becomes `/`. */
  next: z.unknown(),
  /** `ownProvider`: with a password. Absent: the one there is, or a page to choose from. */
  provider: z.string().max(100).optional(),
  /** The provider asks the person anew, even if it still knows the browser. */
  fresh: z.literal('true').optional(),
});

export interface UiLoginWish {
  readonly next: string;
  readonly provider?: string | undefined;
  readonly isFresh?: boolean;
}

/** Path and query, on the server that the page is from. */
export function uiLoginUrl({ next, provider, isFresh }: UiLoginWish): string {
  const query = new URLSearchParams({ next });
  if (provider !== undefined) query.set('provider', provider);
  if (isFresh === true) query.set('fresh', 'true');
  return `${uiLoginPath}?${query.toString()}`;
}
