/** How the terms of a grant are written in tables. */
import { formatDuration } from '../shared/ttl.ts';

/** `15m`: how long ago a second factor may have been proven; null: it asks for none. */
export const mfaOf = ({ mfaSeconds }: { readonly mfaSeconds: number | null }): string | null =>
  mfaSeconds === null ? null : formatDuration(mfaSeconds);
