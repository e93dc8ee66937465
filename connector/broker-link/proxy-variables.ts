/**
 * What the environment says of an HTTP proxy on the way to the server. Looked at once, at the start: what is no address of a proxy would be passed over in
 * silence further down, or shown whole in a sentence, password included.
 */
import { ConfigError } from '../../shared/node/load-config.ts';
import type { ProxyVariables } from './server-fetch.ts';

/** Lower case comes first, as everywhere. */
const names = ['https_proxy', 'HTTPS_PROXY'] as const;

export function readProxyVariables(env: ProxyVariables): ProxyVariables {
  const name = names.find((each) => (env[each] ?? '') !== '');
  if (name !== undefined && !isProxy(env[name] ?? ''))
    throw new ConfigError(
      `${name} must be http://[USER:PASSWORD@]HOST:PORT (or https://…); in a password every letter with a meaning in URLs, and %, is written as %XX`,
    );
  return env;
}

function isProxy(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password, pathname, search, hash } = new URL(text);
  return isDecodable(username) && isDecodable(password) && pathname === '/' && search === '' && hash === '';
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
