/** `infra login` by browser as a person types it, with a browser that only notes where it was sent: the test goes there, or not. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Terminal } from './infra.ts';
import { type Program, startProgram } from './program.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface NotingBrowser {
  /** A value for `$BROWSER`. */
  readonly program: string;
  /** Every address that was opened. */
  opened(): readonly string[];
  /** @param within seconds. */
  firstOpened(within?: number): Promise<URL>;
}

export function notingBrowser(): NotingBrowser {
  const directory = tempDir('infra-browser');
  const [program, notes] = [join(directory, 'browser'), join(directory, 'opened')];
  // One short write: those of several processes do not mix.
  writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$1" >>'${notes}'\n`, { mode: 0o755 });
  // Whole lines alone: it may be read while it is written.
  const opened = (): string[] => (existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').slice(0, -1) : []);
  return {
    program,
    opened,
    firstOpened: async (within = 30) => new URL(await waitFor(() => opened()[0], { within, what: 'the browser to be opened' })),
  };
}

export interface LoginWish {
  readonly terminal: Terminal;
  readonly server: { readonly url: string; readonly caFile: string };
  readonly browser: NotingBrowser;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const startBrowserLogin = ({ terminal, server, browser, args = [], env = {} }: LoginWish): Program =>
  startProgram({
    program: 'cli',
    // A test that goes wrong shall not wait for ten minutes.
    args: ['login', server.url, '--ca', server.caFile, ...(args.includes('--timeout') ? [] : ['--timeout', '40s']), ...args],
    env: { ...terminal.env, BROWSER: browser.program, ...env },
  });

export interface LoopbackRequest {
  readonly method?: string;
  /** Path and query, as it goes on the wire. */
  readonly target: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly address?: string;
}

export interface LoopbackAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** As the wire allows and no browser would: any Host, any target. Without `headers` it is what a browser sends that was redirected there. */
export async function askLoopback(
  port: string,
  { method = 'GET', target, headers = [['host', `127.0.0.1:${port}`]], address = '127.0.0.1' }: LoopbackRequest,
): Promise<LoopbackAnswer> {
  const socket = connect(Number(port), address);
  socket.write([`${method} ${target} HTTP/1.1`, ...headers.map((pair) => pair.join(': ')), '', ''].join('\r\n'));
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const pairs = lines.map((line): [string, string] => {
    const [name = '', ...rest] = line.split(': ');
    return [name.toLowerCase(), rest.join(': ')];
  });
  return { status: Number(first.split(' ')[1]), headers: new Map(pairs), body };
}

export const portOf = (opened: URL): string => opened.searchParams.get('port') ?? '';
export const stateOf = (opened: URL): string => opened.searchParams.get('state') ?? '';

/** The browser comes back from the server with this. */
export const bringAnswer = async (opened: URL, answer: Readonly<Record<string, string>>): Promise<LoopbackAnswer> =>
  askLoopback(portOf(opened), { target: `/callback?${new URLSearchParams({ state: stateOf(opened), ...answer }).toString()}` });
