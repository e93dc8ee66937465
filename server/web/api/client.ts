/** The one way to the server: the public API, as the typed client speaks it, proven by this browser's cookie. */
import { createClient, type ClientOptions } from '../../../shared/client.ts';
import { uiHeader } from '../../../shared/api/ui-login.ts';

export const clientOptions: ClientOptions = {
  baseUrl: location.origin,
  fetch: async (url, init) => fetch(url, { ...init, credentials: 'same-origin', cache: 'no-store' }),
  authorize: () => ({ [uiHeader.name]: uiHeader.value }),
};

export const call = createClient(clientOptions);
