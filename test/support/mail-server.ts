/** A real mail server in this process: TLS from the start or by STARTTLS, user and password, and every mail that came, taken apart. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { createCertificateAuthority } from '../../scripts/kubernetes/certificates.ts';
import { startServer, type RunningServer, type ServerWish } from './server.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface ReceivedMail {
  /** Who it was delivered to, whatever its headers say. */
  readonly recipients: readonly string[];
  readonly raw: string;
  readonly email: Email;
  readonly isOverTls: boolean;
  readonly user: string | undefined;
}

export interface MailServer {
  readonly mails: ReceivedMail[];
  /** Passwords that came, right or wrong. */
  readonly passwords: string[];
  /** Connections that were made to it. */
  connections(): number;
  /** Refuses every recipient with this answer; undefined: takes all. */
  refuseWith: { readonly code: number; readonly text: string } | undefined;
  /** Settings and environment of an infra-server that sends here. */
  readonly wish: Pick<ServerWish, 'settings' | 'env'>;
  readonly passwordFile: string;
  /** The mail to this address that came after those that were there. */
  next(to: string, after: number): Promise<ReceivedMail>;
  stop(): Promise<void>;
}

export const mailPassword = 'canary of the mail password';

interface MailServerWish {
  readonly scheme?: 'smtps' | 'smtp';
  /** Of its certificate; another than `localhost` is somebody else's. */
  readonly servedName?: string;
  readonly options?: SMTPServerOptions;
}

export async function startMailServer({
  scheme = 'smtps',
  servedName = 'localhost',
  options = {},
}: MailServerWish = {}): Promise<MailServer> {
  const directory = tempDir('infra-mail');
  mkdirSync(join(directory, 'pki'), { recursive: true });
  const authority = await createCertificateAuthority(directory, 'authority of the mail server');
  await authority.issue({ name: 'mail', commonName: servedName, serves: [servedName] });
  const file = (name: string): string => join(directory, 'pki', name);
  const passwordFile = join(directory, 'mail-password');
  writeFileSync(passwordFile, `${mailPassword}\n`, { mode: 0o600 });
  const mails: ReceivedMail[] = [];
  const passwords: string[] = [];
  let connections = 0;
  const server = new SMTPServer({
    ...{ secure: scheme === 'smtps', key: readFileSync(file('mail.key')), cert: readFileSync(file('mail.crt')) },
    authMethods: ['PLAIN', 'LOGIN'],
    onConnect: (_session, callback) => {
      connections += 1;
      callback();
    },
    onAuth: ({ username, password }, _session, callback) => {
      passwords.push(password ?? '');
      if (username === 'infra' && password === mailPassword) callback(null, { user: username });
      else callback(new Error('no such user'));
    },
    onRcptTo: (_address, _session, callback) => {
      const { refuseWith } = mailServer;
      callback(refuseWith === undefined ? null : Object.assign(new Error(refuseWith.text), { responseCode: refuseWith.code }));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        void PostalMime.parse(raw).then((email) => {
          const recipients = session.envelope.rcptTo.map(({ address }) => address);
          mails.push({
            recipients,
            raw,
            email,
            isOverTls: session.secure,
            user: typeof session.user === 'string' ? session.user : undefined,
          });
          callback();
        });
      });
    },
    ...options,
  });
  // Clients that go away in the middle are part of the tests.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening TCP server has such an address.
  const { port } = server.server.address() as AddressInfo;
  const mailServer: MailServer = {
    mails,
    passwords,
    connections: () => connections,
    refuseWith: undefined,
    passwordFile,
    wish: {
      settings: {
        'mail-url': `${scheme}://localhost:${port}`,
        'mail-from': 'infra@example.com',
        'mail-user': 'infra',
        'mail-password-file': passwordFile,
      },
      env: { NODE_EXTRA_CA_CERTS: file('ca.crt') },
    },
    next: async (to, after) =>
      waitFor(() => mails.slice(after).find(({ recipients }) => recipients.includes(to)), { within: 15, what: `a mail to ${to}` }),
    stop: async () => new Promise((resolve) => server.close(() => resolve())),
  };
  return mailServer;
}

/** An infra-server that sends its mail there. */
export const startMailingServer = async (mail: MailServer, wish: ServerWish = {}): Promise<RunningServer> =>
  startServer({ ...wish, settings: { ...mail.wish.settings, ...wish.settings }, env: { ...mail.wish.env, ...wish.env } });

/** The address that a mail leads to, and the secret in it. */
export function linkIn({ email }: ReceivedMail): { readonly url: URL; readonly token: string } {
  const [link = ''] = /https:\/\/\S+#\S+/.exec(email.text ?? '') ?? [];
  const url = new URL(link);
  return { url, token: url.hash.slice(1) };
}

/** A link as if it had been mailed, where no mail goes out. */
export function plantResetLink(server: RunningServer, identityId: string, createdAt = Date.now()): string {
  const token = `infra_reset_${randomBytes(32).toString('base64url')}`;
  const database = new Sqlite(server.databaseFile);
  database
    .prepare("INSERT INTO tokens (id, kind, secret_hash, subject_id, created_at, expires_at) VALUES (?, 'password-reset', ?, ?, ?, ?)")
    .run(
      `tok_${randomBytes(8).toString('hex')}`,
      createHash('sha256').update(token).digest('hex'),
      identityId,
      new Date(createdAt).toISOString(),
      new Date(createdAt + 1_200_000).toISOString(),
    );
  database.close();
  return token;
}

/** What waits to be sent is due now: hours are not waited for. */
export function hurryMail(server: RunningServer): void {
  const database = new Sqlite(server.databaseFile);
  database.prepare('UPDATE outgoing_mails SET due_at = ?').run(new Date(0).toISOString());
  database.close();
}

export function waitingMails(server: RunningServer): readonly { readonly kind: string; readonly attempts: number }[] {
  const database = new Sqlite(server.databaseFile, { readonly: true });
  const rows = database.prepare<[], { kind: string; attempts: number }>('SELECT kind, attempts FROM outgoing_mails').all();
  database.close();
  return rows;
}
