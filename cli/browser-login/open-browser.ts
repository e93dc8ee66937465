/** Starts the person's browser and leaves it alone. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Environment, Variables } from '../environment.ts';
import { type BrowserChoice, chooseBrowser, type OpeningCommand } from './browser-choice-rules.ts';

/** An opener that still runs after this has become the browser itself. */
const patienceMilliseconds = 3_000;

export function browserFor({ platform, variables }: Pick<Environment, 'platform' | 'variables'>, url: string): BrowserChoice {
  const isContainer = existsSync('/.dockerenv') || existsSync('/run/.containerenv');
  return chooseBrowser({ platform, variables, isContainer }, url);
}

/** Whether one of the commands took the address. */
export async function openBrowser(commands: readonly OpeningCommand[], variables: Variables): Promise<boolean> {
  for (const command of commands) if (await start(command, variables)) return true;
  return false;
}

function start({ program, arguments: args }: OpeningCommand, variables: Variables): Promise<boolean> {
  return new Promise((resolve) => {
    // In a session of its own: Ctrl-C here ends the login and not the browser.
    const child = spawn(program, args, { stdio: 'ignore', detached: true, env: { ...variables } });
    const timer = setTimeout(() => resolve(true), patienceMilliseconds);
    const end = (isOpened: boolean): void => {
      clearTimeout(timer);
      resolve(isOpened);
    };
    child.once('error', () => end(false));
    child.once('exit', (code) => end(code === 0));
    child.unref();
  });
}
