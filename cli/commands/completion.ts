/** Completion scripts for shells, made from the commands themselves. */
import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { CliError } from '../failure.ts';

export function completionCommand(commands: () => readonly CommandSpec[]): CommandSpec {
  return {
    words: 'completion',
    summary: 'print a completion script',
    arguments: [['<shell>', 'bash, zsh or fish']],
    examples: ['source <(infra completion bash)', 'infra completion fish > ~/.config/fish/completions/infra.fish'],
    run: async ({ output }: CommandContext, input: CommandInput) => {
      const shell = input.text('shell');
      if (shell !== 'bash' && shell !== 'zsh' && shell !== 'fish')
        throw new CliError('wrongUse', `there is no completion for "${shell}"; give bash, zsh or fish`);
      output.raw({ bash, zsh, fish }[shell](wordsAfter(commands())));
    },
  };
}

interface Following {
  /** Empty for the program itself. */
  readonly before: string;
  readonly words: readonly string[];
}

const globalFlags = ['--server', '--format', '--quiet', '--no-color', '--verbose', '--help'];

/** What may follow each command: its subcommands, or its options. */
function wordsAfter(commands: readonly CommandSpec[]): Following[] {
  const following = new Map<string, Set<string>>();
  const add = (before: string, word: string): void =>
    void (following.get(before) ?? following.set(before, new Set()).get(before))?.add(word);
  for (const { words, options = [], hidden } of commands) {
    if (hidden === true) continue;
    const [first = '', second] = words.split(' ');
    add('', first);
    if (second !== undefined) add(first, second);
    for (const flag of [...options.map((option) => option.flags.split(' ')[0] ?? ''), ...globalFlags]) add(words, flag);
  }
  return [...following].map(([before, words]) => ({ before, words: [...words] }));
}

function bash(following: readonly Following[]): string {
  const cases = following.map(({ before, words }) => `    '${before}') words='${words.join(' ')}' ;;`).join('\n');
  return `_infra() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case "$path" in
${cases.replaceAll(/^/gm, '  ')}
    esac
    [ -n "$words" ] && break
    case "$path" in *' '*) path="\${path% *}" ;; *) break ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _infra infra
`;
}

function zsh(following: readonly Following[]): string {
  return `#compdef infra\nautoload -U +X bashcompinit && bashcompinit\n${bash(following)}`;
}

function fish(following: readonly Following[]): string {
  const lines = following.flatMap(({ before, words }) => {
    const condition =
      before === ''
        ? '__fish_use_subcommand'
        : before
            .split(' ')
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join('; and ');
    return words.map((word) =>
      word.startsWith('--')
        ? `complete -c infra -n '${condition}' -l ${word.slice(2)}`
        : `complete -c infra -f -n '${condition}' -a ${word}`,
    );
  });
  return `${lines.join('\n')}\n`;
}
