/** The program as a person meets it before any server: help, mistakes, version, completion. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { newTerminal } from '../support/infra.ts';
import { runProgram } from '../support/program.ts';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from '../support/temp-dir.ts';

describe('infra', () => {
  const terminal = newTerminal();

  for (const [args, words] of [
    [['lst'], '"lst" is no command; did you mean: infra list'],
    [['user', 'list'], '"user" is no command; did you mean: infra use'],
    [['grants', 'ad', 'x'], '"ad" is no command; did you mean: infra grants add'],
    [['quarterly'], '"quarterly" is no command; see: infra --help'],
    [['list', '--fromat', 'json'], "unknown option '--fromat'; did you mean --format?"],
    [['list', '--format', 'xml'], 'table, json, yaml'],
    [['grants', 'add', 'a@b.c', 'prod'], '--role'],
    [['use'], "missing required argument 'destination'"],
    [['use', 'a', 'b'], 'too many arguments'],
    [['completion', 'tcsh'], 'there is no completion for "tcsh"; give bash, zsh or fish'],
    [['login'], 'which server? run: infra login SERVER'],
    [['leases', 'show', 'x\u001b[31m'], 'not logged in to any server'],
  ] as const)
    it(`says what was wrong with: infra ${JSON.stringify(args.join(' '))}`, async () => {
      const { code, stdout, stderr } = await terminal.infra(args);
      expect(stdout).to.equal('');
      expect(stderr)
        .to.match(/^infra: /)
        .and.to.include(words);
      expect(stderr.trim().split('\n')).to.have.length(1);
      expect(code).to.equal(words.startsWith('not logged in') ? 3 : 2);
    });

  it('tells its version and commit', async () => {
    const [word, flag] = await Promise.all([terminal.infra(['version']), terminal.infra(['--version'])]);
    expect(word.stdout).to.match(/^infra \d+\.\d+\.\d+ \([0-9a-f]{12}\)\n$/);
    expect(word.stdout).to.equal(`infra ${flag.stdout}`);
    expect(JSON.parse((await terminal.infra(['version', '--format', 'json'])).stdout)).to.have.keys('version', 'commit');
  });

  it('helps, and hides what is not for people', async () => {
    const { code, stdout } = await terminal.infra(['--help']);
    expect(code).to.equal(0);
    for (const word of ['login', 'list|ls', 'grants', 'revoke', '--server', '--format']) expect(stdout).to.include(word);
    expect(stdout).to.not.match(/^ +kube /m);
    expect((await terminal.infra(['kube', 'credential', '--help'])).stdout).to.include('--destination');
    expect((await terminal.infra(['grants', 'add', '--help'])).stdout)
      .to.include('Examples:')
      .and.to.include('--format');
  });

  it('shows help and exits 2 when nothing was asked for', async () => {
    for (const args of [[], ['users']]) {
      const { code, stderr } = await terminal.infra(args);
      expect(code).to.equal(2);
      expect(stderr).to.include('Usage: infra');
    }
  });

  it('leaves no trace of itself where nothing was asked to be kept', async () => {
    const fresh = newTerminal();
    await fresh.infra(['version']);
    await fresh.infra(['list']);
    expect(existsSync(fresh.home)).to.equal(false);
  });

  it('reads its settings from the environment, too', async () => {
    const env = { ...terminal.env, INFRA_FORMAT: 'json' };
    expect(JSON.parse((await runProgram({ program: 'cli', args: ['version'], env })).stdout)).to.have.keys('version', 'commit');
    const chosen = await runProgram({
      program: 'cli',
      args: ['whoami'],
      env: { ...terminal.env, INFRA_SERVER: 'https://elsewhere.example' },
    });
    expect(chosen.stderr).to.include('not logged in to https://elsewhere.example');
  });

  it('is no failure when whoever reads has read enough', () => {
    const command = `"${process.execPath}" dist/cli/main.js completion bash | head -n 1`;
    const { stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], { encoding: 'utf8' });
    expect(stderr).to.equal('');
  });

  it('completes commands and options in bash', async () => {
    const script = join(tempDir('infra-completion'), 'infra.bash');
    writeFileSync(script, (await terminal.infra(['completion', 'bash'])).stdout);
    const complete = (...words: readonly string[]): string[] => {
      const run = `source '${script}'; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _infra; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync('bash', ['-c', run], { encoding: 'utf8' }).stdout.trim().split('\n');
    };
    expect(complete('infra', 'lo')).to.deep.equal(['login', 'logout']);
    expect(complete('infra', 'grants', '')).to.deep.equal(['add', 'list', 'show', 'change', 'remove']);
    expect(complete('infra', '--quiet', 'grants', 'add', 'ana@example.com', '--ro')).to.deep.equal(['--role']);
  });

  for (const shell of ['zsh', 'fish'])
    it(`has a completion script for ${shell}`, async () => {
      const { code, stdout } = await terminal.infra(['completion', shell]);
      expect(code).to.equal(0);
      expect(stdout).to.include('grants').and.to.not.include('undefined');
    });
});
