/** The first admin from settings: read and judged before the installation is made. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '../shared/node/load-config.ts';
import { adminPasswordFileVariable, type ServerConfig } from './config.ts';
import { passwordPreparation } from './login/password-preparation.ts';
import type { FirstAdmin } from './login/setup-service.ts';

/** Undefined without settings for one: a set-up link is printed then. */
export async function configuredAdmin({ email, passwordFile }: ServerConfig['admin']): Promise<FirstAdmin | undefined> {
  if (email === undefined || passwordFile === undefined) return undefined;
  try {
    return { email, password: await passwordPreparation.chosen(readFileSync(passwordFile, 'utf8').trim(), email) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown error';
    throw new ConfigError(`the first admin's password (${adminPasswordFileVariable}=${passwordFile}) cannot be used: ${reason}`);
  }
}
