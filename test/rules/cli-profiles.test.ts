/** Profiles: several servers and accounts side by side; adding one renames nothing (product law 8). */
import { expect } from 'chai';
import { contextName } from '../../cli/kubeconfig-entries.ts';
import { chooseProfile, isProfileName, parseServerUrl, withProfile, type Profile, type Profiles } from '../../cli/profiles.ts';

const none: Profiles = { current: undefined, profiles: [] };
let nextId = 0;
const add = (before: Profiles, server: string, name: string, id = `usr_${(nextId += 1)}`): { profiles: Profiles; result: Profile } =>
  withProfile(before, { server, account: { id, name }, trust: { kind: 'system' } });

function addAll(...accounts: readonly (readonly [server: string, name: string])[]): Profiles {
  return accounts.reduce((profiles, [server, name]) => add(profiles, server, name).profiles, none);
}

describe('profiles', () => {
  it('are named after the server, then the account, and never anew', () => {
    const profiles = addAll(
      ['https://infra.example.com', 'ana@example.com'],
      ['https://infra.example.com:8443', 'ana@example.com'],
      ['https://infra.example.com', 'bea@example.com'],
      ['https://infra.example.com', 'bea@other.example'],
      ['https://infra.example.com:8443', 'bea@example.com'],
      ['https://[::1]:8443', 'ana@example.com'],
    );
    expect(profiles.profiles.map(({ name }) => name)).to.deep.equal([
      'infra.example.com',
      'infra.example.com-8443',
      'infra.example.com-bea',
      'infra.example.com-bea-2',
      'infra.example.com-8443-bea',
      '1',
    ]);
    expect(profiles.profiles.map((profile) => contextName(profile, 'prod'))[0]).to.equal('infra:prod');
    expect(contextName(profiles.profiles[1]!, 'prod')).to.equal('infra:infra.example.com-8443:prod');
  });

  it('are found again by server and account, with their name and contexts, however the account’s id has changed', () => {
    const before = addAll(['https://a', 'ana@example.com'], ['https://b', 'ana@example.com']);
    const { profiles, result } = add(before, 'https://a', 'ana@example.com', 'usr_another');
    expect(result).to.include({ name: 'a', plainContexts: true });
    expect(result.account.id).to.equal('usr_another');
    expect(profiles.profiles).to.have.length(2);
    expect(profiles.current).to.equal('a');
  });

  it('get names that fit file names, shell arguments and context names, whatever the account is called', () => {
    let profiles = none;
    for (const name of ['a b$(c)', '../../etc@x.y', "o'brien@x.y", 'ÄÖ@x.y', '.', '-rf', 'x'.repeat(300), 'con', ''])
      profiles = add(profiles, 'https://h', name).profiles;
    const names = profiles.profiles.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const name of names) expect(isProfileName(name), name).to.equal(true);
  });

  it('are chosen by name, by URL, or as the current one', () => {
    const profiles = addAll(['https://a', 'ana@example.com'], ['https://b', 'ana@example.com'], ['https://b', 'bea@example.com']);
    expect(chooseProfile(profiles, undefined).name).to.equal('b-bea');
    expect(chooseProfile(profiles, 'a').server).to.equal('https://a');
    expect(chooseProfile(profiles, 'https://a/').name).to.equal('a');
    expect(chooseProfile(profiles, 'https://b').name, 'the current one of several').to.equal('b-bea');
    expect(() => chooseProfile({ ...profiles, current: 'a' }, 'https://b')).to.throw(/name one of: b, b-bea/);
    expect(() => chooseProfile(profiles, 'https://c')).to.throw(/infra login https:\/\/c/);
    expect(() => chooseProfile(none, undefined)).to.throw(/not logged in to any server; run: infra login SERVER/);
  });
});

describe('a server address', () => {
  for (const [typed, meant] of [
    ['infra.example.com', 'https://infra.example.com'],
    ['localhost:8443', 'https://localhost:8443'],
    ['https://Infra.Example.com:443/', 'https://infra.example.com'],
    ['[::1]:8443', 'https://[::1]:8443'],
  ] as const)
    it(`"${typed}" is ${meant}`, () => expect(parseServerUrl(typed)).to.equal(meant));

  for (const typed of [
    'http://infra.example.com',
    'https://user:secret@infra.example.com',
    'https://a/path',
    'https://a?x',
    '',
    'a b',
    'ftp://a',
  ])
    it(`"${typed}" is none`, () => expect(parseServerUrl(typed)).to.equal(undefined));
});
