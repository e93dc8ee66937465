/** Who is in front of the page. Nothing else is drawn before that is known; afterwards a session that ends leaves the page as it is, under a dialog. */
import { createContext, useContext, useEffect, type ReactNode } from 'react';
import { api } from '../../../shared/api/index.ts';
import type { Whoami } from '../../../shared/api/sessions.ts';
import { uiLoginUrl } from '../../../shared/api/ui-login.ts';
import { SignedOut } from '../shell/signed-out.tsx';
import { Failed, Loading } from '../parts/states.tsx';
import { call } from './client.ts';
import { queryClient } from './query-client.ts';
import { useRead } from './reads.ts';
import { refusalOf } from './refusal.ts';
import { onReturn, useIsSignedOut } from './sign-in-state.ts';

const Me = createContext<Whoami | undefined>(undefined);

export function useMe(): Whoami {
  const me = useContext(Me);
  if (me === undefined) throw new Error('asked for whoever is signed in, outside of <Session>');
  return me;
}

/** Whether this person holds the role on `infra`; admin includes view. */
export const useMay = (role: 'view' | 'admin'): boolean => useMe().serverRoles.includes(role);

export function Session({ children }: { readonly children: ReactNode }): ReactNode {
  const { data: me, error } = useRead(api.sessions.current, {});
  const isSignedOut = useIsSignedOut();
  const isStranger = me === undefined && refusalOf(error).kind === 'signed-out';
  useEffect(() => {
    if (isStranger && error !== null) location.replace(uiLoginUrl({ next: location.pathname + location.search }));
  }, [isStranger, error]);
  const known = me?.identity.id;
  useEffect(
    () =>
      onReturn(() => {
        call(api.sessions.current, {}).then(
          (now) => {
            // Another person's page would be shown to this one.
            if (now.identity.id !== known) location.reload();
            else void queryClient.invalidateQueries();
          },
          // The next read says it.
          () => undefined,
        );
      }),
    [known],
  );
  if (me === undefined) {
    if (error === null || isStranger) return <Loading />;
    return <Failed error={error} onRetry={() => void queryClient.invalidateQueries()} />;
  }
  return (
    <Me.Provider value={me}>
      {children}
      {isSignedOut && <SignedOut email={me.identity.name} />}
    </Me.Provider>
  );
}
