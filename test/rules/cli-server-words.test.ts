/** What a lying server or another person wrote reaches neither kubeconfig nor terminal as it is (security.md rows 29, 33). */
import { expect } from 'chai';
import { parse } from 'yaml';
import { createOutput, type Format } from '../../cli/output.ts';
import { checkDestination, ownerOf, userEntry } from '../../cli/kubeconfig-entries.ts';
import { safeText } from '../../shared/safe-text.ts';
import type { DirectoryEntry } from '../../shared/api/destinations.ts';
import { directoryEntry } from '../../shared/api/destinations.ts';
import { handOutUntil } from '../../cli/credential-cache.ts';

const root = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUTj1o1RtZ3rJ0YxkKk9Lh0cJ1k8QwCgYIKoZIzj0EAwIw
-----END CERTIFICATE-----
`;

const entry = (changes: Partial<Record<keyof DirectoryEntry, unknown>>): DirectoryEntry =>
  ({
    ...directoryEntry.parse({
      id: 'dst_01234567890123456789abcdef',
      name: 'prod',
      kind: 'kubernetes',
      address: 'prod.example.com:8444',
      tlsServerName: 'dst_0.connector.example.com',
      relayAddress: 'infra.example.com:8443',
      tunnels: 0,
      online: true,
      lastSeenAt: null,
    }),
    ...changes,
  }) as DirectoryEntry;

describe('what the server says of a destination', () => {
  const evil = ['', 'infra', '../../x', 'a b', 'a:b', 'a\nusers:', "a'", 'A', 'ü', '-a', 'a.b', '$(id)', 'a'.repeat(64), '\u001b[2J', '*'];
  for (const name of evil)
    it(`is refused with the name ${JSON.stringify(name)}`, () =>
      expect(() => checkDestination(entry({ name }), '')).to.throw(/destination name .* nothing was written/));

  const noAddresses = [
    'prod',
    ':1',
    'a:0',
    'a:65536',
    'a b:1',
    'a:1/x',
    'u@a:1',
    'a:1\nb',
    '[::1',
    '[zz]:1',
    'a:1#',
    '-a:1',
    'a..b:1',
    '[::1]x:1',
  ];
  for (const address of noAddresses) {
    it(`is refused with the address ${JSON.stringify(address)}`, () =>
      expect(() => checkDestination(entry({ address }), '')).to.throw(/the address .* nothing was written/));
    it(`is refused with the relay address ${JSON.stringify(address)}, whichever way is taken`, () => {
      expect(() => checkDestination(entry({ relayAddress: address }), '')).to.throw(/the relay address .* nothing was written/);
      expect(() => checkDestination(entry({ relayAddress: address, address: null }), '')).to.throw(
        /the relay address .* nothing was written/,
      );
    });
  }

  for (const tlsServerName of ['', 'a b', 'a\nb', '*.x', 'a/b', 'x'.repeat(254)])
    it(`is refused with the TLS name ${JSON.stringify(tlsServerName).slice(0, 30)}`, () =>
      expect(() => checkDestination(entry({ tlsServerName }), '')).to.throw(/TLS name .* nothing was written/));

  for (const ca of ['', 'no certificate', root])
    it(`is refused with the authority ${JSON.stringify(ca.slice(0, 20))}`, () =>
      expect(() => checkDestination(entry({}), ca)).to.throw(/certificate authority.* nothing was written/));

  const unheard = { address: null, online: false, lastSeenAt: null };
  it('is nothing to write while nothing was ever heard of its connector', () =>
    expect(checkDestination(entry(unheard), '')).to.equal(undefined));

  for (const [sign, changes] of Object.entries({
    'a tunnel': { tunnels: 1 },
    'its being online': { online: true },
    'its having been': { lastSeenAt: '2026-01-02T03:04:05.000Z' },
  }))
    it(`is something to write without an address after ${sign}`, () =>
      expect(() => checkDestination(entry({ ...unheard, ...changes }), '')).to.throw(/empty certificate authority/));

  it('has no part in the command that kubectl runs', () => {
    const plugin = { command: '/home/ana/.config/infra/bin/kube-credential', argumentsBefore: [], home: undefined };
    const user = userEntry('infra:prod', { destination: 'dst_1', profile: 'h', plugin });
    const { exec } = user['user'] as { exec: Record<string, unknown> };
    expect(exec['command']).to.equal(plugin.command);
    expect(exec['args']).to.deep.equal(['kube', 'credential', '--destination', 'dst_1', '--profile', 'h']);
    expect(exec).to.not.have.property('env');
    expect(exec['interactiveMode']).to.equal('IfAvailable');
  });

  it('tells our user entries from those of others, whatever their names', () => {
    const plugin = { command: 'C:\\node.exe', argumentsBefore: ['C:\\infra\\main.js'], home: 'D:\\infra' };
    const ours = userEntry('infra:prod', { destination: 'dst_1', profile: 'h', plugin });
    expect(ownerOf(ours)).to.deep.equal({ destination: 'dst_1', profile: 'h' });
    expect(ownerOf({ ...ours, name: 'prod' })).to.equal(undefined);
    expect(ownerOf({ name: 'infra:prod', user: { token: 'mine' } })).to.equal(undefined);
    expect(ownerOf({ name: 'infra:prod', user: { exec: { command: 'aws', args: ['eks', 'get-token'] } } })).to.equal(undefined);
  });
});

describe('output', () => {
  const written = (format: Format, text: string): string => {
    let out = '';
    const stdout = { write: (chunk: string) => ((out += chunk), true), isTTY: true } as unknown as NodeJS.WriteStream;
    const output = createOutput({ stdout, stderr: stdout }, { format, quiet: false, verbose: false, color: false });
    output.list([{ text }], [{ text }], [{ title: 'TEXT', value: (row) => row.text }]);
    output.say(text);
    return out;
  };
  const nasty = [
    '\u001b[31mred\u001b[0m',
    '\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007',
    '\u009b31mC1',
    'two\nlines\r\n',
    'back\bspace\u007f',
    '\u202egnp.exe',
    'zero\u200bwidth',
    '\u2028line separator',
    '\u0000nul',
  ];
  for (const text of nasty)
    for (const format of ['table', 'json', 'yaml'] as const)
      it(`as ${format} holds no raw control or direction character of ${JSON.stringify(text)}`, () => {
        expect(written(format, text).replaceAll('\n', '')).to.not.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      });

  for (const text of [...nasty, 'plain', 'on', '1e3', 'ünïcode 日本', '- x: #'])
    it(`as JSON and YAML says the same: ${JSON.stringify(text)}`, () => {
      const last = (out: string): string => out.slice(0, out.lastIndexOf('\n', out.length - 2) + 1);
      expect(JSON.parse(last(written('json', text)))).to.deep.equal([{ text }]);
      expect(parse(last(written('yaml', text)))).to.deep.equal([{ text }]);
    });

  it('leaves ordinary text of any script alone', () => expect(safeText('José 日本 €')).to.equal('José 日本 €'));
});

describe('a credential', () => {
  for (const [life, left] of [
    ['an hour', [3_600_000, 120_000]],
    ['five minutes', [300_000, 45_000]],
    ['five seconds', [5_000, 750]],
  ] as const)
    it(`of ${life} is handed out until ${left[1] / 1000} s before its end`, () =>
      expect(1_000_000 + left[0] - handOutUntil(1_000_000, left[0])).to.equal(left[1]));
});
