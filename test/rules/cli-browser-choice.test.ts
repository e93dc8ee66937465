/** Which program opens the browser, and when none would be seen by the person at the terminal. */
import { expect } from 'chai';
import { chooseBrowser, type Surroundings } from '../../cli/browser-login/browser-choice-rules.ts';

const url = 'https://infra.example.com/login/cli?port=40000&state=s&challenge=c';
const choose = (platform: string, variables: Surroundings['variables'] = {}, isContainer = false): unknown => {
  const choice = chooseBrowser({ platform, variables, isContainer }, url);
  return choice.kind === 'none' ? choice.why : choice.commands.map(({ program, arguments: args }) => [program, ...args].join(' '));
};
const ssh = { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.2 22' };

describe('the browser of a login', () => {
  for (const [title, chosen, expected] of [
    ['macOS', choose('darwin'), [`open ${url}`]],
    ['Windows, past the shell that gives & a meaning', choose('win32'), [`rundll32.exe url.dll,FileProtocolHandler ${url}`]],
    ['a Linux desktop', choose('linux', { DISPLAY: ':0' }), [`xdg-open ${url}`]],
    ['a Wayland desktop', choose('linux', { WAYLAND_DISPLAY: 'wayland-0' }), [`xdg-open ${url}`]],
    [
      'WSL: the browser of Windows',
      choose('linux', { WSL_DISTRO_NAME: 'Debian' }),
      [`wslview ${url}`, `rundll32.exe url.dll,FileProtocolHandler ${url}`],
    ],
    ['SSH with a forwarded display', choose('linux', { ...ssh, DISPLAY: 'localhost:10.0' }), [`xdg-open ${url}`]],
  ] as const)
    it(`is opened on ${title}`, () => expect(chosen).to.deep.equal(expected));

  for (const [title, chosen, expected] of [
    ['an SSH session', choose('linux', ssh), 'ssh'],
    ['an SSH session to a Mac, whose screen is elsewhere', choose('darwin', ssh), 'ssh'],
    ['a container', choose('linux', {}, true), 'container'],
    ['a server', choose('linux'), 'no-display'],
  ] as const)
    it(`is none in ${title}`, () => expect(chosen).to.equal(expected));

  it('is the one in $BROWSER wherever that is set: several between colons, %s for the address, never by a shell', () => {
    expect(choose('linux', { ...ssh, BROWSER: 'firefox' })).to.deep.equal([`firefox ${url}`]);
    expect(choose('linux', { BROWSER: 'lynx -x %s:w3m' })).to.deep.equal([`lynx -x ${url}`, `w3m ${url}`]);
    const choice = chooseBrowser({ platform: 'linux', variables: { BROWSER: 'sh -c $(x);y' }, isContainer: false }, url);
    expect(choice).to.deep.equal({ kind: 'commands', commands: [{ program: 'sh', arguments: ['-c', '$(x);y', url] }] });
    expect(choose('linux', { BROWSER: ' ' })).to.equal('no-display');
  });
});
