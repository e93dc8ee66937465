/** Gets the login's address in front of the person: in a browser where one can be opened, else in words that say why not and what else there is. */
import { isIP } from 'node:net';
import type { Environment, Variables } from '../environment.ts';
import { CliError } from '../failure.ts';
import type { Output } from '../output.ts';
import { browserFor, openBrowser } from './open-browser.ts';

/** Where no browser can be opened for the person: a code to type elsewhere, instead of an address; or none, and whether the server closed them. */
export type Codes = 'instead' | 'closed' | 'none';

interface Announcement {
  readonly environment: Environment;
  readonly output: Output;
  readonly server: string;
  readonly noBrowser: boolean;
  readonly codes: Codes;
}

interface Address {
  readonly url: string;
  readonly port: number;
}

/** Nobody would see a browser here: the person's is elsewhere, and so cannot reach this machine's loopback. */
export interface NoBrowser {
  readonly status: 'no-browser';
  readonly reason: string;
}

const reasons = {
  ssh: 'this is an SSH session: a browser would open where you are not',
  container: 'this is a container without a display',
  'no-display': 'there is no display',
} as const;

const otherWays = 'log in with a password (--user EMAIL) or an access key (--key-stdin)';

/** Undefined: the person has the address. With a code instead it is never printed where they could not use it. */
export async function announceLogin(
  { environment, output, server, noBrowser, codes }: Announcement,
  { url, port }: Address,
): Promise<NoBrowser | undefined> {
  const { variables } = environment;
  if (noBrowser) {
    output.warn(`open this address in a browser on this machine to log in to ${server}:`);
    output.warn(url);
    return undefined;
  }
  const choice = browserFor(environment, url);
  if (choice.kind === 'commands' && (await openBrowser(choice.commands, variables))) {
    output.say(`a browser was opened to log in to ${server}; should it show nothing, open there:`);
    output.say(url);
    return undefined;
  }
  const why = choice.kind === 'none' ? choice.why : undefined;
  const noBrowserHere = why === undefined ? 'no browser could be opened' : reasons[why];
  const reason = codes === 'closed' ? `${noBrowserHere}, and logins by a code are closed at ${server}` : noBrowserHere;
  if (environment.stderr.isTTY !== true)
    throw new CliError(
      'wrongUse',
      `${reason}, and nobody is at the terminal; ${otherWays}, or have ${codes === 'instead' ? 'a code printed (--device) or ' : ''}the address printed (--no-browser)`,
    );
  if (codes === 'instead') return { status: 'no-browser', reason };
  output.warn(`${reason}; ${otherWays}, or`);
  for (const line of why === undefined || why === 'no-display' ? here(url) : elsewhere(variables, { url, port })) output.warn(line);
  return undefined;
}

const here = (url: string): string[] => ['open this address in a browser on this machine:', url];

/** The answer comes to a port of this machine: it has to be the browser's, too. */
const elsewhere = (variables: Variables, { url, port }: Address): string[] => [
  `on the machine in front of you, let port ${port} lead here:  ssh -N -L ${port}:127.0.0.1:${port} ${ownAddress(variables)}`,
  'and open this address in a browser there:',
  url,
];

/** As the person's SSH client reached it: `SSH_CONNECTION` is client address, port, own address, port. */
function ownAddress({ SSH_CONNECTION: connection, USER: user }: Variables): string {
  const address = connection?.split(' ')[2] ?? '';
  const host = isIP(address) === 0 ? 'THIS-MACHINE' : address;
  return user !== undefined && /^[a-z_][a-z0-9_.-]*$/i.test(user) ? `${user}@${host}` : host;
}
