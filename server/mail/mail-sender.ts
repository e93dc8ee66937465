/**
 * Hands a mail to the server that delivers it, over TLS or not at all; the one door to nodemailer. Trusts nobody's address: what could become
 * another header or another recipient is no address. What the other side answers stays here, but for its numbers.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { ConfigError } from '../../shared/node/load-config.ts';
import { SecretValue } from '../../shared/node/secret-value.ts';
import { isEmail } from '../../shared/resource-name.ts';
import type { MailSettings } from './mail-settings.ts';

export interface Mail {
  readonly to: string;
  readonly subject: string;
  /** Plain, and nothing else. */
  readonly text: string;
}

/** One sentence of ours. `isFinal`: another attempt would end alike. */
export class MailError extends Error {
  readonly isFinal: boolean;
  constructor(sentence: string, isFinal: boolean) {
    super(sentence);
    this.name = 'MailError';
    this.isFinal = isFinal;
  }
}

export interface MailSender {
  /** Resolves when the other side has taken the mail; throws `MailError`. */
  send(mail: Mail): Promise<void>;
}

const answerMilliseconds = 10_000;
/** Whatever happens: the next mail is not to wait behind this one for ever. */
const mailMilliseconds = 40_000;

/** Throws `ConfigError` when the password cannot be read. */
export function createMailSender(settings: MailSettings): MailSender {
  readPassword(settings);
  return {
    send: async (mail) => {
      if (!isEmail(mail.to) || /\p{C}/u.test(mail.subject)) throw new MailError('the address is none that mail can be sent to', true);
      const transport = openTransport(settings);
      const late = new AbortController();
      try {
        await Promise.race([
          transport.sendMail({
            // Taken apart already: as text they would be parsed, and a parser can be led.
            from: { name: 'infra', address: settings.from },
            to: { name: '', address: mail.to },
            envelope: { from: settings.from, to: [mail.to] },
            subject: mail.subject,
            text: mail.text,
            // RFC 3834 §5: no machine answers this.
            headers: { 'Auto-Submitted': 'auto-generated' },
            xMailer: false,
          }),
          delay(mailMilliseconds, undefined, { signal: late.signal }).then(() => {
            throw new MailError('the mail server took too long', false);
          }),
        ]);
      } catch (error) {
        throw error instanceof MailError ? error : explain(error);
      } finally {
        late.abort();
        transport.close();
      }
    },
  };
}

function openTransport(settings: MailSettings) {
  const { host, port, isTlsFromStart, login } = settings;
  const password = readPassword(settings);
  return createTransport({
    ...{ host, port, secure: isTlsFromStart, requireTLS: !isTlsFromStart },
    tls: { minVersion: 'TLSv1.2' },
    ...(login === undefined || password === undefined ? {} : { auth: { user: login.user, pass: password.reveal() } }),
    connectionTimeout: answerMilliseconds,
    greetingTimeout: answerMilliseconds,
    socketTimeout: answerMilliseconds,
    dnsTimeout: answerMilliseconds,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

function readPassword({ login }: MailSettings): SecretValue | undefined {
  if (login === undefined) return undefined;
  let password: string;
  try {
    password = readFileSync(login.passwordFile, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new ConfigError(`mail.passwordFile (${login.passwordFile}) cannot be read: ${code}`);
  }
  if (password === '') throw new ConfigError(`mail.passwordFile (${login.passwordFile}) is empty; write the password into it`);
  return new SecretValue(password);
}

const sentences: Readonly<Record<string, string>> = {
  EAUTH: 'the mail server does not take our user and password',
  ETLS: 'the mail server offers no TLS that holds',
  EENVELOPE: 'the mail server refuses the sender or the recipient',
  EMESSAGE: 'the mail server refuses the mail',
};

/** Codes of nodemailer, of Node and of SMTP are from fixed lists; text of the other side is not. */
function explain(error: unknown): MailError {
  if (error instanceof ConfigError) return new MailError(error.message, false);
  const { code, responseCode, cause } = (typeof error === 'object' ? error : {}) as Readonly<Record<string, unknown>>;
  const inner = (typeof cause === 'object' ? cause : {}) as Readonly<Record<string, unknown>> | null;
  const details = [responseCode, inner?.['code'] ?? code].filter((each) => /^(?:\d{3}|[A-Z][A-Z0-9_]{2,60})$/.test(String(each)));
  const sentence = sentences[String(code)] ?? 'the mail server cannot be reached over TLS';
  const isRefusal = code === 'EENVELOPE' || code === 'EMESSAGE';
  return new MailError(
    `${sentence}${details.length === 0 ? '' : ` (${details.join(', ')})`}`,
    isRefusal && typeof responseCode === 'number' && responseCode >= 500,
  );
}
