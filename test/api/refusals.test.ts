/** Starts that are refused: one clear sentence that names the field and the remedy, an exit code, and nothing changed on disk. */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { api } from '../../shared/api/index.ts';
import { runProgram } from '../support/program.ts';
import { adminEmail, startServer, type RunningServer } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Everything under a directory: kind, mode and content. */
function snapshot(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    ['.', ...entries].map((name) => {
      const path = join(directory, name);
      const stat = lstatSync(path);
      const content = stat.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'directory';
      return [name, `${stat.mode.toString(8)} ${content}`];
    }),
  );
}

/** A home of its own with the data of an installation that ran and was stopped. */
interface Home {
  readonly directory: string;
  readonly dataDir: string;
  readonly keyFile: string;
}

interface Refusal {
  readonly what: string;
  readonly spoil?: (home: Home) => void;
  readonly flags?: (home: Home) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** In the sentence: the field, and what to do. */
  readonly says: readonly string[];
  readonly code: 1 | 2;
}

const sql = (home: Home, statement: string): void => {
  const database = new Sqlite(join(home.dataDir, 'infra.db'));
  database.exec(statement);
  database.close();
};
const configFile =
  (text: string) =>
  ({ directory }: Home): readonly string[] => {
    writeFileSync(join(directory, 'infra.yaml'), text);
    return [`--config=${join(directory, 'infra.yaml')}`];
  };
const flag = (text: string) => () => [text];

const states: readonly Refusal[] = [
  {
    what: 'a data directory that others can read',
    spoil: ({ dataDir }) => chmodSync(dataDir, 0o755),
    says: ['data directory', 'run: chmod 700 /'],
    code: 1,
  },
  {
    what: 'a data directory that is a file',
    flags: ({ keyFile }) => [`--data-dir=${keyFile}`],
    says: ['no directory', '--data-dir'],
    code: 1,
  },
  {
    what: 'a wrong root key',
    spoil: ({ keyFile }) => writeFileSync(keyFile, randomBytes(32)),
    says: ['root key', 'put back the right one', 'rootKeyFile'],
    code: 1,
  },
  { what: 'a cut root key', spoil: ({ keyFile }) => writeFileSync(keyFile, randomBytes(16)), says: ['root key', '16 bytes'], code: 1 },
  {
    what: 'a root key that others can read',
    spoil: ({ keyFile }) => chmodSync(keyFile, 0o640),
    says: ['root key', 'run: chmod 600 /'],
    code: 1,
  },
  { what: 'a missing root key', spoil: ({ keyFile }) => rmSync(keyFile), says: ['root key', 'is missing', 'rootKeyFile'], code: 1 },
  {
    what: 'a newer schema',
    spoil: (home) => sql(home, "UPDATE settings SET value = '9999' WHERE key = 'schema_version'"),
    says: ['schema 9999', 'start a version at least as new'],
    code: 1,
  },
  {
    what: 'a database that is none',
    spoil: ({ dataDir }) => writeFileSync(join(dataDir, 'infra.db'), 'no database at all '.repeat(100)),
    says: ['infra.db', 'cannot be used', 'infra-server restore'],
    code: 1,
  },
  { what: 'a moved trust domain', flags: flag('--trust-domain=elsewhere.example'), says: ['trustDomain', '"localhost"'], code: 1 },
  { what: 'a database that this version does not serve', flags: flag('--database-url=postgres://db'), says: ['databaseUrl'], code: 1 },
];

const settings: readonly Refusal[] = [
  { what: 'an unknown flag', flags: flag('--listn=127.0.0.1:1'), says: ['--listn', 'did you mean --listen?'], code: 2 },
  {
    what: 'an unknown variable',
    env: { INFRA_SERVER_PUBLIC_URI: 'https://x' },
    says: ['INFRA_SERVER_PUBLIC_URI', 'did you mean INFRA_SERVER_PUBLIC_URL?'],
    code: 2,
  },
  { what: 'an unknown key in the file', flags: configFile('session:\n  lifetme: 1h\n'), says: ['session.lifetime?'], code: 2 },
  { what: 'a file that is no YAML', flags: configFile('a: [1\n'), says: ['infra.yaml', 'cannot be read'], code: 2 },
  { what: 'a missing file', flags: flag('--config=/nowhere/infra.yaml'), says: ['/nowhere/infra.yaml'], code: 2 },
  { what: 'a flag without a value', flags: flag('--trust-domain'), says: ['--trust-domain', 'needs a value'], code: 2 },
  { what: 'a word that is no command', flags: flag('serve'), says: ['"serve"', '--help'], code: 2 },
  { what: 'listen without a port', flags: flag('--listen=localhost'), says: ['--listen', 'HOST:PORT'], code: 2 },
  { what: 'a public address without TLS', flags: flag('--public-url=http://x'), says: ['--public-url', 'https://'], code: 2 },
  { what: 'a trust domain like an address', flags: flag('--trust-domain=10.0.0.5'), says: ['--trust-domain', 'IP address'], code: 2 },
  { what: 'a lease of a minute', flags: flag('--lease-ttl=1m'), says: ['--lease-ttl', 'between 5m and 24h'], code: 2 },
  { what: 'a lease of a day and more', flags: flag('--lease-ttl=25h'), says: ['--lease-ttl', 'between 5m and 24h'], code: 2 },
  { what: 'a session for ever', flags: flag('--session-lifetime=365d'), says: ['--session-lifetime', 'between'], code: 2 },
  { what: 'proxies that are no networks', flags: flag('--trusted-proxies=10.0.0.1'), says: ['--trusted-proxies', '10.0.0.0/8'], code: 2 },
  { what: 'an admin without an email', flags: flag('--admin-email=root'), says: ['--admin-email', 'email'], code: 2 },
  { what: 'an unknown level', env: { INFRA_SERVER_LOG_LEVEL: 'loud' }, says: ['INFRA_SERVER_LOG_LEVEL', 'warn'], code: 2 },
  { what: 'a certificate without its key', flags: flag('--tls-cert=/x.pem'), says: ['--tls-cert, --tls-key', 'both'], code: 2 },
  {
    what: 'certificates that are not there',
    flags: flag('--tls-cert=/nowhere/x --tls-key=/nowhere/y'),
    says: ['tls.cert', '/nowhere/x'],
    code: 2,
  },
  {
    what: 'a certificate that is none',
    flags: ({ keyFile }) => [`--tls-cert=${keyFile}`, `--tls-key=${keyFile}`],
    says: ['tls.cert', 'tls.key', 'data.key'],
    code: 2,
  },
];

describe('the server refuses to start', function () {
  this.timeout(60_000);
  let server: RunningServer;
  before(async () => {
    server = await startServer();
    await server.stop();
  });
  after(async () => server.stop());

  const home = (): Home => {
    const directory = tempDir('infra-refused');
    const dataDir = join(directory, 'data');
    cpSync(server.dataDir, dataDir, { recursive: true, preserveTimestamps: true });
    chmodSync(dataDir, 0o700);
    cpSync(`${server.dataDir}.key`, `${dataDir}.key`);
    return { directory, dataDir, keyFile: `${dataDir}.key` };
  };
  const run = async ({ dataDir }: Pick<Home, 'dataDir'>, flags: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    runProgram({
      program: 'server',
      // Later flags win over earlier ones.
      args: [`--data-dir=${dataDir}`, '--listen=127.0.0.1:0', '--metrics-listen=127.0.0.1:0', ...flags],
      env,
    });

  for (const { what, spoil, flags, env, says, code } of [...states, ...settings]) {
    it(`with ${what}, and changes nothing`, async () => {
      const own = home();
      spoil?.(own);
      const given = (flags?.(own) ?? []).flatMap((text) => text.split(' '));
      const before = snapshot(own.directory);
      const result = await run(own, given, env);
      expect(result.code, result.stderr).to.equal(code);
      expect(result.stderr, 'one sentence').to.match(/^infra-server: [^\n]+\n$/);
      for (const words of says) expect(result.stderr).to.include(words);
      expect(snapshot(own.directory)).to.deep.equal(before);
    });
  }

  it('with several faults in its settings, naming them all at once', async () => {
    const { stderr } = await run(home(), ['--lease-ttl=soon', '--listen=x']);
    expect(stderr).to.include('--lease-ttl').and.to.include('--listen');
  });

  it('beside a server on the same data, which goes on serving', async () => {
    await server.start();
    const { code, stderr } = await run(server);
    expect(code).to.equal(1);
    expect(stderr).to.match(/^infra-server: another infra-server is running on this data directory .* dataDir\n$/);
    expect(await server.client()(api.server.info, {})).to.deep.equal(server.info);
    await server.stop();
  });

  for (const { what, content, says } of [
    { what: 'is missing', content: undefined, says: 'no such file' },
    { what: 'is weak', content: 'password1234', says: 'password' },
  ]) {
    it(`when the first admin's password ${what}, and takes the mended one at the next try`, async () => {
      const directory = tempDir('infra-refused');
      const dataDir = join(directory, 'data');
      const passwordFile = join(directory, 'password');
      if (content !== undefined) writeFileSync(passwordFile, content);
      const { code, stderr } = await run({ dataDir }, [`--admin-email=${adminEmail}`], { INFRA_SERVER_ADMIN_PASSWORD_FILE: passwordFile });
      expect(code).to.equal(2);
      expect(stderr)
        .to.match(/^infra-server: [^\n]+\n$/)
        .and.to.include('INFRA_SERVER_ADMIN_PASSWORD_FILE')
        .and.to.include(says);
      expect(existsSync(`${dataDir}.key`)).to.equal(false);
      const mended = await startServer({ dataDir });
      try {
        expect(mended.info.setupPending).to.equal(false);
        await mended.admin();
      } finally {
        await mended.stop();
      }
    });
  }
});
