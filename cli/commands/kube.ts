import type { CommandContext, CommandInput, CommandSpec } from '../command.ts';
import { provideCredential } from '../credential-plugin.ts';

/** Known to the parser for its help; `main.ts` sends calls of it a shorter way. */
export const kubeCommand: CommandSpec = {
  words: 'kube credential',
  summary: 'credential plugin for kubectl (client.authentication.k8s.io/v1); kubeconfig calls it, people do not',
  hidden: true,
  options: [
    { flags: '--destination <id>', help: 'the destination', required: true },
    { flags: '--profile <name>', help: 'server and account; without it, the current profile' },
  ],
  run: async ({ home, output, userAgent }: CommandContext, input: CommandInput) => {
    const profile = input.optional('profile');
    const args = ['--destination', input.text('destination'), ...(profile === undefined ? [] : ['--profile', profile])];
    const warn = (sentence: string): void => output.warn(`infra: ${sentence}`);
    output.raw(`${await provideCredential({ home, arguments: args, userAgent: () => userAgent, warn })}\n`);
  },
};
