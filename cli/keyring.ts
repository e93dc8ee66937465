/**
 * The system's keyring, as far as it answers. It may be absent, locked, hanging or refusing, and whoever logs in or runs kubectl must not suffer
 * for it: a question has its time, and a fault is a value. Known by both ways of the program, so it imports nothing heavy.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from './environment.ts';
import { CliError } from './failure.ts';

export type KeyringRequest =
  | { readonly verb: 'keep'; readonly sessionId: string; readonly secret: string }
  | { readonly verb: 'read' | 'forget'; readonly sessionId: string };

/** `secret`: of `read`; null when there is none of that session. */
export type KeyringAnswer = { readonly secret: string | null } | { readonly fault: KeyringFault };
export type KeyringFault = 'absent' | 'silent' | 'refusing';

/**
 * Long enough for a keyring that has to be started; short enough for somebody who waits. A secret that is there and nowhere else is waited for
 * longer: fifty kubectl that start at once leave the process that asks little of the machine.
 */
const answerMilliseconds = { keep: 4000, forget: 4000, read: 12_000 } as const;

export function askKeyring(request: KeyringRequest): KeyringAnswer {
  const program = fileURLToPath(new URL('keyring-process.js', import.meta.url));
  // Loaded where it is needed: a plugin that has its answer in the cache does without.
  const { stdout, status, error } = process.getBuiltinModule('node:child_process').spawnSync(process.execPath, [program], {
    ...{ input: JSON.stringify(request), encoding: 'utf8', windowsHide: true },
    ...{ timeout: answerMilliseconds[request.verb], killSignal: 'SIGKILL' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  if (error !== undefined && 'code' in error && error.code === 'ETIMEDOUT') return { fault: 'silent' };
  if (error !== undefined || status !== 0) return { fault: 'absent' };
  // Our own program wrote it.
  return JSON.parse(stdout) as KeyringAnswer;
}

/** Whether a new session's secret goes into the keyring; `because`: why not, in words for `infra status`. */
export type KeyringChoice = { readonly use: true } | { readonly use: false; readonly because: string };

export function chooseKeyring({ variables, platform }: Pick<Environment, 'variables' | 'platform'>): KeyringChoice {
  const wish = variables['INFRA_KEYRING'] ?? '';
  if (wish === 'off') return { use: false, because: 'INFRA_KEYRING=off' };
  if (wish !== '' && wish !== 'auto') throw new CliError('wrongUse', `INFRA_KEYRING is auto or off, not "${wish}"`);
  // In a container, in CI and over most SSH there is no bus to ask on: that is known without asking.
  return platform !== 'linux' || hasSessionBus(variables) ? { use: true } : { use: false, because: faultWords.absent };
}

function hasSessionBus(variables: Environment['variables']): boolean {
  const runtime = variables['XDG_RUNTIME_DIR'] ?? '';
  return (variables['DBUS_SESSION_BUS_ADDRESS'] ?? '') !== '' || (runtime !== '' && existsSync(join(runtime, 'bus')));
}

export const faultWords: Readonly<Record<KeyringFault, string>> = {
  absent: 'there is no keyring here',
  silent: 'the keyring did not answer',
  refusing: 'the keyring is locked or refuses',
};
