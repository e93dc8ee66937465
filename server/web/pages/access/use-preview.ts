import { useEffect, useState } from 'react';
import { api } from '../../../../shared/api/index.ts';
import type { GrantPreview } from '../../../../shared/api/grants.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { useRead } from '../../api/reads.ts';
import { bodyOf, isSaid, type Wish, type WishBody } from './wish.ts';

const typingMilliseconds = 300;
const nothing: WishBody = { subject: '', role: '', resource: '' };

export interface Foreseen {
  /** Undefined: there is nothing to foresee yet. */
  readonly data: GrantPreview | undefined;
  readonly error: Error | null;
  /** It is about what was typed before. */
  readonly isOlder: boolean;
  readonly retry: () => void;
}

/** What the wish would change, asked for when there is a pause in the typing. A reason changes nothing for anybody. */
export function usePreview(wish: Wish): Foreseen {
  const [asked, setAsked] = useState<{ readonly wish: Wish; readonly body: WishBody | undefined }>();
  useEffect(() => {
    const pause = setTimeout(() => {
      setAsked({ wish, body: isSaid(wish) ? bodyOf({ ...wish, reason: '' }, systemClock.now()) : undefined });
    }, typingMilliseconds);
    return () => clearTimeout(pause);
  }, [wish]);
  const enabled = asked?.body !== undefined;
  const found = useRead(api.grants.preview, { body: asked?.body ?? nothing }, { enabled });
  return {
    data: enabled ? found.data : undefined,
    error: enabled ? found.error : null,
    isOlder: asked?.wish !== wish || found.isPlaceholderData,
    retry: () => void found.refetch(),
  };
}
