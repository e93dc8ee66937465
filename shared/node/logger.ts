/** Structured logs on stdout, one JSON object a line. Names of people go in, secrets do not: they are `SecretValue`s, and these paths are cut besides. */
import { pino, type Logger } from 'pino';

export type { Logger };

export interface LoggerOptions {
  readonly program: string;
  readonly level: string;
}

const secretPaths = [
  'password',
  'newPassword',
  'currentPassword',
  'secret',
  'key',
  'token',
  'joinToken',
  'changeToken',
  'authorization',
  'headers.authorization',
  'headers.cookie',
];

export function createLogger(options: LoggerOptions): Logger {
  return pino({
    level: options.level,
    base: { program: options.program },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: [...secretPaths, ...secretPaths.map((path) => `*.${path}`)], censor: '[secret]' },
  });
}
