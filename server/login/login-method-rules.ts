/** Which ways to log in there are, as anyone may ask: a client need not try what is closed. Pure. */
import { ownPagesMethod } from '../../shared/api/browser-login.ts';
import type { ServerInfo } from '../../shared/api/server-info.ts';

interface Offered {
  readonly deviceLogin: boolean;
  readonly hasProviders: boolean;
}

export const loginMethodsOf = ({ deviceLogin, hasProviders }: Offered): Pick<ServerInfo, 'loginMethods' | 'closedLoginMethods'> => ({
  loginMethods: [
    'password',
    ownPagesMethod,
    'access-key',
    'workload-token',
    ...(deviceLogin ? ['device'] : []),
    ...(hasProviders ? ['browser'] : []),
  ],
  closedLoginMethods: deviceLogin ? [] : ['device'],
});
