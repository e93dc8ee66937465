/**
 * The end of a sign-in to the web UI: the code that came of it becomes a session here and now, in the answer to the browser that began it, and is
 * never told to anybody. Who may come in is looked at once more, as for every other use of such a code.
 */
import { toTime, type Clock } from '../../shared/clock.ts';
import type { AuditSource } from '../../shared/api/audit.ts';
import { DomainError } from '../../shared/api/problem.ts';
import type { Transact } from '../storage/transact.ts';
import { openArrivedSession, type ArrivedOptions, type ArrivedStores } from './arrived-session.ts';
import type { BrowserLoginStore } from './browser-login-store.ts';
import type { OpenedSession } from './open-session.ts';

interface Stores extends ArrivedStores {
  readonly browserLogins: Pick<BrowserLoginStore, 'exchange'>;
}
export interface UiSignInOptions extends ArrivedOptions {
  readonly transact: Transact<Stores>;
  readonly clock: Clock;
}

/** Throws `login.*` when the way in was closed since the person arrived. */
export type UiSignIn = (code: string, source: AuditSource) => Promise<OpenedSession>;

export const createUiSignIn =
  ({ transact, clock, ...options }: UiSignInOptions): UiSignIn =>
  async (code, source) =>
    transact(async (stores) => {
      const now = clock.now();
      const login = await stores.browserLogins.exchange(code, toTime(now));
      const opening = { source, now, refusal: closedMeanwhile, client: 'browser' } as const;
      const isOurs = login?.purpose.kind === 'ui';
      const opened = isOurs ? await openArrivedSession(stores, options, { login, ...opening }) : undefined;
      if (opened === undefined) throw new DomainError('login.expired', closedMeanwhile);
      return opened;
    });

const closedMeanwhile = 'Your account was disabled or changed while you were signing in. Begin again, or ask an admin.';
