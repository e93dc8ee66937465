/** Which program opens a browser for the person who typed the command, or why none would be seen. Pure. */

export interface Surroundings {
  readonly platform: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly isContainer: boolean;
}

export interface OpeningCommand {
  readonly program: string;
  readonly arguments: readonly string[];
}

export type BrowserChoice =
  /** To be tried in this order. */
  | { readonly kind: 'commands'; readonly commands: readonly OpeningCommand[] }
  | { readonly kind: 'none'; readonly why: 'ssh' | 'container' | 'no-display' };

/** `$BROWSER` is the person's word and comes first. Over SSH a browser would open where the person is not, unless the display came along. */
export function chooseBrowser(surroundings: Surroundings, url: string): BrowserChoice {
  const { platform, variables, isContainer } = surroundings;
  const named = variables['BROWSER'] ?? '';
  if (named.trim() !== '') return { kind: 'commands', commands: namedCommands(named, platform, url) };
  const isRemote = isSet(variables['SSH_CONNECTION']) || isSet(variables['SSH_TTY']);
  const hasDisplay = isSet(variables['DISPLAY']) || isSet(variables['WAYLAND_DISPLAY']);
  if (isRemote && !(hasDisplay && platform !== 'darwin' && platform !== 'win32')) return { kind: 'none', why: 'ssh' };
  if (platform === 'darwin') return { kind: 'commands', commands: [{ program: 'open', arguments: [url] }] };
  // Not `start`: the shell behind it gives & and % in addresses a meaning.
  const windows = { program: 'rundll32.exe', arguments: ['url.dll,FileProtocolHandler', url] };
  if (platform === 'win32') return { kind: 'commands', commands: [windows] };
  const onDesktop = { program: 'xdg-open', arguments: [url] };
  if (isSet(variables['WSL_DISTRO_NAME']))
    return { kind: 'commands', commands: [{ program: 'wslview', arguments: [url] }, windows, ...(hasDisplay ? [onDesktop] : [])] };
  if (hasDisplay) return { kind: 'commands', commands: [onDesktop] };
  return { kind: 'none', why: isContainer ? 'container' : 'no-display' };
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

/** As xdg-open reads it: commands between colons, `%s` stands for the address. No shell is involved. */
function namedCommands(named: string, platform: string, url: string): OpeningCommand[] {
  const commands = platform === 'win32' ? [named] : named.split(':');
  return commands
    .map((command) => command.trim().split(/\s+/))
    .filter(([program]) => isSet(program))
    .map(([program = '', ...words]) => ({
      program,
      arguments: words.some((word) => word.includes('%s')) ? words.map((word) => word.replaceAll('%s', () => url)) : [...words, url],
    }));
}
