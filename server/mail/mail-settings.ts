/** Settings of outgoing mail. Without `mail.url` none is sent, and nothing that needs one is offered. */
import { z } from 'zod';
import { email } from '../../shared/api/values.ts';
import { ConfigError, type Config, type Settings } from '../../shared/node/load-config.ts';

const mailUrl = z
  .string()
  .refine(
    (text) => parseMailUrl(text) !== undefined,
    'must be smtps://HOST[:PORT], or smtp://HOST[:PORT] where STARTTLS is demanded, with neither user, password nor path in it; those go into mail.user and mail.passwordFile',
  );

export const mailSettings = {
  'mail.url': {
    schema: mailUrl.optional(),
    help: 'who delivers our mail: smtps://HOST[:465], or smtp://HOST[:587] with STARTTLS demanded (no mail)',
  },
  'mail.from': { schema: email.optional(), help: 'address that mail comes from' },
  'mail.user': { schema: z.string().min(1).max(300).optional(), help: 'name to log in with at mail.url (no login)' },
  'mail.passwordFile': { schema: z.string().min(1).optional(), help: 'a file with its password; read again for each mail' },
} as const satisfies Settings;

export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** False: TLS begins with STARTTLS, and nothing is said before it. */
  readonly isTlsFromStart: boolean;
  readonly from: string;
  readonly login: { readonly user: string; readonly passwordFile: string } | undefined;
}

/** Undefined: no mail. */
export function readMailSettings(config: Config<typeof mailSettings>): MailSettings | undefined {
  const { 'mail.url': url, 'mail.from': from, 'mail.user': user, 'mail.passwordFile': passwordFile } = config;
  const server = url === undefined ? undefined : parseMailUrl(url);
  if (server === undefined) {
    if (from === undefined && user === undefined && passwordFile === undefined) return undefined;
    throw new ConfigError('mail.url (--mail-url) is missing, and the other settings of mail need it; give it, or none of them');
  }
  if (from === undefined) throw new ConfigError('mail.from (--mail-from) is missing: the address that mail comes from');
  if ((user === undefined) !== (passwordFile === undefined))
    throw new ConfigError('mail.user and mail.passwordFile (--mail-user, --mail-password-file) belong together; give both or neither');
  return { ...server, from, login: user === undefined || passwordFile === undefined ? undefined : { user, passwordFile } };
}

const defaultPorts: Readonly<Record<string, number>> = { 'smtps:': 465, 'smtp:': 587 };

function parseMailUrl(text: string): Pick<MailSettings, 'host' | 'port' | 'isTlsFromStart'> | undefined {
  const url = URL.parse(text);
  const port = defaultPorts[url?.protocol ?? ''];
  if (url === null || port === undefined || !/^(?:[a-z0-9.-]+|\[[0-9a-f:]+\])$/i.test(url.hostname)) return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || !['', '/'].includes(url.pathname))
    return undefined;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? port : Number(url.port),
    isTlsFromStart: url.protocol === 'smtps:',
  };
}
